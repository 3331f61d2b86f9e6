"""`approvals`, `approve`, `decline`, `retrieve`, `resend`: the accounting gate on the command line."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from domain.approval import Deed
from hub.app import open_hub
from hub.operations.approvals import ApprovalFilter, Page, Review, listed, review
from hub.operations.approving import decide_all, decide_many, status_of
from hub.operations.lists_then import approvals_then
from hub.report import ExitStatus, Halted, Progress, Report
from hub.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console

_DAY, _HOUR, _MINUTE = 86_400, 3600, 60


async def approvals(
    settings: Settings,
    *,
    wanted: ApprovalFilter,
    cursor: str,
    limit: int,
    asof: str = "",
    progress: Progress,  # noqa: ARG001 - quick
) -> Report:
    """What waits to be accepted, and what became of it, the oldest first; with `asof` as it was then."""
    async with open_hub(settings) as hub:
        if asof:
            page, _ = await approvals_then(hub, wanted, cursor, limit, asof)
        else:
            page = await listed(hub, wanted, cursor, limit)
    document: dict[str, Any] = msgspec.to_builtins(page)
    return Report(document, ExitStatus.DONE, lambda console: _render_page(console, page))


async def reviewed(settings: Settings, *, identifier: str, actor: str, progress: Progress) -> Report:  # noqa: ARG001 - quick
    """One request, whole: what exactly would be sent, and what differs from before."""
    async with open_hub(settings) as hub:
        found = await review(hub, identifier, actor)
    return Report(msgspec.to_builtins(found), ExitStatus.DONE, lambda console: _render_review(console, found))


async def decided(
    settings: Settings,
    *,
    deed: Deed,
    identifiers: Sequence[str],
    hashes: Sequence[str],
    every: ApprovalFilter | None,
    comment: str,
    actor: str,
    progress: Progress,  # noqa: ARG001 - quick
) -> Report:
    """One answer to some requests, or to everything that a filter finds now."""
    if hashes and len(hashes) != len(identifiers):
        raise Halted("Give --hash once for each ID, in the same order, or not at all.", ExitStatus.WRONG_USE)
    if bool(identifiers) == (every is not None):
        raise Halted("Name the requests by their ids, or take --all with --flow.", ExitStatus.WRONG_USE)
    async with open_hub(settings) as hub:
        if every is not None:
            answers = await decide_all(hub, deed, every, actor=actor, comment=comment)
        else:
            chosen = list(zip(identifiers, hashes or [""] * len(identifiers), strict=True))
            answers = await decide_many(hub, deed, chosen, actor=actor, comment=comment)
    document = {"answers": msgspec.to_builtins(answers), "done": sum(answer.done for answer in answers)}

    def render(console: "Console") -> None:
        for answer in answers:
            console.print(f"{answer.number}: {answer.message}", markup=False, soft_wrap=True)
        if not answers:
            console.print("nothing waits for that")

    return Report(document, status_of(answers), render)


def _render_page(console: "Console", page: Page) -> None:
    for item in page.items:
        amount = f"  {item.amount}" if item.amount else ""
        console.print(
            f"{item.state:<9}  {item.number}  {item.project}{amount}  asked {_age(item.age_seconds)} ago by"
            f" {item.requested_by}  {item.id}",
            markup=False,
            soft_wrap=True,
        )
        for words in (item.why, item.comment and f"{item.decided_by or item.requested_by}: {item.comment}", item.error):
            if words:
                console.print(f"    {words}", markup=False, soft_wrap=True)
    if not page.items:
        console.print("nothing waits for that")
    if page.next_cursor is not None:
        console.print(f"more: --cursor {page.next_cursor}", markup=False)


def _render_review(console: "Console", found: Review) -> None:
    request = found.request
    console.print(f"{request.kind} {request.number} {request.title}".strip(), style="bold", markup=False)
    console.print(f"  {request.flow}: {request.state}", markup=False, soft_wrap=True)
    console.print(f"  hash {request.hash}", markup=False, soft_wrap=True)
    for name, value in found.document.header.items():
        if value not in ("", None):
            console.print(f"  {name}: {value}", markup=False, soft_wrap=True)
    for line in found.document.sent:
        fields = ", ".join(f"{name} {value}" for name, value in line.items() if name not in ("part", "endpoint"))
        console.print(f"  {line['endpoint']}: {fields or 'removed'}", markup=False, soft_wrap=True)
    if found.document.total:
        console.print(f"  total {found.document.total}", markup=False)
    for each in found.differences:
        console.print(f"  changed {each['field']}: {each['before']} -> {each['now']}", markup=False, soft_wrap=True)
    for remark in found.story:
        words = f": {remark.comment}" if remark.comment else ""
        console.print(f"  {remark.at[:19]}  {remark.deed} by {remark.actor}{words}", markup=False, soft_wrap=True)


def _age(seconds: int) -> str:
    for size, word in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= size:
            return f"{seconds // size} {word}"
    return f"{seconds} s"
