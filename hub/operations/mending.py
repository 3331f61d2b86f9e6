"""`retry`, `skip`, `replay` and `batches`: preview, ask, freeze, work through, report."""

from collections.abc import Awaitable, Callable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import msgspec

from domain.batch import BARRED
from hub.app import open_hub
from hub.operations.batches import BatchView, batches, cancel, freeze, results, run, view
from hub.operations.batches_then import batches_then, results_then, view_then
from hub.operations.choosing import Action, Choice, Member, Preview, choose, preview
from hub.operations.failures import LIMIT, Page
from hub.report import ExitStatus, Progress, Report
from hub.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console

Agree = Callable[[Preview], Awaitable[bool]]
"""Shows a preview to whoever gives consent."""


async def act(
    settings: Settings,
    action: Action,
    choice: Choice,
    *,
    reason: str,
    actor: str,
    agree: Agree | None,
    progress: Progress,
) -> Report:
    """Preview, ask, freeze, work through. Without `agree` nobody can be asked, and the preview alone is given."""
    async with open_hub(settings) as hub:
        members = await choose(hub, action, choice)
        shown = await preview(hub, action, members)
        if agree is None:
            return _refused(shown)
        if members and not await agree(shown):
            return _report(shown, [])
        done = [
            await run(
                hub,
                await freeze(hub, action, list(own), choice, reason=reason, actor=actor),
                actor=actor,
                progress=progress,
            )
            for _, own in groupby(sorted(members, key=_connection), key=_connection)
        ]
    return _report(shown, done)


async def look(
    settings: Settings, *, batch: str | None, connection: str | None, then: str, actor: str, progress: Progress
) -> Report:
    """All batches, or one of them with its results; `then` is resume, cancel or nothing."""
    async with open_hub(settings) as hub:
        await hub.projector.catch_up()
        if batch is None:
            listed = await batches(hub, connection or "")
            return _listed(listed)
        if then == "resume":
            await run(hub, batch, actor=actor, progress=progress)
        elif then == "cancel":
            await cancel(hub, batch, actor=actor)
        found = await view(hub, batch)
        left = await results(hub, batch, BARRED)
    return _one(found, left, _status([found]))


async def look_back(
    settings: Settings,
    *,
    batch: str | None,
    connection: str | None,
    asof: str,
    progress: Progress,  # noqa: ARG001 - quick
) -> Report:
    """The command `batches` with `--asof`: all of them, or one with its results, as they were then."""
    async with open_hub(settings) as hub:
        if batch is None:
            return _listed((await batches_then(hub, "", LIMIT, asof, (connection,) if connection else None))[0])
        found, _ = await view_then(hub, batch, asof)
        left, _ = await results_then(hub, batch, BARRED, asof=asof)
    return _one(found, left, ExitStatus.DONE)


def _one(found: BatchView, left: Page, status: ExitStatus) -> Report:
    document = {**msgspec.to_builtins(found), "barred_records": msgspec.to_builtins(left.items)}

    def render(console: "Console") -> None:
        _say(console, found)
        for each in left.items:
            console.print(f"  {each.flow}  {each.number}: {each.why}", markup=False, soft_wrap=True)

    return Report(document, status, render)


def _connection(member: Member) -> str:
    return member.connection


def _refused(shown: Preview) -> Report:
    message = "Nothing was done: this is what would be touched. Repeat it with --yes to do it."
    document = {
        "preview": msgspec.to_builtins(shown),
        "error": {"status": int(ExitStatus.WRONG_USE), "message": message},
    }

    def render(console: "Console") -> None:
        say_preview(console, shown)
        console.print(message, markup=False)

    return Report(document, ExitStatus.WRONG_USE, render)


def _report(shown: Preview, done: Sequence[BatchView]) -> Report:
    document = {"preview": msgspec.to_builtins(shown), "batches": msgspec.to_builtins(list(done))}

    def render(console: "Console") -> None:
        for each in done:
            _say(console, each)
        if not done:
            console.print(
                "Nothing was done." if shown.total else f"Nothing fits, so there is nothing to {shown.action}."
            )
        elif shown.action != "skip":
            console.print("The next round carries it: `siteledger sync`.")

    return Report(document, _status(done), render)


def _listed(page: Page) -> Report:
    document = {"items": msgspec.to_builtins(page.items), "next_cursor": page.next_cursor}

    def render(console: "Console") -> None:
        for each in page.items:
            _say(console, each)
        if not page.items:
            console.print("No batches so far.")

    return Report(document, ExitStatus.DONE, render)


def _status(done: Sequence[BatchView]) -> ExitStatus:
    return ExitStatus.NEEDS_PERSON if any(each.barred for each in done) else ExitStatus.DONE


def say_preview(console: "Console", shown: Preview) -> None:
    """What would be touched, by cause."""
    console.print(f"{shown.action}: {shown.total} records", markup=False)
    for cause in shown.causes:
        helps = " (a retry alone does not help)" if shown.action == "retry" and cause.helps == "never" else ""
        console.print(f"  {cause.records:>6}  {cause.cause or '-'}  {cause.title}{helps}", markup=False, soft_wrap=True)


def _say(console: "Console", each: BatchView) -> None:
    console.print(
        f"{each.batch}  {each.action} of {each.total} records by {each.actor}, {each.state}: {each.reason}",
        markup=False,
        soft_wrap=True,
    )
    console.print(
        f"  {each.done} done, {each.fine} fine already, {each.barred} barred, {each.remaining} remaining; of those done"
        f" {each.succeeded} went well, {each.failed_again} failed again, {each.under_way} are under way",
        markup=False,
        soft_wrap=True,
    )
    for cause, count in each.again.items():
        console.print(f"    {count} failed again: {cause}", markup=False, soft_wrap=True)
