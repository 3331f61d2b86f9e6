"""What is cut on its way stays apart, or is refused together with what it would become one with."""

import pytest

from domain.collisions import Shortened

pytestmark = pytest.mark.requirement("BX-24")

NUMBER = Shortened("number", 5, lambda row: str(row["number"]), lambda row: str(row["job"]))


def row(number: str, job: str = "JOB1") -> dict[str, object]:
    return {"number": number, "job": job}


def test_two_that_are_cut_to_the_same_are_named_together() -> None:
    words = NUMBER.clash(row("ABCDE-1"), [row("ABCDE-2"), row("ABCDX-3"), row("ABC")])

    assert '"ABCDE-1" and "ABCDE-2" would all become "ABCDE"' in words
    assert words == NUMBER.clash(row("ABCDE-2"), [row("ABCDE-1")])


def test_one_that_has_just_the_length_collides_with_a_longer_one() -> None:
    assert NUMBER.may_collide(row("ABCDE"))
    assert '"ABCDE" and "ABCDEF"' in NUMBER.clash(row("ABCDE"), [row("ABCDEF")])


def test_a_shorter_one_needs_no_look() -> None:
    assert not NUMBER.may_collide(row("ABCD"))


def test_the_same_number_elsewhere_and_the_very_same_number_are_no_collision() -> None:
    assert NUMBER.clash(row("ABCDE-1"), [row("ABCDE-2", "JOB2"), row("ABCDE-1")]) == ""
