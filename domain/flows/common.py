"""What several flows do alike: rules that name a field, exclusion by setting, and the way back to Business Central."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from uuid import uuid5

from domain.events import Violation, Wait
from domain.flow import THERE, Context, Part, Reference, Rule, Subject
from domain.values import LEDGER, Json, enum_text, origin_id, text

FACT = "fact"
"""Kind of a wait for something that is no record: a choice of a person, or a state of the target."""

NO_DATE = "0001-01-01"
_CODE = re.compile(r"[A-Z]{2}")
_TAGGED_FIELDS = ("displayName", "description", "description2", "yourReference")


def required(field: str, caption: str, rule: str) -> Rule:
    """The field must hold something; blanks are nothing."""

    def check(source: Json, _context: Context) -> Iterable[Violation]:
        if not text(source, field):
            yield Violation(rule, caption, f"{caption} is missing; fill it in Business Central")

    return check


def no_line(_source: Json) -> int | None:
    """For violations of a whole document."""
    return None


def in_local_currency(one: str, many: str, line: Callable[[Json], int | None] = no_line) -> Rule:
    """Procore's calls for costs carry no currency, so another one would be read as the company's own (BX-17)."""

    def check(source: Json, context: Context) -> Iterable[Violation]:
        currency, local = text(source, "currencyCode"), context.local_currency
        if currency and local and currency.upper() != local.upper():
            words = f"the {one} is in {currency}; only {many} in {local} can be carried"
            yield Violation("BX-17", "Currency Code", words, line=line(source))

    return check


def excluded_by_setting(source: Json, context: Context) -> str:
    """Named by `exclude_tags`: by its number, code or id, or by carrying the tag as a word (C-44)."""
    names = {text(source, field).upper() for field in ("number", "code", "taskNumber", "id")}
    words = {word.upper() for field in _TAGGED_FIELDS for word in re.findall(r"[\w-]+", text(source, field))}
    for tag in context.exclude_tags:
        if tag.upper() in names or tag.upper() in words:
            return f"tag {tag}"
    return ""


def given(values: Mapping[str, Any]) -> dict[str, Any]:
    """Without the empty ones: an optional key is left out rather than sent empty (Procore Z10)."""
    return {name: value for name, value in values.items() if value not in ("", None)}


def day(source: Json, field: str) -> str:
    """A plain date as it is, never shifted through a zone (PF-21); Business Central's blank date is nothing."""
    value = text(source, field)[:10]
    return "" if value == NO_DATE else value


def code_of(value: str) -> str:
    """A two-letter country or state code, or nothing where the text is none (Procore D4)."""
    upper = value.strip().upper()
    return upper if _CODE.fullmatch(upper) else ""


def only(source: Json, fields: Sequence[str]) -> Json:
    """The named fields of a document, missing ones as empty text."""
    return {field: source.get(field, "") for field in fields}


def project_reference(job: str) -> Reference:
    """The project that a record belongs to."""
    return Reference(kind="project", key=job, text=f"waiting for project {job}")


def joined(*keys: str) -> str:
    """The number of a record that is known by several codes, as Business Central joins them in deletions."""
    return "|".join(keys)


def fact(key: str, words: str) -> Wait:
    """A wait for something that is no record."""
    return Wait(FACT, key, words)


def plain(source: Json, field: str) -> str:
    """Plain member name of an enum field; the blank member is empty."""
    return enum_text(text(source, field)).strip()


def ours(row: Json, mine: str) -> str:
    """Whose a row of Procore is: `ours`, `free`, or `foreign` (ER-63: only one integration owns an origin id)."""
    owner = text(row, "origin_id")
    if owner == mine:
        return "ours"
    return "foreign" if owner else "free"


def shares_its_project(subject: Subject) -> bool:
    """The record's job lives in the Procore project of its parent (C-03)."""
    return subject.link("project", text(subject.source, "projectNumber")).role == "derived"


def of_the_parent(subject: Subject, kind: str, code: str) -> Iterable[Reference]:
    """Where the job lives in the project of its parent: the parent's record under the same code (C-03)."""
    if not shares_its_project(subject):
        return
    there = f"{THERE}{subject.link('project', text(subject.source, 'projectNumber')).procore_id}"
    yield Reference(kind="project", key=there, text="", loose=True)
    parent = subject.known("project", there).link
    if parent is not None:
        yield Reference(kind=kind, key=joined(parent.bc_number, code), text="", loose=True)


def parents_own(subject: Subject, kind: str, code: str) -> str | Wait:
    """Id in Procore of what the parent has under the same code; a wait while it is still being made, or empty.

    Both would make it, as both are read in the same round, and the second one would be refused.
    """
    for reference in of_the_parent(subject, kind, code):
        known = subject.known(reference.kind, reference.key)
        if reference.kind != kind or not known.record or known.state in ("", "excluded", "deleted"):
            continue
        if known.link is not None:
            return known.link.procore_id
        return Wait(kind, reference.key, f"waiting for {code} of the parent project, which is shared")
    return ""


def of_this_company(subject: Subject, row: Json, entity_set: str) -> bool:
    """The row of Procore stands for another record of the same company and set."""
    return text(row, "origin_id").startswith(origin_id(subject.context.bc_company, entity_set, ""))


def written_back(subject: Subject, entity_set: str, stage: int, **ids: str) -> Part:
    """The ids of the counterpart, kept on the record of Business Central (PP-10, PP-33)."""
    return write_back_of(subject.context, entity_set, subject.source, stage, **ids)


def write_back_of(context: Context, entity_set: str, source: Json, stage: int, **ids: str) -> Part:
    """As `written_back`, for any document that carries its id and ETag."""
    fields = {name: int(value) for name, value in ids.items()}
    record = text(source, "id")
    return Part(
        name=f"bc:{entity_set}:{record}",
        endpoint=f"bc.{entity_set}",
        stage=stage,
        key=record,
        target_id=record,
        if_match=text(source, "@odata.etag"),
        body={
            **fields,
            "procoreSyncStatus": "Synced",
            "procoreLastSyncedAt": context.now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "procoreSyncError": "",
        },
        meaning=fields,
    )


def logged(subject: Subject, entity_set: str, resource: str, procore_id: str, stage: int, done: Sequence[str]) -> Part:
    """An entry in Business Central's sync log, one for every time that something was carried (PP-10).

    `done` names the parts that were carried; their places in the ledger make the message id, so a repeat is refused.
    """
    versions = sorted(subject.memory.parts[name].version for name in done if name in subject.memory.parts)
    last = str(versions[-1]) if versions else "0"
    context = subject.context
    message_id = str(uuid5(LEDGER, f"log/{context.connection}/{entity_set}/{subject.source_id}/{last}"))
    return Part(
        name="bc:log",
        endpoint="bc.syncLogEntries.create",
        stage=stage,
        key=message_id,
        target_id="",
        body={
            "id": message_id,
            "messageId": message_id,
            "direction": "To_x0020_Procore",
            "entitySetName": entity_set,
            "recordId": subject.source_id,
            "recordNumber": subject.number[:50],
            "procoreEntity": resource[:50],
            "procoreId": int(procore_id),
            "status": "Synced",
            "message": f"{subject.number} is carried to Procore ({resource})"[:2048],
            "occurredAt": context.now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
        meaning=[message_id],
    )


Rules = tuple[Rule, ...]
Text = Callable[[Json], str]
