"""A write with a key is done once: a repeat gets the first answer byte for byte, and no key stands for two requests."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest

from adapters.store import Ledger, StoreUnavailable
from domain.events import RequestAnswered, RequestClaimed, UserPut
from hub.access import Access, Role
from hub.web import contract
from hub.web.guard import SAFE
from tests.hub.web.harness import ADMIN, Filled, Web, served, settings

ANNA = {"name": "anna@example.com", "roles": {"*": "read"}}


@asynccontextmanager
async def web(ledger: Filled, folder: Path) -> AsyncGenerator[Web]:
    async with served(settings(ledger.copy(folder), ledger.tables)) as it:
        yield it


async def put(it: Web, key: str, body: Any = ANNA, path: str = "/api/v1/users", **more: Any) -> tuple[int, bytes, str]:
    """Status, body and whether the answer is a repeated one."""
    async with it.request(path, "POST", json=body, headers={"Idempotency-Key": key}, **more) as answer:
        return answer.status, await answer.read(), answer.headers.get("Idempotency-Replayed", "")


async def happened(it: Web, *kinds: type) -> list[Any]:
    rows = await it.hub.ledger.read(0, 5000)
    events = [it.hub.ledger.events.decode(topic, state) for *_, topic, state in rows]
    return [event for event in events if isinstance(event, kinds)]


async def test_a_repeat_gets_the_first_answer_byte_for_byte_and_nothing_is_done_again(
    ledger: Filled, tmp_path: Path
) -> None:
    async with web(ledger, tmp_path) as it:
        first = await put(it, "k1")
        await it.ask("/api/v1/users/anna@example.com", "DELETE", status=204)
        it.clock.at += timedelta(hours=23)
        again = await put(it, "k1")

        assert first[0] == 201
        assert again == (*first[:2], "true")
        assert len(await happened(it, UserPut)) == 1


async def test_a_refusal_is_repeated_too_and_an_empty_answer_stays_empty(ledger: Filled, tmp_path: Path) -> None:
    async with web(ledger, tmp_path) as it:
        await put(it, "k1")
        refused = await put(it, "k2")
        assert refused[0] == 409
        assert await put(it, "k2") == (*refused[:2], "true")
        gone: list[tuple[int, bytes]] = []
        for _ in range(2):
            headers = {"Idempotency-Key": "k3"}
            async with it.request("/api/v1/users/anna@example.com", "DELETE", headers=headers) as answer:
                gone.append((answer.status, await answer.read()))
        assert gone == [(204, b""), (204, b"")]


async def test_a_key_stands_for_one_request_of_one_actor(ledger: Filled, tmp_path: Path) -> None:
    async with web(ledger, tmp_path) as it:
        await put(it, "k1")
        other = await put(it, "k1", {**ANNA, "name": "bob@example.com"})
        elsewhere = await put(it, "k1", {"name": "t", "role": "read"}, "/api/v1/tokens")
        token = await it.token("another", Role.ADMIN)
        theirs = await put(it, "k1", {**ANNA, "name": "bob@example.com"}, token=token)

    assert (other[0], elsewhere[0], theirs[0]) == (422, 422, 201)
    assert b"another request" in other[1]


async def test_of_many_at_the_same_moment_one_is_worked(ledger: Filled, tmp_path: Path) -> None:
    async with web(ledger, tmp_path) as it:
        seen: list[int] = []

        async def ask() -> None:
            seen.append((await put(it, "k1"))[0])

        async with anyio.create_task_group() as tasks:
            for _ in range(8):
                tasks.start_soon(ask)

        assert set(seen) <= {201, 409}
        assert 201 in seen
        assert len(await happened(it, UserPut)) == 1
        assert (await put(it, "k1"))[0] == 201


async def test_what_was_interrupted_is_not_begun_again(
    ledger: Filled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def bug(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    async with web(ledger, tmp_path) as it:
        with monkeypatch.context() as patch:
            patch.setattr(Access, "put_user", bug)
            assert (await put(it, "k1"))[0] == 500
        status, body, _ = await put(it, "k1")

        assert status == 409
        assert b"under way or was interrupted" in body
        assert [len(await happened(it, kind)) for kind in (RequestClaimed, RequestAnswered, UserPut)] == [1, 0, 0]


async def test_what_may_have_been_stored_is_not_begun_again(
    ledger: Filled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost(*_: Any, **__: Any) -> None:
        raise StoreUnavailable("the connection broke", outcome_unknown=True)

    async with web(ledger, tmp_path) as it:
        with monkeypatch.context() as patch:
            patch.setattr(Access, "put_user", lost)
            assert (await put(it, "k1"))[0] == 503
        assert (await put(it, "k1"))[0] == 409


async def test_a_passing_trouble_is_no_answer(ledger: Filled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: Any, **__: Any) -> None:
        raise StoreUnavailable("the disk is full")

    async with web(ledger, tmp_path) as it:
        with monkeypatch.context() as patch:
            patch.setattr(Access, "put_user", away)
            assert (await put(it, "k1"))[0] == 503
        assert (await put(it, "k1"))[0] == 201
        assert (await put(it, "k1"))[2] == "true"


async def test_after_a_day_a_key_is_new(ledger: Filled, tmp_path: Path) -> None:
    async with web(ledger, tmp_path) as it:
        await put(it, "k1")
        it.clock.at += timedelta(hours=24)
        status, _, repeated = await put(it, "k1")

    assert (status, repeated) == (409, "")  # worked anew: the user exists


async def test_a_token_is_shown_once_even_with_a_key_and_stands_nowhere(ledger: Filled, tmp_path: Path) -> None:
    async with web(ledger, tmp_path) as it:
        wish = {"name": "reports", "role": "read"}
        status, body, _ = await put(it, "k1", wish, "/api/v1/tokens")
        assert status == 201
        secret = body.partition(b'"secret":"')[2].rstrip(b'"}')
        assert (await put(it, "k1", wish, "/api/v1/tokens"))[0] == 409

        answers = await happened(it, RequestAnswered)
        assert [answer.content for answer in answers] == [""]
        assert await stored(it.hub.ledger, secret) == []


async def stored(ledger: Ledger, secret: bytes) -> list[bytes]:
    """Events and contents in which a secret stands."""
    shas = [row[0].hex() for row in await ledger.rows("SELECT sha256 FROM contents")]
    bodies = [*(await ledger.contents(shas)).values(), *(state for *_, state in await ledger.read(0, 5000))]
    return [body for body in bodies if secret in body or ADMIN.encode() in body]


async def test_a_key_that_is_none_is_refused(ledger: Filled, tmp_path: Path) -> None:
    async with web(ledger, tmp_path) as it:
        for key in ("", "x" * 201, "with blank ", "ä"):
            assert (await put(it, key))[0] == 422, key
        assert (await put(it, "x" * 200, {**ANNA, "name": "bob"}))[0] == 201


def test_every_write_that_is_described_takes_a_key() -> None:
    document = contract.document()
    for method, path in contract.operations():
        if path.startswith(contract.BASE) and method not in SAFE:
            given = document["paths"][path][method.lower()].get("parameters", [])
            assert {"$ref": "#/components/parameters/key"} in given, (method, path)
