"""What an answer means for the hub: statuses and error bodies become our errors.

Source  Procore guide 7, Business Central guide 6, 12 and 13.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast

import msgspec

from adapters.outbound.answers import Answer, Call, UnreadableAnswer, read_document
from domain.errors import Changed, Misconfigured, NeedsDecision, NotLetIn, RetryLater, SiteLedgerError
from domain.values import PROCORE, System

# An error text is for people; a longer one is a page, not a text.
LONGEST_TEXT = 2000
_TAGS = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^>]*>", re.IGNORECASE | re.DOTALL)
_CORRELATION = re.compile(r"\s*CorrelationId:\s*([0-9a-fA-F-]{36})\.?\s*$")
_CHANGED_CODES = frozenset({"Request_EntityChanged", "BadRequest_InvalidToken"})
MAYBE_NOT_PERMITTED = "This may also mean that the service account is not permitted on the project."
DUPLICATE = "Internal_EntityWithSameKeyExists"
_UNCERTAIN = frozenset({408, 500, 502, 503, 504})
# Texts with which Procore says that the whole connection is wrong, not this row (guide 7 at 403; H2, Z15).
_CONNECTION_TEXTS = ("app is not connected", "procore-company-id", "not installed")


class Problem(msgspec.Struct, frozen=True):
    """The remote's own words.

    Shape   `message` plain text, empty when the body had none; `code` the remote's code; `correlation` its trace id.
    """

    message: str = ""
    code: str = ""
    correlation: str = ""


def procore_problem(answer: Answer) -> Problem:
    """Words of a Procore error in any of its shapes (guide 7); never raises.

    A 404 gets a hint: an account that may not see the project is answered the same (guide 7, A12).
    """
    problem = _procore_words(_document(answer))
    if answer.status != 404:  # noqa: PLR2004
        return problem
    return Problem(f"{problem.message or 'Not found'}. {MAYBE_NOT_PERMITTED}", problem.code)


def _procore_words(document: object) -> Problem:
    if not isinstance(document, Mapping):
        return Problem(_plain(document))
    fields = cast("Mapping[str, Any]", document)
    error: object = fields.get("error")
    if isinstance(error, Mapping):
        inner = cast("Mapping[str, Any]", error)
        parts = [_plain(inner.get("message")), _details(inner.get("details"))]
        return Problem(_join(parts), _plain(inner.get("code")))
    parts = [
        _plain(fields.get("message")),
        _plain(fields.get("reason")),
        _plain(fields.get("error")),
        field_messages(fields.get("errors")),
        _plain(fields.get("error_description")),
        field_messages(fields.get("fields")),
    ]
    code = fields.get("code")
    return Problem(_join(parts), "" if code is None else _plain(code))


def business_central_problem(answer: Answer) -> Problem:
    """Words of a Business Central error (guide 13); never raises."""
    return business_central_words(_document(answer))


def business_central_words(document: object) -> Problem:
    """Words of an error document; the trace id at the end of the message is taken out of it."""
    if not isinstance(document, Mapping):
        return Problem(_plain(document))
    fields = cast("Mapping[str, object]", document)
    error = fields.get("error")
    if not isinstance(error, Mapping):
        return Problem(_plain(fields if error is None else error))
    inner = cast("Mapping[str, Any]", error)
    message = _plain(inner.get("message"))
    found = _CORRELATION.search(message)
    if found is None:
        return Problem(message, _plain(inner.get("code")))
    return Problem(message[: found.start()].rstrip(), _plain(inner.get("code")), found.group(1))


def field_messages(errors: object) -> str:
    """`{"field": ["text", ...]}` and its looser forms in one line."""
    if isinstance(errors, Mapping):
        rows = cast("Mapping[str, object]", errors)
        return "; ".join(f"{name}: {field_messages(told)}" for name, told in rows.items())
    if isinstance(errors, list):
        return ", ".join(field_messages(told) for told in cast("list[object]", errors))
    return _plain(errors)


def error_for(system: System, call: Call, answer: Answer, problem: Problem, after: timedelta) -> SiteLedgerError:
    """The error that an answer stands for, named by who acts next."""
    told = problem.message or answer.reason or "no reason given"
    text = f"{call.kind}: {answer.status or 'no answer'}: {told}"
    if answer.failure:
        return _without_answer(call, answer, text, after)
    status = answer.status
    if answer.ok:
        return UnreadableAnswer(text, answer.exchange)
    if status in _UNCERTAIN:
        return RetryLater(text, after=after, outcome_unknown=call.write)
    return error_of_status(system, status, problem, text, after)


def error_of_status(system: System, status: int, problem: Problem, text: str, after: timedelta) -> SiteLedgerError:
    """The error behind a refusal that certainly changed nothing."""
    if status == 429:  # noqa: PLR2004
        return RetryLater(text, after=after)
    if problem.code in _CHANGED_CODES or (status in {409, 412, 428} and problem.code != DUPLICATE):
        return Changed(text)
    if _is_stranger(status, problem):
        what = "the permissions of the application" if status == 403 else "the credentials, and the application's card"  # noqa: PLR2004
        return NotLetIn(f"{text}. Check {what}.")
    if remedy := _misconfigured(system, status, problem, text):
        return Misconfigured(f"{text}. {remedy}")
    return NeedsDecision(text, status=status, code=problem.code)


def _is_stranger(status: int, problem: Problem) -> bool:
    return status == 401 or problem.code.startswith(("Authentication_", "Authorization_"))  # noqa: PLR2004


def _misconfigured(system: System, status: int, problem: Problem, text: str) -> str:
    """What whoever runs the hub should do about a refusal of the whole connection; empty for any other refusal."""
    if 300 <= status < 400:  # noqa: PLR2004
        return "The address in the settings answers with a redirect."
    if problem.code == "Internal_CompanyNotFound":
        return "Check company_id in the settings."
    if system == PROCORE and status in {400, 403} and any(part in text.lower() for part in _CONNECTION_TEXTS):
        return "Check that the app is installed for this company."
    return ""


def _without_answer(call: Call, answer: Answer, text: str, after: timedelta) -> SiteLedgerError:
    if answer.failure == "unsent":
        return RetryLater(text, after=after, answered=False)
    if call.write:
        return RetryLater(text, after=after, outcome_unknown=True, answered=False)
    if answer.failure == "oversize":
        return UnreadableAnswer(text, answer.exchange)
    return RetryLater(text, after=after, answered=False)


def _document(answer: Answer) -> object:
    if answer.failure:
        return None
    try:
        return read_document(answer)
    except UnreadableAnswer:
        # A gateway's page or plain text is still the best account of what happened.
        return _TAGS.sub(" ", answer.body[: 16 * LONGEST_TEXT].decode("utf-8", "replace"))


def _details(details: object) -> str:
    if not isinstance(details, list):
        return field_messages(details)
    told: list[str] = []
    for detail in cast("list[object]", details):
        if isinstance(detail, Mapping):
            row = cast("Mapping[str, object]", detail)
            source = _plain(row.get("source"))
            words = _plain(row.get("message")) or _plain(row.get("reason_code") or row.get("code"))
            told.append(f"{source}: {words}" if source else words)
        else:
            told.append(_plain(detail))
    return "; ".join(part for part in told if part)


def _plain(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping | list):
        value = msgspec.json.encode(value, enc_hook=str).decode()
    return " ".join(str(value).split())[:LONGEST_TEXT]


def _join(parts: list[str]) -> str:
    told: list[str] = []
    for part in parts:
        if part and part not in told:
            told.append(part)
    return "; ".join(told)[:LONGEST_TEXT]
