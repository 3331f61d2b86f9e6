"""What the commands of the group `mappings` do, and how they say it."""

import tomllib
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import msgspec

from domain.values import read_json
from hub.app import open_hub
from hub.operations import mappings
from hub.operations.link import only_connection
from hub.operations.mappings import Version
from hub.operations.trying_maps import try_draft
from hub.operations.whatif import value_of, what_if
from hub.planning.trial import Change
from hub.records import canonical_json
from hub.report import ExitStatus, Halted, Report
from hub.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console

MOST_SHOWN = 40
LARGEST = 8 * 1024 * 1024
"""Bytes of maps; twenty thousand codes have one."""


async def show(settings: Settings, *, connection: str | None) -> Report:
    """`mappings show`."""
    async with open_hub(settings) as hub:
        found = await mappings.shown(hub, only_connection(hub, connection))
    lines = [f"{found.connection}: version {found.in_force} is in force"]
    if found.newest != found.in_force:
        lines.append(f"version {found.newest} is published; the next round takes it")
    lines += [f"{each.path} = {_value(each.now)}" for each in mappings.between({}, found.maps)]
    lines += [
        f"draft {each.draft} by {each.actor} on version {each.base}{_note(each.note)}: not published"
        for each in found.drafts
    ]
    return _report(found, lines)


async def versions(settings: Settings, *, connection: str | None) -> Report:
    """`mappings versions`."""
    async with open_hub(settings) as hub:
        page = await mappings.versions(hub, only_connection(hub, connection), limit=mappings.MOST)
    return _report(page, [_told(each) for each in page.items] or ["no maps were ever published"])


async def draft(settings: Settings, *, file: Path, connection: str | None, note: str, actor: str) -> Report:
    """`mappings draft`."""
    document = await written(file)
    async with open_hub(settings) as hub:
        found = await mappings.draft(hub, only_connection(hub, connection), document, actor=actor, note=note)
    return _report(found, [f"draft {found.draft} on version {found.base}; publish it to have it taken"])


async def try_out(settings: Settings, *, draft: str, last: int) -> Report:
    """`mappings test`."""
    if last < 0:
        raise Halted("--last is a number of records, or 0 for every one.", ExitStatus.WRONG_USE)
    async with open_hub(settings) as hub:
        found = await try_draft(hub, draft, last=last)
    lines = [f"{found.changed} of {found.examined} records would be read differently"]
    for each in found.readings[:MOST_SHOWN]:
        changes = [f"{one['field']} {_value(one['before'])} -> {_value(one['now'])}" for one in each.fields]
        lines.append(f"{each.entity_set} {each.number}: {'; '.join([*changes, *each.unmapped])}")
    lines += outcomes_in_words(found.outcomes[:MOST_SHOWN])
    lines += [f"{name} is read anew by the next round: rows may count that nobody knows yet" for name in found.reread]
    lines += [f"undecided: {words}" for words in found.unread]
    return _report(found, lines)


def outcomes_in_words(changes: Sequence[Change]) -> list[str]:
    """What records come to, a line for each."""
    told: list[str] = []
    for each in changes:
        writes = ", ".join(f"{one['part']} {_value(one['body'])}" for one in each.after.writes)
        why = f" ({'; '.join(each.after.reasons)})" if each.after.reasons else ""
        states = f"{each.before.state or 'none'} -> {each.after.state or 'none'}{why}"
        told.append(f"{each.flow} {each.number}: {states}" + (f", would write {writes}" if writes else ""))
    return told


async def publish(settings: Settings, *, draft: str, connection: str | None, note: str, actor: str) -> Report:
    """`mappings publish`."""
    async with open_hub(settings) as hub:
        name = only_connection(hub, connection)
        found = await mappings.publish(hub, name, draft, actor=actor, note=note)
    return _report(found, [_told(found)])


async def revert(settings: Settings, *, to: int, connection: str | None, note: str, actor: str) -> Report:
    """`mappings revert`."""
    async with open_hub(settings) as hub:
        found = await mappings.revert(hub, only_connection(hub, connection), to, actor=actor, note=note)
    return _report(found, [_told(found)])


async def diff(settings: Settings, *, before: int, now: int, connection: str | None) -> Report:
    """`mappings diff`."""
    async with open_hub(settings) as hub:
        found = await mappings.diff(hub, only_connection(hub, connection), before, now)
    lines = [f"{each.path}: {_value(each.before)} -> {_value(each.now)}" for each in found]
    return _report({"before": before, "now": now, "differences": found}, lines or ["they say the same"])


async def suppose(
    settings: Settings,
    *,
    connection: str | None,
    mapping: Path | None,
    given: Mapping[str, str],
    project: str,
    since: datetime | None,
    asks: bool,
) -> Report:
    """`whatif`."""
    maps = None if mapping is None else await written(mapping)
    async with open_hub(settings) as hub:
        found = await what_if(
            hub,
            only_connection(hub, connection),
            maps=maps,
            settings={key: value_of(value) for key, value in given.items()},
            project=project,
            since=since,
            asks=asks,
        )
    lines = [f"{found.differing} records would come to something else"]
    lines += [f"{flow}: {words}: {count}" for flow, each in found.counts.items() for words, count in each.items()]
    lines += outcomes_in_words(found.changes[:MOST_SHOWN])
    lines += [f"undecided on both sides: {words}; --ask reads it" for words in found.unread]
    return _report(found, lines)


async def written(file: Path) -> Any:
    """The document in a file: TOML, or JSON by the ending of its name.

    Raises  Halted (2) when it can't be read.
    """
    try:
        data = await anyio.Path(file).read_bytes()
        if len(data) > LARGEST:
            raise Halted(f"{file} has {len(data)} bytes; at most {LARGEST} are read", ExitStatus.WRONG_USE)
        if file.suffix == ".json":
            return read_json(data)
        return tomllib.loads(data.decode(), parse_float=Decimal)
    except OSError as error:
        raise Halted(f"{file} cannot be read: {error.strerror}", ExitStatus.WRONG_USE) from error
    except (tomllib.TOMLDecodeError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Halted(f"{file} cannot be read: {error}", ExitStatus.WRONG_USE) from error


def _told(version: Version) -> str:
    how = f"version {version.reverts_to} once more" if version.source == "revert" else f"from a {version.source}"
    taken = f"in force since {version.taken_at[:19]}" if version.taken_from else "the next round takes it"
    return f"{version.mapping}: {how}, {version.at[:19]} by {version.actor}{_note(version.note)}; {taken}"


def _note(note: str) -> str:
    return f" ({note})" if note else ""


def _value(value: Any) -> str:
    return "-" if value is None else canonical_json(value).decode()


def _report(document: Any, lines: Sequence[str]) -> Report:
    def render(console: "Console") -> None:
        for line in lines:
            console.print(line, markup=False, highlight=False, soft_wrap=True)

    return Report(msgspec.to_builtins(document), ExitStatus.DONE, render)
