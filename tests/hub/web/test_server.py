"""What every answer has in common: bounds, headers, and problems that tell what to do and nothing else."""

import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.store import RowsRefused, StoreUnavailable
from domain.events import FeedAdvanced
from hub.access.signing import signed, stream_of
from hub.web import app, health
from hub.web.api import reading
from tests.hub.web.harness import Filled, served, settings

SECRET = "planted-in-an-unforeseen-error"


@pytest.mark.parametrize("error", [ValueError, KeyError, RowsRefused, RuntimeError])
async def test_an_unforeseen_error_says_its_kind_and_place_and_nothing_of_its_text(
    ledger: Filled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Any
) -> None:
    async def fails(*_: Any) -> None:
        raise error(SECRET)

    monkeypatch.setattr(reading.records, "records", fails)
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it, it.request("/api/v1/records") as answer:
        text = await answer.text()
        assert (answer.status, answer.content_type) == (500, "application/problem+json")

    assert error.__name__ in text
    assert SECRET not in text + caplog.text


async def test_a_store_that_cannot_be_used_is_not_ready_and_its_place_is_not_told(
    ledger: Filled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any) -> None:
        raise StoreUnavailable(SECRET)

    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        monkeypatch.setattr(it.hub.ledger, "last_position", away)
        document = await it.ask("/readyz", token=None, status=503)
        assert document["checks"]["store"] == "unavailable"
        async with it.request("/livez") as answer:
            assert answer.status == 200


async def test_read_models_far_behind_are_not_ready(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        assert (await it.ask("/readyz", token=None))["ready"]
        stream = stream_of("test", "feed")
        events = [
            signed(FeedAdvanced, it.clock, "system", stream, version, entity_set="x", position=version)
            for version in range(1, health.LAG + 2)
        ]
        for at in range(0, len(events), 1000):
            await it.hub.ledger.append(events[at : at + 1000])
        assert not (await it.ask("/readyz", token=None, status=503))["ready"]
        await it.hub.projector.catch_up()
        assert (await it.ask("/readyz", token=None))["ready"]


async def test_a_service_that_stops_is_not_ready(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        it.service.stopping = True
        assert (await it.ask("/readyz", token=None, status=503))["checks"]["stopping"]


async def test_what_is_not_there_or_not_so_is_a_problem_too(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        for path, method, status in (
            ("/nothing", "GET", 404),
            ("/api/v1/nothing", "GET", 404),
            ("/api/v1/records/", "GET", 404),
            ("/api/v1/records", "POST", 405),
            ("/livez", "DELETE", 405),
            ("/api/v1/records/no-uuid", "GET", 422),
        ):
            async with it.request(path, method) as answer:
                document = await answer.json(content_type="application/problem+json")
                assert answer.status == document["status"] == status, path
                assert set(document) >= {"type", "title", "status", "detail"}
                if status == 405:
                    assert answer.headers["Allow"] == "GET,HEAD"


async def test_every_read_answers_head_as_it_answers_get(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        for path in ("/livez", "/api/v1/records", "/api/v1/records?limit=0", "/api/v1/me"):
            async with it.request(path) as get, it.request(path, "HEAD") as head:
                assert (head.status, head.content_type) == (get.status, get.content_type), path
                assert await head.read() == b""


async def test_every_answer_says_that_nobody_may_keep_frame_or_guess_it(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        for path in ("/livez", "/api/v1/records", "/api/v1/nothing", "/metrics", "/openapi.json"):
            async with it.request(path) as answer:
                assert {name: answer.headers.get(name) for name in app._HEADERS} == app._HEADERS, path
                assert "Strict-Transport-Security" not in answer.headers
    public = settings(ledger.copy(tmp_path), ledger.tables, public_url="https://hub.example.com")
    async with served(public) as it, it.request("/livez") as answer:
        assert "max-age" in answer.headers["Strict-Transport-Security"]


async def test_a_body_that_is_too_large_is_refused(
    ledger: Filled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "LARGEST", 1000)
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        await it.ask("/api/v1/users", "POST", json={"name": "x" * 2000, "roles": {}}, status=413)
        await it.ask("/api/v1/users", "POST", json={"name": "x" * 2000}, token=None, status=401)


async def test_metrics_are_counted_by_route_and_never_by_what_somebody_writes(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        for path, method in (("/planted-path", "GET"), ("/api/v1/records?q=planted-word", "GET"), ("/livez", "PURGE")):
            async with it.request(path, method):
                pass
        async with it.request("/metrics") as answer:
            text = await answer.text()

    assert "planted" not in text
    assert 'method="other"' in text
    assert "PURGE" not in text


async def test_a_token_may_be_noted_as_used_but_is_never_logged(
    ledger: Filled, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        token = await it.token("reports")
        it.clock.at += timedelta(minutes=2)
        await it.ask("/api/v1/records", token=token)
        page = await it.ask("/api/v1/tokens")

    assert page["items"][0]["used_at"] is not None
    assert token not in caplog.text
