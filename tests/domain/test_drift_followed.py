"""A line that was made of an entry is compared with what its entry asks for, as long as its sheet is open."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from domain import decide, drift
from domain.decide import Clash, Settle
from domain.drift import Written, settlement
from domain.drift_followed import look_after
from domain.endpoints import ENDPOINTS
from domain.endpoints.time import crew_lines
from domain.events import DriftField
from domain.flow import Plan
from domain.flows.crew_lines import LINE, begun, is_open
from domain.flows.time_sheet_to_crew_time_sheet import FLOW
from domain.memory import FlowMemory
from domain.record import Choice
from domain.values import BUSINESS_CENTRAL, Json
from tests.domain.flows.test_time_sheet_to_crew_time_sheet import SHEET, Entry, entry, line, resource, row
from tests.ledger_story import moment

LINES = "bc.crewTimeSheetLines"


class Watched(Entry):
    """An entry with its line, carried and settled; the office works on the line, and the hub looks."""

    def __init__(self, **fields: Any) -> None:
        super().__init__(resources=(resource(), resource("R2", procoreWorkerId=32)), **fields)
        (made,) = self.carry()
        self.sent: dict[str, Any] = begun(made.body)
        self.joined()
        self.settle()

    @property
    def memory(self) -> FlowMemory:
        """What the record remembers of the flow."""
        return self.record.flow(FLOW.name)

    def settle(self) -> None:
        """Nothing is left to do."""
        assert isinstance(self.decide(), Settle), self.decision
        self.record.settle(FLOW.name, self.record.believed[FLOW.origin.system].content, (), moment())

    def office(self, **fields: Any) -> None:
        """The office has the line say this."""
        self.shows(rows=(row(),), lines=(line(**fields, **{"@odata.etag": f'W/"{fields}"'}),))

    def look(self) -> Mapping[str, DriftField]:
        """What a look finds, and keeps: by field."""
        told = decide.wished(FLOW, self.record, self.source, self.references, self.lists, self.context)
        wished: dict[str, Any] | None = None
        if isinstance(told, Plan):
            wished = {} if told.followed is None else {LINE: told.followed}
        there = next(iter(self.there[crew_lines(SHEET)]), None)
        written = Written(
            part=LINE,
            endpoint=LINES,
            scope={},
            key="line-1",
            target_id="line-1",
            body=self.sent,
            version=1,
            followed=True,
        )
        follows = FLOW.follows
        assert follows is not None
        seen = look_after(
            written,
            there,
            wished,
            self.source,
            self.memory,
            follows,
            ENDPOINTS[LINES],
        ).fields
        new, over = drift.news(self.memory, seen), drift.settled(self.memory, {LINE}, seen)
        self.record.find_drift(FLOW.name, BUSINESS_CENTRAL, new, over, moment())
        return self.memory.drift.get(LINE, {})

    def say(self, choice: Choice, name: str, value: str = "") -> None:
        """Somebody says what stands."""
        known = self.memory.drift[LINE][name]
        said = settlement(known, "target" if choice == "keep-target" else "source", value)
        assert self.record.resolve_drift(FLOW.name, choice, [said], "as agreed", moment())

    def carried(self) -> Json:
        """The change of the line is sent and taken; the fields that went."""
        (part,) = self.carry()
        self.sent.update(part.body)
        return dict(part.body)


def figures(found: Mapping[str, DriftField]) -> dict[str, tuple[str, str, str, str]]:
    """Of each field its verdict, what was agreed on, what the source says, and what is there."""
    return {name: (each.verdict, each.was, each.wanted, each.there) for name, each in found.items()}


@pytest.mark.requirement("BX-06")
def test_a_line_as_it_was_made_is_no_drift() -> None:
    assert Watched().look() == {}
    assert begun({"hours": Decimal(8), "description": "x" * 150, "procoreStatus": "Approved"}) == {
        "hours": Decimal(8),
        "description": "x" * 100,
    }


@pytest.mark.requirement("BX-06", "C-19")
@pytest.mark.parametrize(
    ("name", "was", "there"),
    [
        ("hours", "8", Decimal(6)),
        ("resourceNumber", "R1", "R2"),
        ("workDate", "2026-03-30", "2026-03-31"),
        ("jobTaskNumber", "01-100", "03-300"),
        ("segmentCode", "SITE", "BLDG"),
        ("costTypeCode", "L", "M"),
        ("workTypeCode", "", "OT"),
        ("description", "Forming", "Seen by the office"),
    ],
)
def test_whatever_procore_owns_of_a_line_is_told_when_the_office_changed_it(name: str, was: str, there: Any) -> None:
    it = Watched()
    it.office(**{name: there})

    assert figures(it.look()) == {name: ("target", was, was, drift.in_text(there))}


@pytest.mark.requirement("BX-06")
def test_while_the_entry_waits_what_was_sent_is_what_both_agreed_on() -> None:
    it = Watched()
    it.sees(entry(hours="7.50"))
    assert it.look() == {}  # work to do
    it.office(hours=Decimal("7.5"))
    assert it.look() == {}  # both say the same
    it.office(hours=Decimal(6))
    assert figures(it.look()) == {"hours": ("conflict", "8", "7.5", "6")}

    decision = it.decide()
    assert isinstance(decision, Clash)
    assert "hours was 8, is 6 there, 7.5 in its source" in decision.reason


@pytest.mark.requirement("BX-06")
def test_what_both_sides_changed_alike_is_what_both_agree_on_from_then_on() -> None:
    it = Watched()
    it.sees(entry(hours="7.00"))
    it.office(hours=Decimal(7))
    it.settle()
    assert it.look() == {}

    it.office(hours=Decimal(8))
    assert figures(it.look()) == {"hours": ("target", "7", "7", "8")}


@pytest.mark.requirement("BX-06", "C-19", "PP-97")
@pytest.mark.parametrize(
    "locked", [{"status": "Submitted"}, {"status": "Rejected"}, {"status": "Approved"}, {"posted": True}]
)
def test_a_line_that_nobody_may_change_does_not_drift_and_what_was_found_before_stays_until_it_agrees(
    locked: dict[str, Any],
) -> None:
    it = Watched()
    assert is_open(line())
    assert not is_open(line(**locked))
    it.office(hours=Decimal(6), **locked)
    assert it.look() == {}

    it.office(hours=Decimal(6))
    it.look()
    it.office(hours=Decimal("5.5"), description="Late", **locked)
    assert figures(it.look()) == {"hours": ("target", "8", "8", "5.5")}
    it.office(**locked)
    assert it.look() == {}


@pytest.mark.requirement("BX-06", "C-19")
def test_what_the_flow_does_not_ask_for_any_more_is_no_drift() -> None:
    it = Watched()
    it.sees(entry(approvalStatus="completed"))
    it.office(hours=Decimal(6))

    assert it.look() == {}


@pytest.mark.requirement("BX-06")
def test_what_nobody_settled_is_left_alone_and_nothing_is_sent_where_nothing_is_left() -> None:
    it = Watched()
    it.office(hours=Decimal(6))
    it.look()
    assert isinstance(it.decide(), Settle)

    it.sees(entry(description="Pouring"))
    assert it.carried() == {"description": "Pouring"}
    it.office(hours=Decimal(6), description="Pouring")
    assert isinstance(it.decide(), Settle)


@pytest.mark.requirement("BX-06")
def test_where_the_source_shall_win_the_line_is_written_again_and_its_echo_is_no_drift() -> None:
    it = Watched()
    it.office(hours=Decimal(6))
    it.look()
    it.say("keep-source", "hours")
    assert it.carried() == {"hours": Decimal(8)}
    it.office()
    it.settle()

    assert it.look() == {}


@pytest.mark.requirement("BX-06", "C-19")
def test_accepted_hours_stand_on_a_submitted_sheet_too_until_the_source_says_other_ones() -> None:
    it = Watched()
    it.office(hours=Decimal(6))
    it.look()
    it.say("keep-target", "hours")
    it.settle()
    assert it.look() == {}
    it.office(hours=Decimal(5))
    assert figures(it.look()) == {"hours": ("target", "8", "8", "5")}
    it.office(hours=Decimal(6))
    assert it.look() == {}

    it.office(hours=Decimal(6), status="Submitted")
    it.sees(entry(approvalStatus="pending"))
    it.settle()
    it.sees(entry(hours="7.00"))
    decision = it.decide()
    assert isinstance(decision, Clash)
    assert "hours 6 there, 7.00 in Procore" in decision.reason


@pytest.mark.requirement("BX-06")
def test_a_value_of_ones_own_is_written_once_and_stands() -> None:
    it = Watched()
    it.office(hours=Decimal(6))
    it.look()
    it.say("merge", "hours", "7.5")
    assert it.carried() == {"hours": Decimal("7.5")}
    it.office(hours=Decimal("7.5"))
    it.settle()
    assert it.look() == {}

    it.sees(entry(description="Pouring"))
    assert it.carried() == {"description": "Pouring"}
    it.office(hours=Decimal("7.5"), description="Pouring")
    it.settle()
    assert it.look() == {}
    it.sees(entry(description="Pouring", hours="9.00"))
    assert it.carried() == {"hours": Decimal(9)}


@pytest.mark.requirement("BX-06", "PP-97")
def test_a_line_that_was_removed_is_told_left_away_and_asked_for_again_when_its_entry_says_something_else() -> None:
    it = Watched()
    it.shows(rows=(row(),))
    assert [each.verdict for each in it.look().values()] == ["gone"]
    assert isinstance(it.decide(), Clash)
    gone = it.memory.drift[LINE][""]
    assert "removed from a crew time sheet is not made again" in drift.refusal(FLOW, gone, "source")
    assert drift.refusal(FLOW, gone, "target") == ""

    it.say("keep-target", "")
    it.settle()
    assert it.look() == {}
    it.sees(entry(approvalStatus="pending"))
    it.settle()
    it.sees(entry(hours="7.00"))
    assert isinstance(it.decide(), Clash)
    assert [each.verdict for each in it.look().values()] == ["gone"]
