"""Roles of the database read the read schema and nothing else, and go on reading after a rebuild."""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from adapters.store import Statement
from adapters.store.schema import KEPT
from domain.errors import WrongInput
from hub.operations.readers import TABLES, grant, readers, revoke
from hub.report import ExitStatus, Halted
from tests.hub.failing import fill, hub_on

NAME = "reader_of_tests"
PAGE = Path(__file__).parents[2] / "docs" / "open-data.md"
RECIPES = [sql for sql in re.findall(r"```sql\n(.*?)```", PAGE.read_text(), re.DOTALL) if "FROM siteledger." in sql]


@pytest.fixture
def role(postgres_server: str, postgres_url: str) -> Iterator[str]:
    """A role that may nothing; roles belong to the whole server, so it goes at the end."""
    name = f"{NAME}_{abs(hash(postgres_url))}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f'CREATE ROLE "{name}" LOGIN')
    yield name
    with suppress(psycopg.Error), psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f'DROP OWNED BY "{name}"')
    with suppress(psycopg.Error), psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f'DROP ROLE "{name}"')


def counting(table: str) -> str:
    """A question that takes the right to read."""
    return f"SELECT count(*) FROM {table}"  # noqa: S608 - a name of our own


def asked(url: str, role: str, sql: str) -> list[tuple[Any, ...]]:
    """What the role is answered."""
    with psycopg.connect(url, options=f"-c role={role} -c search_path=siteledger") as connection:
        return connection.execute(sql).fetchall()  # type: ignore[arg-type]


@pytest.mark.postgres
@pytest.mark.requirement("BX-25")
async def test_a_reader_reads_the_read_schema_and_nothing_else_after_a_rebuild_too(
    postgres_url: str, role: str
) -> None:
    async with hub_on(postgres_url) as hub:
        await fill(hub.ledger, 3)
        await hub.projector.catch_up()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            asked(postgres_url, role, "SELECT count(*) FROM siteledger.record_state")

        await grant(hub, role, actor="cli:ann")
        await grant(hub, role, actor="cli:ann")
        assert await readers(hub) == [role]
        assert len(RECIPES) == 2
        await hub.projector.catch_up()
        before = {table: asked(postgres_url, role, counting(table)) for table in TABLES}
        assert before["record_state"] == [(3,)]

        await hub.projector.rebuild()
        assert {table: asked(postgres_url, role, counting(table)) for table in TABLES} == before

        sql = "SELECT tablename FROM pg_tables WHERE schemaname = 'siteledger'"
        closed = sorted({row[0] for row in await hub.ledger.rows(sql)} - set(TABLES))
        assert {table.name for table in KEPT} <= set(closed)
        for table in closed:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                asked(postgres_url, role, counting(table))
        for recipe in RECIPES:
            asked(postgres_url, role, recipe)  # as the page tells them
        for sql in ("DELETE FROM record_state", "CREATE TABLE mine (a int)", "UPDATE event_log SET summary = ''"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                asked(postgres_url, role, sql)

        await revoke(hub, role, actor="cli:ann")
        await revoke(hub, role, actor="cli:ann")
        assert await readers(hub) == []
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            asked(postgres_url, role, "SELECT count(*) FROM siteledger.record_state")
        await hub.projector.catch_up()
        words = "SELECT summary, actor FROM event_log WHERE event LIKE 'access.reader%' ORDER BY position"
        told = await hub.ledger.rows(words)
        assert told == [
            (f"database role {role} may read the read schema", "cli:ann"),
            (f"database role {role} may read no more", "cli:ann"),
        ]


@pytest.mark.postgres
@pytest.mark.requirement("BX-25")
async def test_a_table_of_a_new_version_is_granted_when_it_is_made(postgres_url: str, role: str) -> None:
    async with hub_on(postgres_url) as hub:
        await grant(hub, role, actor="cli:ann")
        await hub.ledger.change(
            [
                Statement("DROP TABLE job_cost"),
                Statement("DROP TABLE job_cost_history"),
                Statement("DROP TABLE job_cost_document"),
                Statement("DELETE FROM projection_checkpoint WHERE name = 'job_cost'"),
            ]
        )
    async with hub_on(postgres_url):
        assert asked(postgres_url, role, "SELECT count(*) FROM job_cost") == [(0,)]


@pytest.mark.postgres
@pytest.mark.requirement("BX-25")
async def test_a_role_that_could_do_more_is_no_reader(postgres_url: str, role: str) -> None:
    async with hub_on(postgres_url) as hub:
        [(own,)] = await hub.ledger.rows("SELECT current_user")
        for name, words in ((own, "may do all"), ("nobody_of_that_name", "There is no role")):
            with pytest.raises(Halted, match=words) as refused:
                await grant(hub, name, actor="cli:ann")
            assert refused.value.status is ExitStatus.WRONG_USE
        for name in ('a"; DROP TABLE record; --', "", "A", "a.b"):
            with pytest.raises(WrongInput):
                await grant(hub, name, actor="cli:ann")

        await hub.ledger.change([Statement("GRANT SELECT ON secret TO PUBLIC")])
        with pytest.raises(Halted, match="reads secret by other grants"):
            await grant(hub, role, actor="cli:ann")
        assert await readers(hub) == []


@pytest.mark.requirement("BX-25")
async def test_a_file_has_no_readers_and_says_what_to_do_instead(tmp_path: Path) -> None:
    async with hub_on(f"sqlite:///{tmp_path / 'ledger.db'}") as hub:
        with pytest.raises(Halted, match="siteledger export"):
            await grant(hub, "bi", actor="cli:ann")
