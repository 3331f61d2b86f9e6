"""Moments that people and programs write are read alike everywhere, and nonsense is answered with a mend."""

from datetime import UTC, datetime

import pytest

from domain.errors import WrongInput
from hub.moments import moment_in


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("", None),
        ("2026-01-31T08:00:00Z", datetime(2026, 1, 31, 8, tzinfo=UTC)),
        ("2026-01-31T08:00:00+02:00", datetime(2026, 1, 31, 6, tzinfo=UTC)),
        ("2026-01-31T08:00:00", datetime(2026, 1, 31, 8, tzinfo=UTC)),
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
    ],
)
def test_a_moment_is_read_into_utc(text: str, moment: datetime | None) -> None:
    assert moment_in("since", text) == moment


@pytest.mark.parametrize("text", ["yesterday", "2026-02-30T00:00:00Z", "0001-01-01T00:00:00+02:00", "9" * 500])
def test_nonsense_names_the_field_and_the_mend(text: str) -> None:
    with pytest.raises(WrongInput, match="since") as caught:
        moment_in("since", text)
    assert "2026-01-31T08:00:00Z" in str(caught.value)
    assert len(str(caught.value)) < 200
