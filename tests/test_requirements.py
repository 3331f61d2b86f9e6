"""Every requirement that this version keeps is proved by a test that says so."""

from tests.requirements_report import ID, IN_SCOPE, missing, proofs, table


def test_every_requirement_in_scope_has_a_test() -> None:
    """`python -m tests.requirements_report` prints which test proves what."""
    assert missing() == []


def test_no_mark_is_misspelt() -> None:
    assert [id_ for id_ in proofs() if not ID.fullmatch(id_)] == []


def test_the_table_names_every_requirement_in_scope() -> None:
    text = table()

    assert all(f"| {id_} | " in text for id_ in IN_SCOPE)
