"""Whatever shape an error body has, a person reads the remote's own words, and nothing raises by itself."""

from datetime import UTC, datetime

import pytest

from adapters.outbound.answers import Answer, UnreadableAnswer, read_document
from adapters.outbound.meaning import business_central_problem, field_messages, procore_problem
from domain.delivery import Exchange
from domain.values import read_json

TRACE = "a1b2c3d4-0000-4000-8000-1234567890ab"


def answer(body: bytes | str, status: int = 422) -> Answer:
    content = body.encode() if isinstance(body, str) else body
    exchange = Exchange(
        method="GET",
        url="https://api.test/things",
        status=status,
        request=b"",
        response=content,
        at=datetime(2026, 1, 1, tzinfo=UTC),
        took_ms=1,
    )
    return Answer(status=status, headers={"content-type": "text/html"}, body=content, exchange=exchange)


@pytest.mark.parametrize(
    ("body", "message", "code"),
    [
        ('{"errors": "text"}', "text", ""),
        ('{"errors": ["one", "two"]}', "one, two", ""),
        (
            '{"errors": {"name": ["is blank", "is short"], "code": ["is taken"]}}',
            "name: is blank, is short; code: is taken",
            "",
        ),
        ('{"error": "text"}', "text", ""),
        ('{"message": "text"}', "text", ""),
        ('{"code": 403, "message": "no", "reason": "because", "fields": "name"}', "no; because; name", "403"),
        (
            (
                '{"error": {"code": "E1", "message": "bad", "details": '
                '[{"code": "c", "message": "too long", "source": "name"}]}}'
            ),
            "bad; name: too long",
            "E1",
        ),
        (
            '{"error": {"code": "BAD_REQUEST", "message": "bad", "details": [{"reason_code": "X_1", "source": ""}]}}',
            "bad; X_1",
            "BAD_REQUEST",
        ),
        (
            '{"error": "invalid_grant", "error_description": "The grant is invalid"}',
            "invalid_grant; The grant is invalid",
            "",
        ),
        (
            "<html><head><style>p {}</style></head><body><h1>502</h1>\n<p>Bad gateway</p></body></html>",
            "502 Bad gateway",
            "",
        ),
        ("Service down", "Service down", ""),
        ("", "", ""),
        ("null", "", ""),
        ("[]", "[]", ""),
        ('"just text"', "just text", ""),
        ('{"errors": {"lines": [{"amount": ["is wrong"]}]}}', "lines: amount: is wrong", ""),
        ('{"unknown": 1}', "", ""),
        ("[" * 100_000, "[", ""),
    ],
)
def test_procores_words_are_found_in_every_shape_of_its_errors(body: str, message: str, code: str) -> None:
    problem = procore_problem(answer(body))

    assert problem.message[: len(message) or None].startswith(message)
    assert problem.code == code


def test_business_centrals_words_come_without_the_trace_at_their_end() -> None:
    text = f"The field Name must have a value.  CorrelationId:  {TRACE}."
    problem = business_central_problem(
        answer(f'{{"error": {{"code": "Application_DialogException", "message": "{text}"}}}}')
    )

    assert problem.message == "The field Name must have a value."
    assert problem.code == "Application_DialogException"
    assert problem.correlation == TRACE


@pytest.mark.parametrize("body", ["<h1>Sign in</h1>", "", "[1]", '{"error": "odd"}', '{"error": {}}', "\xff\xfe"])
def test_a_body_that_business_central_never_promised_is_survived(body: str) -> None:
    problem = business_central_problem(answer(body))

    assert problem.correlation == ""


def test_a_very_long_text_is_cut() -> None:
    assert len(procore_problem(answer("x" * 100_000)).message) <= 2000
    assert len(procore_problem(answer(f'{{"message": "{"x" * 100_000}"}}')).message) <= 2000


def test_field_messages_stand_in_one_line() -> None:
    assert field_messages({"id": ["Entity with this ID not found"]}) == "id: Entity with this ID not found"


@pytest.mark.parametrize(
    "body",
    [
        b"<html>ok</html>",
        b"plain",
        b'{"id": 1',
        b"[" * 100_000,
        b"[1e999999999]",
        b"[1e99999999999999999999]",
        b'{"a": NaN}',
        b"\xff\xfe\x00",
        b'["\\ud800"]',
    ],
)
def test_what_is_no_sensible_json_is_unreadable_and_keeps_its_bytes(body: bytes) -> None:
    with pytest.raises(UnreadableAnswer) as caught:
        read_document(answer(body, 200))

    assert caught.value.exchange.response == body
    assert "answered 200" in str(caught.value)


def test_amounts_are_read_exactly() -> None:
    body = b'{"amount": 1234567890123.45, "rate": 0.10, "count": 3}'

    assert str(read_document(answer(body))) == str(read_json(body))
    assert str(read_document(answer(body))["rate"]) == "0.10"
