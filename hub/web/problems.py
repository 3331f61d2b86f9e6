"""Errors as problem details (RFC 9457): what is wrong, with which field, and the mend; never a stack or a secret."""

from collections.abc import Mapping
from typing import Any

import orjson
import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from adapters.store import Locked, RowsRefused, StoreUnavailable, StreamMoved
from domain.errors import Changed, Misconfigured, NeedsDecision, RetryLater, SiteLedgerError, Unknown, WrongInput
from hub.access import NotSignedIn, WrongRequest
from hub.report import ExitStatus, Halted
from hub.tracing import current_id

log: structlog.stdlib.BoundLogger = structlog.get_logger()

KIND = "application/problem+json"
_TITLES = {
    400: "The request cannot be understood",
    401: "Not signed in",
    403: "Not permitted",
    404: "Nothing there",
    405: "Not this method",
    409: "Changed since reviewed",
    413: "Too large",
    415: "Not this kind of content",
    422: "The values cannot be used",
    429: "Too many requests",
    500: "A fault of SiteLedger",
    502: "A system refused",
    503: "Try later",
}
_STATUS = {
    ExitStatus.WRONG_USE: 404,
    ExitStatus.NOT_PERMITTED: 403,
    ExitStatus.REMOTE: 502,
    ExitStatus.CHANGED: 409,
    ExitStatus.TRY_LATER: 503,
    ExitStatus.NEEDS_PERSON: 409,
    ExitStatus.CONFIGURATION: 409,
}


class Refused(SiteLedgerError):
    """A request that is answered with a problem."""

    def __init__(
        self, status: int, detail: str, *, errors: list[dict[str, Any]] | None = None, headers: Mapping[str, str] = {}
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.errors = errors or []
        self.headers = dict(headers)


def problem(
    status: int, detail: str, errors: list[dict[str, Any]] | None = None, headers: Mapping[str, str] = {}
) -> web.Response:
    """One problem as an answer."""
    title = _TITLES.get(status, "Problem")
    document: dict[str, Any] = {
        "type": f"urn:siteledger:problem:{title.lower().replace(' ', '-')}",
        "title": title,
        "status": status,
        "detail": detail,
    }
    if errors:
        document["errors"] = errors
    if trace_id := current_id():
        document["trace"] = trace_id
    return web.Response(status=status, body=orjson.dumps(document), content_type=KIND, headers=headers)


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turns every error into a problem; what nobody foresaw is logged by kind and place alone."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:  # noqa: PLR2004 - a redirect
            raise
        headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
        return problem(error.status, _words_of(error), headers=headers)
    except SiteLedgerError as error:
        if not isinstance(error, RowsRefused):
            return of_error(error)
        return _unforeseen(request, error)
    except Exception as error:  # noqa: BLE001 - the outermost place of a request: it becomes an answer and a log line
        return _unforeseen(request, error)


def _unforeseen(request: web.Request, error: Exception) -> web.Response:
    """A fault of ours: kind and place, without the text and the stack, which may hold anything."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    place = f"{frame.tb_frame.f_code.co_filename.rpartition('/')[2]}:{frame.tb_lineno}" if frame else ""
    log.error("request_failed", path=request.path, kind=type(error).__name__, place=place)
    return problem(500, f"internal error: {type(error).__name__} at {place}")


def of_error(  # noqa: PLR0911 - one line for each kind of error
    error: SiteLedgerError,
) -> web.Response:
    """The problem that an error of ours is, by who has to act."""
    match error:
        case Refused():
            return problem(error.status, str(error), error.errors, error.headers)
        case WrongInput():
            errors = [{"field": error.field, "problem": error.problem, "mend": error.mend}]
            return problem(422, str(error), errors)
        case NotSignedIn():
            return problem(401, str(error), headers={"WWW-Authenticate": "Bearer"})
        case WrongRequest():
            return problem(422, str(error), [{"field": error.field, "problem": str(error)}])
        case Unknown():
            return problem(404, str(error))
        case Halted():
            return problem(_STATUS.get(error.status, 409), str(error))
        case Changed() | StreamMoved():
            return problem(409, str(error))
        case Locked() | StoreUnavailable() | RetryLater():
            return problem(503, str(error), headers={"Retry-After": "5"})
        case NeedsDecision() | Misconfigured():
            return problem(502, str(error))
        case _:
            return problem(409, str(error))


def _words_of(error: web.HTTPException) -> str:
    match error:
        case web.HTTPNotFound():
            return "there is nothing at this address"
        case web.HTTPRequestEntityTooLarge():
            return "the body is larger than what is taken here; send it in parts"
        case web.HTTPMethodNotAllowed():
            return f"{error.method} does not work here; use {', '.join(sorted(error.allowed_methods))}"
        case _:
            return error.reason
