"""Refused, cut off, throttled, answered with rubbish: whatever call it meets, both systems end as if it had not."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.sandbox.faults import Fault
from adapters.sandbox.request_log import Entry
from domain.errors import NotLetIn
from hub.report import ExitStatus
from tests.journeys.harness import Exports, World, differences, shape, sqlite, world
from tests.journeys.quick import quick, run

pytestmark = [pytest.mark.journey, pytest.mark.requirement("BX-02")]

FAULTS: dict[str, dict[str, Any]] = {
    "throttled, with Retry-After": {"kind": "status", "status": 429, "retry_after": "3"},
    "throttled, without a word": {"kind": "status", "status": 429},
    "unavailable, with Retry-After": {"kind": "status", "status": 503, "retry_after": "7"},
    "unavailable, without a word": {"kind": "status", "status": 503},
    "unavailable after the commit": {"kind": "status", "status": 503, "handled": True},
    "timed out at the gateway after the commit": {"kind": "status", "status": 504, "handled": True},
    "internal error": {"kind": "status", "status": 500},
    "cut off before the commit": {"kind": "drop_before"},
    "cut off after the commit": {"kind": "lost_reply"},
    "token refused": {"kind": "expired_token"},
    "a gateway's page": {"kind": "html"},
    "a gateway's page after the commit": {"kind": "html", "handled": True},
    "half an answer": {"kind": "truncated"},
    "an answer that is not JSON": {"kind": "malformed_json"},
}


def stage(it: World) -> None:
    """Everything that a first sync touches: custom segments, headings, both kinds of contract, a segment of a line."""
    it.typical()
    it.insert("segments", code="NORTH", description="North", segmentType="LOCATION", sendToProcore=True)
    it.insert("projectSegments", projectNumber="JOB1", segmentCode="NORTH")
    it.task("JOB1", "05", "Heading")
    it.task("JOB1", "05-100")


def once(entries: list[Entry], **fault: Any) -> list[Fault]:
    """One fault for every kind of call among these requests."""
    found: dict[str, Fault] = {}
    for entry in entries:
        if not entry.token and entry.part_of is None:
            kind = f"{entry.method} {shape(entry.path)}"
            found.setdefault(kind, Fault(method=entry.method, path=_pattern(entry.path), **fault))
    return list(found.values())


def _pattern(path: str) -> str:
    if "/companies(" in path:
        entity_set = shape(path)
        return rf"\)/{entity_set}(\(|\?|$)" if entity_set else r"companies\([^/]*\)(\?|$)"
    if path.endswith("$batch"):
        return r"\$batch$"
    return re.sub(r"\d{3,}", r"\\d+", re.escape(path)) + r"(\?|$)"


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Exports, list[Entry], list[Entry]]:
    """How both companies end without any fault, and what was asked on the way."""

    async def whole() -> tuple[Exports, list[Entry], list[Entry]]:
        async with world(sqlite(tmp_path_factory.mktemp("undisturbed"))) as it:
            stage(it)
            assert (await it.sync()).status == ExitStatus.DONE
            return it.exports(), list(it.bc.log), list(it.procore.log)

    return run(whole)


@pytest.mark.requirement("PF-01", "PF-02")
@pytest.mark.parametrize("name", FAULTS)
def test_every_kind_of_call_survives_being(
    tmp_path: Path, undisturbed: tuple[Exports, list[Entry], list[Entry]], name: str
) -> None:
    wanted, to_central, to_procore = undisturbed

    async def story() -> None:
        async with world(sqlite(tmp_path)) as it:
            stage(it)
            # The round begins with the setup; what becomes of one that can't begin is told below.
            central = [each for each in to_central if "connectorSetups" not in each.path]
            it.bc.faults.add(*once(central, **FAULTS[name]))
            it.procore.faults.add(*once(to_procore, **FAULTS[name]))
            armed = len(it.bc.faults.plain()) + len(it.procore.faults.plain())
            report = await it.settle()

            assert armed > 25
            assert report.status == ExitStatus.DONE, report.document["problems"] or report.document["troubles"]
            assert report.document["problems"] == []
            assert differences(it.exports(), wanted) == []
            assert it.procore.faults.plain() == []
            # Whether a write to Business Central goes alone or in a batch depends on what comes together.
            assert [each for each in it.bc.faults.plain() if each["method"] == "GET"] == []

    run(story)


@pytest.mark.parametrize("name", FAULTS)
def test_a_round_that_could_not_begin_says_so_and_the_next_one_does(tmp_path: Path, name: str) -> None:
    async def story() -> None:
        async with world(sqlite(tmp_path)) as it:
            it.typical()
            it.bc.faults.add(Fault(path="connectorSetups", times=9, **FAULTS[name]))
            try:
                first = (await it.sync()).status
            except NotLetIn:
                first = ExitStatus.NOT_PERMITTED
            it.bc.faults.clear()
            it.clock.skip(timedelta(minutes=5))

            assert first in {ExitStatus.REMOTE, ExitStatus.TRY_LATER, ExitStatus.NOT_PERMITTED}
            assert it.procore.count("projects") == 0
            assert (await it.settle()).status == ExitStatus.DONE
            assert len(it.contracts()) == 1

    run(story)


@pytest.mark.requirement("PF-01")
@pytest.mark.parametrize("with_retry_after", [False, True])
def test_the_spike_window_is_waited_out_within_the_round(tmp_path: Path, with_retry_after: bool) -> None:  # noqa: FBT001
    async def story() -> None:
        async with world(sqlite(tmp_path)) as it:
            stage(it)
            it.procore.settings.spike_limit = 6
            it.procore.settings.send_retry_after = with_retry_after
            report = await it.sync()

            assert report.status == ExitStatus.DONE, report.document["troubles"]
            assert_silent_until_reset(it)

    run(story)


@pytest.mark.requirement("PF-01")
@quick
async def test_the_hourly_window_ends_the_round_and_nothing_is_lost(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        stage(it)
        it.procore.settings.hourly_limit = 12
        report = await it.sync()

        assert report.status in {ExitStatus.REMOTE, ExitStatus.TRY_LATER}
        rounds = 0
        while report.status != ExitStatus.DONE:
            it.clock.skip(timedelta(hours=1, seconds=1))
            report = await it.sync()
            rounds += 1
            assert rounds < 10, report.document
        assert len(it.contracts()) == 1
        assert_silent_until_reset(it)


def assert_silent_until_reset(it: World) -> None:
    """After a 429 no call comes before the window of its Reset header has ended (those in flight already aside)."""
    refused = [entry for entry in it.procore.log if entry.status == 429]
    together = 16  # calls that may be under way when the first of them is refused
    assert len(refused) <= together * 4
    spike = timedelta(seconds=10)
    for entry in refused:
        later = [each for each in it.procore.log if each.started_at > entry.started_at + timedelta(seconds=0.5)]
        soon = [each for each in later if each.started_at < entry.started_at + timedelta(seconds=1)]
        assert len(soon) <= together, spike


@pytest.mark.requirement("PF-02")
@quick
async def test_tokens_that_end_in_the_middle_are_renewed_once(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.typical()
        await it.sync()
        before = it.bc.tokens.requests, it.procore.tokens.requests
        it.procore.faults.add(Fault(kind="expired_token", path="/rest/", times=1, skip=1))
        it.update("projects", {"number": "JOB1"}, displayName="New")
        it.update("projectTasks", {"taskNumber": "01-100"}, description="New")
        report = await it.sync()

        assert report.status == ExitStatus.DONE
        assert it.procore.tokens.requests - before[1] == 2  # one for the process, one because it was refused
        assert it.bc.tokens.requests - before[0] == 1


@pytest.mark.requirement("DC-11")
@quick
async def test_a_dead_procore_does_not_keep_business_central_from_being_read(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.typical()
        it.procore.faults.add(Fault(kind="drop_before", times=0, path="/rest/v1.1|/rest/v1.0/(vendors|line_item)"))
        report = await it.sync()

        assert report.status == ExitStatus.REMOTE
        assert report.document["observed"] >= 8
        assert report.document["troubles"]
        it.procore.faults.clear()

        assert (await it.settle()).status == ExitStatus.DONE


@pytest.mark.requirement("PF-09")
@quick
async def test_a_404_on_a_known_record_is_no_deletion(tmp_path: Path) -> None:
    async with world(sqlite(tmp_path)) as it:
        it.typical()
        await it.sync()
        it.procore.faults.add(Fault(kind="status", status=404, method="PATCH", path="/rest/v1.0/projects/", times=1))
        it.update("projects", {"number": "JOB1"}, displayName="New")
        report = await it.sync()

        assert report.status == ExitStatus.NEEDS_PERSON
        assert await it.state("JOB1", "project-to-project") == "dead"
        assert "permitted" in await it.reasons("JOB1", "project-to-project")
        assert await it.ask("SELECT COUNT(*) FROM cross_reference WHERE flow = 'project-to-project'") == [(1,)]
