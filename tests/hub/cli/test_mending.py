"""failures, retry, skip, replay and batches: preview first, consent always, exit statuses that scripts can trust."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import anyio
import pytest

from hub.cli import questions
from hub.cli.shell import Shell
from hub.operations.choosing import MANY, CauseCount, Preview
from hub.report import ExitStatus
from tests.hub.cli.conftest import Call
from tests.hub.failing import CAUSES, fill, hub_on, named
from tests.ledger_story import FLOW

pytestmark = [pytest.mark.requirement("C-63")]

LOCKED = "PROCORE_LOCKED"


@pytest.fixture
def failing(sample: Path) -> str:
    """The configured ledger, with ten failures of five causes; its URL."""
    url = f"sqlite:///{sample.parent / 'siteledger.db'}"

    async def made() -> None:
        async with hub_on(url) as hub:
            await fill(hub.ledger, 10)

    anyio.run(made)
    return url


def states(url: str) -> dict[str, str]:
    """State by number."""
    found: dict[str, str] = {}

    async def read() -> None:
        async with hub_on(url) as hub:
            found.update(await hub.ledger.rows("SELECT number, state FROM record_state"))

    anyio.run(read)
    return found


def position(url: str) -> int:
    """How many events there are."""
    found: list[int] = []

    async def read() -> None:
        async with hub_on(url) as hub:
            found.append(await hub.ledger.last_position())

    anyio.run(read)
    return found[0]


@pytest.mark.requirement("BX-21")
@pytest.mark.usefixtures("failing")
def test_failures_are_told_by_cause_with_what_to_do_and_who_does_it(call: Call) -> None:
    ended = call("failures", "--json")

    assert ended.status is ExitStatus.NEEDS_PERSON
    assert [group["records"] for group in ended.document["groups"]] == [2] * CAUSES
    assert (ended.document["records"], ended.document["unreadable"]) == (10, 0)
    locked = next(group for group in ended.document["groups"] if group["cause"] == LOCKED)
    assert set(locked) == {
        *("connection", "cause", "state", "title", "records", "jobs", "flows", "first_seen", "last_seen"),
        *("example", "number", "text", "helps", "next", "acts", "muted"),
    }

    text = call("failures").out

    assert f"{LOCKED}  The record is locked in Procore" in text
    assert "is locked\n" in text
    assert "unlock it there, then retry (Procore admin; a retry helps: once that is done)" in text


@pytest.mark.usefixtures("failing")
def test_one_cause_is_told_with_every_record(call: Call) -> None:
    document = call("failures", "--cause", LOCKED, "--json").document

    assert [failure["number"] for failure in document["failures"]] in (["PO-2", "PO-7"], ["PO-7", "PO-2"])
    assert "PO-7" in call("failures", "--cause", LOCKED).out


@pytest.mark.usefixtures("sample")
def test_no_failures_are_no_trouble(call: Call) -> None:
    assert call("failures").out == "No open failures.\n"
    assert call("failures").status is ExitStatus.DONE
    assert call("failures", "--unreadable", "--json").document == {"items": [], "next_cursor": None}


@pytest.mark.requirement("DC-08")
@pytest.mark.parametrize("action", ["retry", "skip", "replay"])
def test_without_consent_there_is_a_preview_and_nothing_is_done(call: Call, failing: str, action: str) -> None:
    before = position(failing)
    ended = call(action, "--flow", FLOW, "--reason", "mended", "--json")

    assert ended.status is ExitStatus.WRONG_USE
    assert ended.document["preview"]["total"] == 10
    assert [cause["records"] for cause in ended.document["preview"]["causes"]] == [2] * CAUSES
    assert "--yes" in ended.document["error"]["message"]
    assert position(failing) == before
    assert "10 records" in call(action, "--flow", FLOW, "--reason", "mended").out


@pytest.mark.requirement("DC-08")
def test_a_cause_is_retried_and_no_other(call: Call, failing: str) -> None:
    ended = call("retry", "--cause", LOCKED, "--yes", "--json")

    assert ended.status is ExitStatus.DONE
    (batch,) = ended.document["batches"]
    assert (batch["done"], batch["fine"], batch["remaining"], batch["reason"]) == (2, 0, 0, "by hand")
    assert batch["actor"] == Shell().actor
    now = states(failing)
    assert [number for number, state in now.items() if state == "pending"] == ["PO-2", "PO-7"]


@pytest.mark.requirement("DC-08")
def test_ids_and_numbers_are_skipped_with_their_reason(call: Call, failing: str) -> None:
    ended = call("skip", "PO-1", str(named(2)), "--reason", "not ours", "--yes", "--json")

    assert ended.status is ExitStatus.DONE
    assert [number for number, state in states(failing).items() if state == "excluded"] == ["PO-1", "PO-2"]


@pytest.mark.requirement("DC-08")
def test_a_replay_opens_what_was_refused(call: Call, failing: str) -> None:
    assert call("replay", "PO-1", "--yes").status is ExitStatus.DONE
    assert states(failing)["PO-1"] == "in-flight"


@pytest.mark.usefixtures("failing")
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("retry", "--yes"), "Say what to retry"),
        (("retry", "PO-99", "--yes"), "Nothing in the ledger is called PO-99"),
        (("retry", "--flow", "purchase-orders", "--yes"), "purchase-order-to-commitment"),
        (("retry", "--since", "yesterday", "--yes"), "--since takes a day"),
        (("retry", "PO-1", "--connection", "mian", "--yes"), 'Did you mean "main"?'),
        (("skip", "PO-1", "--yes"), "--reason"),
        (("failures", "--state", "ded"), 'Did you mean "dead"?'),
        (("batches", "--resume"), "Name one batch"),
        (("batches", "nobody"), "no batch"),
    ],
)
def test_wrong_use_is_two_and_names_the_mend(call: Call, arguments: tuple[str, ...], says: str) -> None:
    ended = call(*arguments)

    assert ended.status is ExitStatus.WRONG_USE
    assert says in ended.err


@pytest.mark.usefixtures("failing")
def test_what_nothing_fits_is_done_at_once(call: Call) -> None:
    ended = call("retry", "--cause", "NOBODY", "--yes", "--json")

    assert (ended.status, ended.document["batches"]) == (ExitStatus.DONE, [])


@pytest.mark.usefixtures("failing")
def test_batches_are_listed_and_looked_at(call: Call) -> None:
    made = call("retry", "--cause", LOCKED, "--yes", "--reason", "unlocked", "--json").document["batches"][0]

    listed = call("batches", "--json").document["items"]
    one = call("batches", made["batch"], "--json").document

    assert listed == [made]
    assert {name: one[name] for name in made} == made
    assert "unlocked" in call("batches").out
    assert call("batches", made["batch"], "--resume", "--json").document["done"] == 2


@pytest.mark.requirement("DC-08")
@pytest.mark.parametrize(("consent", "state"), [(True, "pending"), (False, "dead")])
def test_a_person_at_a_terminal_is_asked(
    call: Call, failing: str, monkeypatch: pytest.MonkeyPatch, *, consent: bool, state: str
) -> None:
    shown: list[Preview] = []

    async def asked(preview: Preview) -> bool:
        shown.append(preview)
        return consent

    monkeypatch.setattr("hub.cli.mending.sys", SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True)))
    monkeypatch.setattr(questions, "agreed", asked)

    assert call("retry", "PO-1").status is ExitStatus.DONE
    assert [preview.total for preview in shown] == [1]
    assert states(failing)["PO-1"] == state


@pytest.mark.parametrize(("total", "typed", "consent"), [(3, "y", True), (3, "n", False), (501, "501", True)])
def test_consent_to_many_is_their_number_typed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], total: int, typed: str, *, consent: bool
) -> None:
    """The questions themselves are the library's; what counts is what they are asked and how answers are taken."""
    texts: list[str] = []

    def question(text: str, **_: object) -> SimpleNamespace:
        texts.append(text)

        async def answer() -> object:
            return typed if total > MANY else typed == "y"

        return SimpleNamespace(unsafe_ask_async=answer)

    monkeypatch.setattr(questions.questionary, "confirm", question)
    monkeypatch.setattr(questions.questionary, "text", question)
    cause = CauseCount(cause=LOCKED, title="locked", records=total, helps="after_mend", next="unlock it")
    preview = Preview(action="retry", total=total, causes=[cause], states={"dead": total})

    assert anyio.run(questions.agreed, preview) is consent
    assert (str(total) in texts[0]) is (total > MANY)
    assert LOCKED in capsys.readouterr().err


@pytest.mark.requirement("BX-21")
@pytest.mark.usefixtures("failing")
def test_a_cause_that_people_know_of_no_longer_asks_for_a_person(call: Call) -> None:
    causes = [group["cause"] for group in call("failures", "--json").document["groups"]]
    soon = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
    loud = call("failures").status, call("status").status
    wrong = call("failures", "mute", causes[0], "--until", "9000-01-01", "--reason", "known")
    for cause in causes:
        muted = call("failures", "mute", cause, "--until", soon, "--reason", "known to all", "--json")
        assert (muted.status, muted.document["muted"]["reason"]) == (ExitStatus.DONE, "known to all")
    quiet, told = call("failures", "--json"), call("failures").out
    still = call("status").status
    back = call("failures", "unmute", causes[0], "--json")

    assert loud == (ExitStatus.NEEDS_PERSON, ExitStatus.NEEDS_PERSON)
    assert (wrong.status, "until" in wrong.err) == (ExitStatus.WRONG_USE, True)
    assert (quiet.status, still) == (ExitStatus.DONE, ExitStatus.DONE)
    assert (quiet.document["records"], quiet.document["muted"]) == (0, 10)
    assert told.count(": known to all") == CAUSES
    assert (back.document["muted"], call("failures").status) == (None, ExitStatus.NEEDS_PERSON)


@pytest.mark.requirement("BX-05")
def test_lists_are_told_as_they_were_and_the_past_asks_nobody(call: Call, failing: str) -> None:
    before = str(position(failing))
    call("skip", "--cause", LOCKED, "--reason", "the buyer cancels them", "--yes")
    batch = call("batches", "--json").document["items"][0]["batch"]
    after = str(position(failing))

    now = [group["cause"] for group in call("failures", "--json").document["groups"]]
    then = call("failures", "--asof", before, "--json")
    hit = call("failures", "--cause", LOCKED, "--asof", before, "--json").document["failures"]
    one = call("batches", batch, "--asof", after, "--json")

    assert LOCKED not in now
    assert LOCKED in [group["cause"] for group in then.document["groups"]]
    assert (then.status, then.document["records"]) == (ExitStatus.DONE, 10)
    assert sorted(each["number"] for each in hit) == ["PO-2", "PO-7"]
    assert call("batches", "--asof", before, "--json").document["items"] == []
    assert (one.document["state"], one.document["done"], one.status) == ("ended", 2, ExitStatus.DONE)
    assert call("batches", batch, "--asof", before).status == ExitStatus.WRONG_USE
    for name in ("approvals", "drift", "links"):
        ended = call(name, "--asof", before, "--json")
        assert (ended.status, list(ended.document["items"])) == (ExitStatus.DONE, []), name


@pytest.mark.usefixtures("failing")
@pytest.mark.parametrize(
    "words",
    [
        ("batches", "x", "--resume"),
        ("drift", "--fresh"),
        ("links", "--suggest", "--flow", "vendor-to-company"),
        ("approvals", "PO-1"),
    ],
)
def test_nothing_is_done_in_the_past(call: Call, words: tuple[str, ...]) -> None:
    ended = call(*words, "--asof", "1")

    assert (ended.status, "--asof" in ended.err) == (ExitStatus.WRONG_USE, True)
