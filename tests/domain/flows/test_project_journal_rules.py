"""A journal line is refused by its rules, all of them at once, after it is posted and already before."""

from decimal import Decimal

import pytest

from domain.decide import Reject, decide
from domain.events import Violation
from domain.flows.project_journal_to_direct_cost import FLOW, NOT_BUDGET, Failure, violations_of
from tests.domain.flows.journal_entries import (
    broken,
    context,
    entry,
    linked,
    passage,
    starting,
)
from tests.ledger_story import unlinked

# -- the rules -------------------------------------------------------------------------------------


@pytest.mark.requirement("PP-44")
def test_the_refusal_reads_exactly_as_it_is_written() -> None:
    text = "Only Journal Lines with Entry Type = 'Budget' are eligible for Procore Direct Cost synchronization."

    assert broken(passage(entry(entryType="Usage")).decide()) == [("PP-44", "Entry Type", text)]
    assert text == NOT_BUDGET


@pytest.mark.requirement("PP-44", "C-08")
@pytest.mark.parametrize("word", ["Budget", "budget", " BUDGET ", "\tBudget"])
def test_budget_is_budget_whatever_its_case_and_blanks(word: str) -> None:
    assert starting(entry(entryType=word)).sends()


@pytest.mark.requirement("PP-44", "C-08")
@pytest.mark.parametrize("word", ["", "_x0020_", "Usage", "Sale", "Budgets", "Both Budget and Billable"])
def test_everything_else_is_no_budget(word: str) -> None:
    assert broken(passage(entry(entryType=word)).decide())[0][2] == NOT_BUDGET


@pytest.mark.requirement("PP-45", "PP-46", "PP-47", "PP-52")
@pytest.mark.parametrize(
    ("field", "rule", "caption"),
    [
        ("jobNumber", "PP-45", "Job No."),
        ("jobTaskNumber", "PP-46", "Job Task No."),
        ("segmentCode", "PP-47", "Segment Code"),
        ("costTypeCode", "PP-52", "Cost Type"),
    ],
)
@pytest.mark.parametrize("blank", ["", "  "])
def test_a_missing_field_is_named(field: str, rule: str, caption: str, blank: str) -> None:
    message = f"{caption} is missing; fill it in on the journal line before it is posted"

    assert broken(passage(entry(**{field: blank})).decide()) == [(rule, caption, message)]


@pytest.mark.requirement("PP-48", "C-10", "C-11")
@pytest.mark.parametrize(
    ("amount", "said"),
    [("0", "0.00"), ("0.00", "0.00"), ("-0.01", "-0.01"), ("-5", "-5.00"), ("0.004", "0.00"), ("-0.004", "0.00")],
)
def test_nothing_and_less_than_nothing_is_refused(amount: str, said: str) -> None:
    words = f"Amount is {said}; it must be greater than 0"

    assert broken(passage(entry(amount=Decimal(amount))).decide()) == [("PP-48", "Amount", words)]


@pytest.mark.requirement("PP-48")
@pytest.mark.parametrize("amount", ["0.01", "0.005", "999999999999.99"])
def test_a_cent_is_accepted(amount: str) -> None:
    assert starting(entry(amount=Decimal(amount))).sends()


@pytest.mark.requirement("C-10")
def test_negative_amounts_go_where_the_setting_lets_them_and_nothing_never_does() -> None:
    allowed = {"allow_negative": True}

    assert starting(entry(amount=Decimal(-5)), settings=allowed).sends()
    assert isinstance(passage(entry(amount=Decimal(0)), settings=allowed).decide(), Reject)
    assert isinstance(passage(entry(amount=Decimal("-0.004")), settings=allowed).decide(), Reject)


@pytest.mark.requirement("BX-17")
def test_an_entry_in_another_currency_is_refused() -> None:
    words = "the entry is in EUR; only entries in USD can be carried"

    assert broken(passage(entry(currencyCode="EUR"), local_currency="USD").decide()) == [
        ("BX-17", "Currency Code", words)
    ]
    assert starting(entry(currencyCode="usd"), local_currency="USD").sends()


@pytest.mark.requirement("PP-44", "PP-45", "PP-46", "PP-47", "PP-48")
def test_everything_that_is_wrong_is_said_at_once() -> None:
    wrong = entry(entryType="Usage", jobNumber="", jobTaskNumber="", segmentCode="", amount=Decimal(0))

    assert [rule for rule, _, _ in broken(passage(wrong).decide())] == ["PP-44", "PP-45", "PP-46", "PP-47", "PP-48"]


@pytest.mark.requirement("PP-49")
def test_an_entry_without_fault_is_held_back_by_the_others_of_its_batch() -> None:
    it = starting()
    other = Violation("PP-44", "Entry Type", NOT_BUDGET, line=4712)
    decision = decide(FLOW, it.record, it.source, it.references, it.lists, it.context, [other])

    assert decision == Reject([other])


@pytest.mark.requirement("PP-46")
def test_a_heading_takes_no_cost() -> None:
    references = {**linked(), ("project_task", "J1|01-100"): unlinked("excluded", "Heading")}

    assert broken(passage(references=references).decide()) == [
        ("PP-46", "Job Task No.", "Job Task No. 01-100 is of type Heading; only Posting can be used")
    ]


# -- the check before posting ----------------------------------------------------------------------


@pytest.mark.requirement("C-07", "PP-44")
def test_the_check_before_posting_names_every_fault_of_every_line() -> None:
    journal_line = {
        "entryType": "Usage",
        "jobNumber": "J1",
        "jobTaskNumber": "01-100",
        "segmentCode": "EAST",
        "costTypeCode": "M",
        "amount": Decimal(5),
        "sendToProcore": True,
    }
    batch = {
        "projectJournalLines": [
            {**journal_line, "lineNumber": 10000},
            {**journal_line, "lineNumber": 20000, "entryType": "Budget", "amount": Decimal(-5)},
            {**journal_line, "lineNumber": 30000, "sendToProcore": False},
        ]
    }

    assert violations_of([entry(), batch, entry(amount="many", entryNumber=9)], context()) == [
        Failure(1, 10000, "Entry Type", "PP-44", NOT_BUDGET),
        Failure(1, 20000, "Amount", "PP-48", "Amount is -5.00; it must be greater than 0"),
        Failure(2, 9, "Amount", "PP-48", "Amount 'many' is not a number"),
    ]


@pytest.mark.requirement("C-07", "C-10")
def test_the_check_before_posting_knows_the_settings() -> None:
    assert violations_of([entry(amount=Decimal(-5))], context(allow_negative=True)) == []
