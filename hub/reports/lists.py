"""Reports that list records and people: sub jobs, archived companies, accounting approvers."""
# ruff: noqa: S608 - only names from our own constants stand in the SQL, every value is bound

from collections.abc import Iterable, Iterator

import msgspec

from adapters.store.statements import Dialect
from hub.access import Right, Role
from hub.queries.pages import Query
from hub.reports.report import Asked, ReportOf, Row, Selected
from projections.projection import Column

_SUB_JOBS = "project-segment-to-sub-job"
_COMPANIES = "vendor-to-company"
_BY_A_PERSON = '["skipped by %'
"""How the reasons of what a person left out begin."""


def _sub_jobs(asked: Asked, where: Query, _dialect: Dialect) -> Selected:
    where.equal("project", asked.project)
    where.equal("flow", _SUB_JOBS)
    sql = (
        "SELECT connection, bc_number, record, role, project, title, procore_parent_id, procore_id, since FROM"
        " (SELECT x.connection, x.flow, x.bc_number, x.record, x.role, COALESCE(r.project, '') AS project,"
        " COALESCE(r.title, '') AS title, x.procore_parent_id, x.procore_id, x.since"
        " FROM cross_reference x LEFT JOIN record r ON r.record = x.record) AS pairs"
        f" WHERE {where.sql} ORDER BY connection, bc_number, record, role"
    )
    return Selected(sql, where.values)


SUB_JOBS = ReportOf(
    name="sub-jobs",
    about="Segments of projects that stand in Procore as sub jobs.",
    columns=(
        Column("connection", "text", "connection"),
        Column("bc_number", "text", "project and segment in Business Central, joined with |"),
        Column("record", "text", "UUID of the record"),
        Column("role", "text", "as in `cross_reference`"),
        Column("project", "text", "number of the project"),
        Column("title", "text", "description of the segment"),
        Column("procore_project_id", "text", "id of the project in Procore"),
        Column("procore_id", "text", "id of the sub job in Procore"),
        Column("since", "text", "when they were joined, UTC"),
    ),
    key=("connection", "bc_number", "record", "role"),
    select=_sub_jobs,
    filters=("project",),
)


def _archived(_asked: Asked, where: Query, _dialect: Dialect) -> Selected:
    """Vendors that a person left out. What is linked cannot be archived, so a pair says that it is not (ER-18)."""
    where.equal("flow", _COMPANIES)
    where.equal("state", "excluded")
    where.where("reasons LIKE ?", _BY_A_PERSON)
    where.where("NOT EXISTS (SELECT 1 FROM cross_reference x WHERE x.record = s.record)")
    sql = (
        f"SELECT connection, number, record, title, reasons, since FROM record_state s WHERE {where.sql}"
        " ORDER BY connection, number, record"
    )
    return Selected(sql, where.values)


def _in_words(rows: Iterable[Row], _asked: Asked) -> Iterator[Row]:
    for connection, number, record, title, reasons, since in rows:
        yield connection, number, record, title, "; ".join(msgspec.json.decode(reasons, type=list[str])), since


ARCHIVED = ReportOf(
    name="archived-companies",
    about="Vendors that a person put aside, so that they are not offered for Procore; a retry takes them back.",
    columns=(
        Column("connection", "text", "connection"),
        Column("number", "text", "number of the vendor"),
        Column("record", "text", "UUID of the record"),
        Column("title", "text", "name"),
        Column("reason", "text", "who put it aside, and why"),
        Column("since", "text", "when, UTC"),
    ),
    key=("connection", "number", "record"),
    select=_archived,
    made=_in_words,
)


def _accountants(_asked: Asked, where: Query, _dialect: Dialect) -> Selected:
    where.where("active = ?", 1)
    sql = f"SELECT name, source, roles, rights, changed_at FROM access_user WHERE {where.sql} ORDER BY name"
    return Selected(sql, where.values)


def _who_may(rows: Iterable[Row], _asked: Asked) -> Iterator[Row]:
    """Exactly those who hold the right (ER-02), and where their role lets them use it."""
    for name, source, roles, rights, changed in rows:
        if Right.PUSH_TO_ACCOUNTING in msgspec.json.decode(rights, type=list[str]):
            places: dict[str, str] = msgspec.json.decode(roles, type=dict[str, str])
            able = sorted(place for place, word in places.items() if Role.named(word) >= Role.STANDARD)
            yield name, source, " ".join(able), changed


ACCOUNTANTS = ReportOf(
    name="accountants",
    about="Users who hold the right to push to accounting.",
    columns=(
        Column("user", "text", "name by which they sign in"),
        Column("source", "text", "local or oidc"),
        Column("connections", "text", "where they may approve, with blanks between; * for every connection"),
        Column("changed_at", "text", "when their roles or rights changed last, UTC"),
    ),
    key=("user",),
    places=("name",),
    select=_accountants,
    made=_who_may,
    whole=True,
)
