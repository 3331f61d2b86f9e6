"""Webhooks of Procore: hooks, their triggers, what can be asked for, and what became of deliveries.

Source  Procore guide 19 (N1 to N20); the v2.0 operations, as the older ones are deprecated (N2).
"""

import re
from collections.abc import AsyncIterator, Generator, Iterable, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Literal

from adapters.outbound.answers import Answer, Call, address, fill, write_json
from adapters.outbound.caller import Caller
from adapters.outbound.endpoint import check_address, check_secret
from adapters.outbound.secrets import Secret
from adapters.procore.hook_rows import (
    DeliveredEvent,
    Hook,
    Offer,
    RefusedTrigger,
    Trigger,
    Triggers,
    Wanted,
    delivered,
    entity_of,
    failures,
    hook_of,
    needed,
    offers_of,
    trigger_of,
)
from adapters.procore.reading import Reader
from adapters.procore.settings import ProcoreSettings
from domain.errors import Misconfigured, NeedsDecision
from domain.values import Json

PayloadVersion = Literal["v2.0", "v3.0", "v4.0"]
Status = Literal["succeeded", "failed", "discarded", "enqueued", "retrying"]
"""What deliveries can be asked for; answers say `delivered` where the filter says `succeeded` (N18)."""

COMPANY = "/rest/v2.0/companies/{company_id}/webhooks"
PROJECT = "/rest/v2.0/companies/{company_id}/projects/{project_id}/webhooks"
MOST_TRIGGERS = 500
"""Triggers of one bulk call (N5), which hooks of projects do not have."""
PERMISSION = "Give the service account the permission 'Webhooks API: Standard' in Procore (guide A14)."
_NAMESPACE = re.compile(r"[a-z0-9-]{1,100}\Z")  # N6
_REFUSED = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY})
_DAY = timedelta(days=1)


class Hooks:
    """The webhooks of one company, in its own scope and in that of its projects.

    Every method raises RetryLater, Misconfigured (the permission of guide A14 among them), NeedsDecision, Unreadable.
    A write that raises RetryLater with `outcome_unknown`, or Unreadable, may have taken effect: list before repeating.
    `project_id` empty means the company.
    """

    def __init__(self, settings: ProcoreSettings, caller: Caller, reader: Reader) -> None:
        self._settings = settings
        self._caller = caller
        self._reader = reader

    async def all(self, namespace: str, project_id: str = "") -> list[Hook]:
        """The hooks of a namespace; other applications' hooks have others (N6)."""
        query = (("namespace", _namespace(namespace)), ("include_trigger_count", "true"))
        rows = await self._rows("/hooks", project_id, query)
        return [found for row in rows if (found := hook_of(row, project_id)) is not None]

    async def create(
        self,
        url: str,
        namespace: str,
        token: Secret,
        *,
        project_id: str = "",
        payload_version: PayloadVersion = "v2.0",
    ) -> Hook:
        """A hook without triggers, that sends `Authorization: Bearer {token}` with every delivery (N3, N7)."""
        body: Json = {
            "payload_version": payload_version,
            "namespace": _namespace(namespace),
            "destination_url": check_address(url),
            "destination_headers": self._headers(token),
        }
        answer = await self._write("POST", "/hooks", project_id, body=body)
        return needed(answer, hook_of(entity_of(answer), project_id))

    async def update(
        self,
        hook_id: str,
        *,
        project_id: str = "",
        url: str = "",
        token: Secret | None = None,
        payload_version: PayloadVersion | None = None,
        active: bool | None = None,
    ) -> Hook | None:
        """The hook with what is given changed; None when it is gone, or no longer visible.

        `active` can be set for hooks of the company alone: those of projects have no such field.
        """
        body: Json = {}
        if url:
            body["destination_url"] = check_address(url)
        if token is not None:
            body["destination_headers"] = self._headers(token)
        if payload_version is not None:
            body["payload_version"] = payload_version
        if active is not None:
            if project_id:
                message = "Procore has no status for the hook of a project"
                raise ValueError(message)
            body["status"] = "active" if active else "disabled"
        try:
            answer = await self._write("PATCH", "/hooks/{id}", project_id, body=body, id=hook_id)
        except NeedsDecision as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise
        return needed(answer, hook_of(entity_of(answer), project_id))

    async def delete(self, hook_id: str, project_id: str = "") -> bool:
        """Remove a hook with its triggers; false when it was gone already, or is no longer visible."""
        return await self._remove("/hooks/{id}", project_id, id=hook_id)

    async def triggers(self, hook_id: str, project_id: str = "") -> list[Trigger]:
        """What a hook tells about."""
        rows = await self._rows("/hooks/{hook_id}/triggers", project_id, hook_id=hook_id)
        return [found for row in rows if (found := trigger_of(row)) is not None]

    async def add_triggers(self, hook_id: str, wanted: Iterable[Wanted], project_id: str = "") -> Triggers:
        """Add those that are missing, so that a repeat does no harm; one that is refused holds up no other."""
        present = await self.triggers(hook_id, project_id)
        have = {_name(it.wanted) for it in present}
        missing = [it for it in dict.fromkeys(wanted) if _name(it) not in have]
        if not missing:
            return Triggers(tuple(present))
        if project_id:
            words = await self._one_by_one(hook_id, missing, project_id)
        else:
            words = await self._in_bulk(hook_id, missing)
        present = await self.triggers(hook_id, project_id)
        have = {_name(it.wanted) for it in present}
        refused = [
            RefusedTrigger(it, words.get(_name(it), "") or "Procore gives no reason")
            for it in missing
            if _name(it) not in have
        ]
        return Triggers(tuple(present), tuple(refused))

    async def remove_trigger(self, hook_id: str, trigger_id: str, project_id: str = "") -> bool:
        """Stop telling; false when it was gone already."""
        return await self._remove("/hooks/{hook_id}/triggers/{id}", project_id, hook_id=hook_id, id=trigger_id)

    async def offers(self, project_id: str = "", payload_version: PayloadVersion = "v2.0") -> list[Offer]:
        """What can be asked for, as it is today; a frozen list is not to be trusted (N20)."""
        rows = await self._rows("/resources", project_id, (("payload_version", payload_version),))
        return offers_of(rows)

    async def deliveries(
        self, hook_id: str, since: datetime, status: Status = "discarded", project_id: str = ""
    ) -> AsyncIterator[Sequence[DeliveredEvent]]:
        """What was sent since a moment, page by page; an event may come twice. Those without a time come always.

        Procore takes days only, in a time zone that nobody names: a day more is asked for, and what is too early left
        out here.
        """
        query = (("filter[status]", status), ("filter[start]", (since.astimezone(UTC) - _DAY).date().isoformat()))
        template = self._template("/hooks/{hook_id}/deliveries", project_id)
        path = fill(template, self._names(project_id, hook_id=hook_id))
        with _permission():
            async for rows in self._reader.page_by_page(path, query, template=template):
                page = [delivered(row) for row in rows]
                yield [it for it in page if it.notice is None or it.notice.at is None or it.notice.at >= since]

    # -- calls -------------------------------------------------------------------------------------

    async def _in_bulk(self, hook_id: str, wanted: Sequence[Wanted]) -> dict[tuple[str, str], str]:
        """Words on those that were refused, as far as the answer tells."""
        words: dict[tuple[str, str], str] = {}
        for start in range(0, len(wanted), MOST_TRIGGERS):
            part = wanted[start : start + MOST_TRIGGERS]
            try:
                answer = await self._write(
                    "POST", "/hooks/{hook_id}/triggers/bulk", "", body=[_sent(it) for it in part], hook_id=hook_id
                )
            except NeedsDecision as error:
                if error.status not in _REFUSED:
                    raise
                # All of them were refused, which says nothing about each: the single calls do.
                words |= await self._one_by_one(hook_id, part, "")
                continue
            words |= failures(answer)
        return words

    async def _one_by_one(self, hook_id: str, wanted: Sequence[Wanted], project_id: str) -> dict[tuple[str, str], str]:
        words: dict[tuple[str, str], str] = {}
        for it in wanted:
            try:
                await self._write("POST", "/hooks/{hook_id}/triggers", project_id, body=_sent(it), hook_id=hook_id)
            except NeedsDecision as error:
                if error.status not in _REFUSED:
                    raise
                words[_name(it)] = str(error)
        return words

    async def _rows(
        self, below: str, project_id: str, query: Sequence[tuple[str, str]] = (), **names: str
    ) -> Sequence[Json]:
        template = self._template(below, project_id)
        path = fill(template, self._names(project_id, **names))
        with _permission():
            rows, _ = await self._reader.pages(path, query, "", paged=True, template=template)
        return rows

    async def _remove(self, below: str, project_id: str, **names: str) -> bool:
        try:
            await self._write("DELETE", below, project_id, **names)
        except NeedsDecision as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return False
            raise
        return True

    async def _write(self, method: str, below: str, project_id: str, *, body: object = None, **names: str) -> Answer:
        template = self._template(below, project_id)
        path = fill(template, self._names(project_id, **names))
        headers = self._settings.headers()
        if body is not None:
            headers["Content-Type"] = "application/json"
        call = Call(
            method=method,
            url=address(self._settings.api_url, path),
            kind=f"{method} {template}",
            headers=headers,
            body=None if body is None else write_json(body),
            write=True,
        )
        with _permission():
            return await self._caller.ask(call)

    def _headers(self, token: Secret) -> Json:
        self._caller.hide(check_secret(token))
        return {"Authorization": f"Bearer {token.reveal()}"}

    def _names(self, project_id: str, **names: str) -> dict[str, str]:
        return {"company_id": self._settings.company_id, "project_id": project_id, **names}

    def _template(self, below: str, project_id: str) -> str:
        return f"{PROJECT if project_id else COMPANY}{below}"


@contextmanager
def _permission() -> Generator[None]:
    """A 403 here means the account lacks one certain right, so whoever runs the hub can be told which."""
    try:
        yield
    except NeedsDecision as error:
        if error.status != HTTPStatus.FORBIDDEN:
            raise
        message = f"{error}. {PERMISSION}"
        raise Misconfigured(message) from error


def _namespace(name: str) -> str:
    if not _NAMESPACE.match(name):
        message = f"a webhook namespace has small letters, digits and hyphens only, not {name!r}"
        raise ValueError(message)
    return name


def _sent(wanted: Wanted) -> Json:
    return {"resource_name": wanted.resource, "event_type": wanted.event}  # lower case on input (N4)


def _name(wanted: Wanted) -> tuple[str, str]:
    return wanted.resource.casefold(), wanted.event
