"""Lists: one reading shows no row twice and nothing of connections that may not be seen, whatever is asked."""

import base64
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid5

import pytest

from domain.events import Observed, Parked, Wait
from domain.values import BUSINESS_CENTRAL, LEDGER, digest
from hub.operations.runs import ask_again, give_up
from tests.hub.web.harness import NOW, Filled, Web, served, settings
from tests.hub.web.test_contract import LISTS


def cursor(*place: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(list(place)).encode()).decode().rstrip("=")


async def seen(it: Web, connection: str, number: str, *, again: bool = False) -> None:
    """A record shows up and waits; `again` it waits for something else."""
    id = uuid5(LEDGER, f"{connection}/{number}")
    head: dict[str, Any] = {
        "originator_id": id,
        "at": NOW,
        "connection": connection,
        "correlation_id": "story",
        "causation_id": "story",
        "actor": "system",
    }
    wait = Parked(
        **head,
        originator_version=3 if again else 2,
        flow="vendor-to-company",
        waits=(Wait("vendor", "V", "another thing" if again else "a thing"),),
    )
    first = Observed(
        **head,
        originator_version=1,
        kind="vendor",
        side=BUSINESS_CENTRAL,
        entity_set="vendors",
        source_id=str(id),
        number=number,
        title=f"Vendor {number}",
        project="",
        digest=digest({"number": number}),
        content=digest({"number": number}),
        modified_at="2026-03-31T00:00:00Z",
        flows=("vendor-to-company",),
    )
    await it.hub.ledger.append([wait] if again else [first, wait])
    await it.hub.projector.catch_up()


async def pages(it: Web, path: str, limit: int = 1, **more: Any) -> list[list[dict[str, Any]]]:
    """All pages of a list."""
    found: list[list[dict[str, Any]]] = []
    mark, sign = "", "&" if "?" in path else "?"
    while True:
        page = await it.ask(f"{path}{sign}limit={limit}{mark}", **more)
        found.append(page["items"])
        if page["next_cursor"] is None:
            return found
        mark = f"&cursor={quote(page['next_cursor'])}"


@asynccontextmanager
async def web(ledger: Filled, folder: Path) -> AsyncGenerator[Web]:
    async with served(settings(ledger.copy(folder), ledger.tables)) as it:
        yield it


@pytest.mark.requirement("DC-10")
@pytest.mark.parametrize("path", ["/api/v1/records", "/api/v1/cross-references", "/api/v1/events", "/api/v1/runs"])
async def test_small_pages_are_the_same_as_one_large_page(ledger: Filled, tmp_path: Path, path: str) -> None:
    async with web(ledger, tmp_path) as it:
        whole = (await it.ask(f"{path}?limit=1000"))["items"]
        found = [row for page in await pages(it, path, 1 if len(whole) < 30 else 11) for row in page]

    assert len(whole) > 1
    assert found == whole


@pytest.mark.requirement("BX-05", "DC-10")
async def test_a_list_that_changes_while_it_is_read_is_read_to_its_end_as_it_was(
    ledger: Filled, tmp_path: Path
) -> None:
    async with web(ledger, tmp_path) as it:
        for at in range(6):
            await seen(it, "main", f"X{at}")
        path = "/api/v1/records?state=parked&flow=vendor-to-company&q=X&limit=2"
        first = await it.ask(path)
        await seen(it, "main", "X0", again=True)
        await seen(it, "main", "X9")
        second = await it.ask(f"{path}&cursor={first['next_cursor']}")
        third = await it.ask(f"{path}&cursor={second['next_cursor']}")

    numbers = [[row["number"] for row in page["items"]] for page in (first, second, third)]
    assert numbers == [["X5", "X4"], ["X3", "X2"], ["X1", "X0"]]
    assert third["items"][1]["waits_for"][0]["text"] == "a thing"  # for another one only later
    assert first["asof"] == second["asof"] == third["asof"]


@pytest.mark.requirement("DC-10")
async def test_a_list_as_of_a_position_or_a_moment_knows_nothing_later(ledger: Filled, tmp_path: Path) -> None:
    async with web(ledger, tmp_path) as it:
        before = (await it.ask("/api/v1/records"))["asof"]
        moment = (await it.ask(f"/api/v1/events?asof={before}&limit=1000"))["items"][-1]["at"]
        await seen(it, "main", "X1")
        for asof in (str(before), quote(moment)):
            for path in LISTS[:4]:
                page = await it.ask(f"{path}?asof={asof}&limit=1000")
                assert page["asof"] == before, (path, asof)
                assert all(row.get("position", 0) <= before for row in page["items"])
        assert (await it.ask("/api/v1/records?asof=0"))["items"] == []
        assert (await it.ask("/api/v1/cross-references?asof=0"))["items"] == []
        assert (await it.ask("/api/v1/records?asof=1970-01-01T00:00:00Z"))["items"] == []
        assert (await it.ask("/api/v1/cross-references?asof=1970-01-01T00:00:00Z"))["items"] == []


@pytest.mark.requirement("ER-01")
@pytest.mark.parametrize("ask", ["", "?connection=north"])
async def test_nothing_of_a_connection_that_may_not_be_seen_is_in_any_list(
    ledger: Filled, tmp_path: Path, ask: str
) -> None:
    async with web(ledger, tmp_path) as it:
        token = await it.token("north", connections=("north",))
        for path in LISTS:
            for page in (
                await pages(it, path + ask, 1000, token=token)
                if path in LISTS[:4]
                else [(await it.ask(path + ask, token=token))["items"]]
            ):
                names = {row.get("connection") or row.get("name") for row in page} if path != LISTS[5] else {"north"}
                assert names == {"north"}, path
        assert all("main" not in flow["on"] for flow in (await it.ask(f"/api/v1/flows{ask}", token=token))["items"])


@pytest.mark.requirement("ER-01")
async def test_a_record_of_a_connection_that_may_not_be_seen_does_not_exist(ledger: Filled, tmp_path: Path) -> None:
    async with web(ledger, tmp_path) as it:
        token = await it.token("north", connections=("north",))
        [record] = [row["record"] for row in (await it.ask("/api/v1/find?q=PO1"))["items"]]
        nobody = UUID(int=7)
        for path in ("", "/timeline"):
            told = await it.ask(f"/api/v1/records/{record}{path}", token=token, status=404)
            same = await it.ask(f"/api/v1/records/{nobody}{path}", token=token, status=404)
            assert told["detail"].replace(record, "ID") == same["detail"].replace(str(nobody), "ID")
        assert (await it.ask("/api/v1/find?q=PO1", token=token))["items"] == []


async def test_what_is_found_is_not_crowded_out_by_what_may_not_be_seen(ledger: Filled, tmp_path: Path) -> None:
    async with web(ledger, tmp_path) as it:
        for name in ("main", "north"):
            await seen(it, name, "SAME")
        every = (await it.ask("/api/v1/find?q=SAME"))["items"]
        mine = (await it.ask("/api/v1/find?q=SAME", token=await it.token("north", connections=("north",))))["items"]

    assert [row["connection"] for row in every].count("main") == 1
    assert [row["connection"] for row in mine] == ["north"]


HOSTILE = [
    "x",
    "%00",
    "AAAA",
    cursor(1, ["x"]),
    cursor(1, [-1]),
    cursor(1, [1 << 63]),
    cursor(1 << 63, [1]),
    cursor(1 << 200, [1]),
    cursor(-1, [1]),
    cursor(1, [[1]]),
    cursor(1, [None]),
    cursor(1, [True]),
    cursor(1, [1.5]),
    cursor(1, []),
    cursor(1),
    cursor(),
    base64.urlsafe_b64encode(b'[1,["\\ud800"]]').decode(),
    base64.urlsafe_b64encode(b"[" * 900).decode(),
    "x" * 5000,
]


async def test_a_cursor_that_no_page_gave_out_is_refused(ledger: Filled, tmp_path: Path) -> None:
    async with web(ledger, tmp_path) as it:
        for path, text in product(("/api/v1/events", "/api/v1/records"), HOSTILE):
            problem = await it.ask(f"{path}?cursor={quote(text, safe='%')}", status=422)
            assert "cursor" in problem["detail"]


WRONG = [
    "limit=0",
    "limit=1001",
    "limit=99999999999999999999999",
    "limit=-1",
    "limit=ten",
    "limit=1.5",
    "limit=1&limit=2",
    "asof=yesterday",
    "asof=-1",
    "asof=9999999999999999999999",
    "asof=0001-01-01T00:00:00%2B23:59",
    "asof=9999-12-31T23:59:59-23:59",
    "asof=2026-13-01T00:00:00Z",
    "asof=2026-01-01T00:00:00",
    "flow=%00",
    "flow=",
    "wrong=1",
    "state=a%00",
]


async def test_a_parameter_that_means_nothing_is_refused_by_name(ledger: Filled, tmp_path: Path) -> None:
    async with web(ledger, tmp_path) as it:
        for query in WRONG:
            problem = await it.ask(f"/api/v1/records?{query}", status=422)
            assert problem["errors"][0]["field"] == query.partition("=")[0]


WORDS = ["%25", "_", "!", "'", "%27%20OR%201=1--", "%F0%9F%8F%97", "%ED%A0%80", "\\"]


async def test_words_that_mean_something_to_a_database_are_words(ledger: Filled, tmp_path: Path) -> None:
    async with web(ledger, tmp_path) as it:
        for path, word in product(("records", "find", "cross-references"), WORDS):
            assert (await it.ask(f"/api/v1/{path}?q={word}"))["items"] == []


@pytest.mark.postgres
async def test_postgresql_answers_the_same_questions(postgres_url: str, ledger: Filled) -> None:
    async with served(settings(postgres_url, ledger.tables)) as it:
        for at in range(3):
            await seen(it, "main", f"X{at}")
        assert [row["number"] for page in await pages(it, "/api/v1/records") for row in page] == ["X2", "X1", "X0"]
        assert len(await pages(it, "/api/v1/events", 2)) == 3
        for path, query in product(LISTS[:4], ("asof=0", "asof=2026-01-01T00:00:00Z", "connection=north")):
            await it.ask(f"{path}?{query}")
        await it.ask("/api/v1/records?flow=x&state=parked,dead&q=x&kind=x&project=x")
        await it.ask("/api/v1/cross-references?q=x")
        for text in HOSTILE[2:14]:
            await it.ask(f"/api/v1/events?cursor={quote(text)}", status=422)
        assert (await it.ask("/api/v1/find?q=X1"))["items"][0]["title"] == "Vendor X1"
        assert (await it.ask("/readyz", token=None))["ready"]


@pytest.mark.requirement("LE-35", "LE-36")
async def test_a_run_that_was_given_up_says_so_and_is_not_in_line_again(ledger: Filled, tmp_path: Path) -> None:
    line: list[str] = []
    async with web(ledger, tmp_path) as it:
        run = (await it.ask("/api/v1/runs", "POST", json={"connection": "main", "full": True}, status=202))["run"]
        await it.hub.projector.catch_up()
        assert await ask_again(it.hub, lambda name, _window, _narrow: line.append(name)) == 1
        for _ in range(2):  # another process may be quicker
            await give_up(it.hub, "main", UUID(run), 5, "the pair is not the one that was set up")
        await it.hub.projector.catch_up()
        row = (await it.ask("/api/v1/runs?limit=1"))["items"][0]
        left = await ask_again(it.hub, lambda name, _window, _narrow: line.append(name))

    assert (row["run"], row["given_up"]) == (run, "the pair is not the one that was set up")
    assert row["finished"] is not None
    assert (left, line) == (0, ["main"])
