"""Every field of an event that names a body says so, so that no proof leaves one out."""

from typing import get_type_hints

import pytest

from domain.events import EVENTS
from domain.events.naming import CONTENT_FIELDS, content_fields
from domain.values import Digest

OF_FIELDS = {"digest", "plan"}
"""Digests of fields and of plans: they name no body."""


@pytest.mark.requirement("BX-08")
def test_a_field_that_holds_one_digest_names_a_body_or_is_a_digest_of_fields() -> None:
    silent = [
        f"{topic} {name}"
        for topic, event in EVENTS.items()
        for name, hint in get_type_hints(event).items()
        if hint is Digest and name not in OF_FIELDS and name not in content_fields(event)
    ]

    assert silent == []


@pytest.mark.requirement("BX-08")
def test_requests_answers_and_what_was_seen_are_among_them() -> None:
    assert CONTENT_FIELDS["record.observed.1"] == ("content",)
    assert CONTENT_FIELDS["delivery.confirmed.1"] == ("request", "response")
    assert "access.user-put.1" not in CONTENT_FIELDS
