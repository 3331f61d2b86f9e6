"""Logs are JSON lines, and a secret that somebody logs by mistake is not written."""

import json
from typing import Any

import pytest
import structlog

from hub.logs import HIDDEN, configure, hide_secrets


@pytest.mark.parametrize(
    "event",
    [
        {"client_secret": "planted-1"},
        {"token": "planted-2"},
        {"Authorization": "planted-3"},
        {"error": "GET https://hub:planted-4@db/ledger failed"},
        {"error": "headers: Authorization: Bearer planted-5"},
        {"error": "sent slk_planted6planted6planted6planted6"},
        {"error": "body grant_type=client_credentials&client_secret=planted-7&scope=x"},
        {"detail": [{"password": "planted-8"}, "Basic planted-9"]},
        {"error": ValueError("Bearer planted-10")},
        {"exception": "jwt eyJplanted11.eyJplanted12.planted13"},
    ],
)
def test_what_looks_like_a_credential_is_hidden(event: dict[str, Any]) -> None:
    written = json.dumps(hide_secrets(None, "", event))

    assert "planted" not in written
    assert HIDDEN in written


def test_everything_else_is_written_as_it_is() -> None:
    event = {
        "event": "delivered",
        "flow": "vendor-to-company",
        "took_ms": 3,
        "found": False,
        "key_id": "ab",
        "at": None,
    }

    assert hide_secrets(None, "", dict(event)) == event


def test_a_line_is_one_json_document_even_with_an_exception(capsys: pytest.CaptureFixture[str]) -> None:
    before = structlog.get_config()
    configure()
    try:
        try:
            _ = {}["Bearer planted-secret"]
        except KeyError:
            structlog.get_logger().exception("failed", record="1")
    finally:
        structlog.configure(**before)

    document = json.loads(capsys.readouterr().err)
    assert (document["event"], document["level"], document["record"]) == ("failed", "error", "1")
    assert "KeyError" in document["exception"]
    assert "planted" not in json.dumps(document)
