"""The stand-in over HTTP: who may call, what is refused before a handler sees it, how an answer leaves."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import msgspec
from aiohttp import web

from adapters.sandbox.faults import Fault
from adapters.sandbox.procore.contract import Mismatch, Operation, check_query, clean_body, operation, render
from adapters.sandbox.procore.kernel import Answer, Call, Problem, Route, refuse_wrong
from adapters.sandbox.procore.limits import TEXT, Limits
from adapters.sandbox.procore.projects import permitted
from adapters.sandbox.procore.routes import ROUTES
from adapters.sandbox.procore.state import Author, Invalid, State
from adapters.sandbox.procore.turns import BUSY, Turns
from adapters.sandbox.wire import Token, TokenDesk, Wire, json_answer, load_json
from domain.values import Json

COMPANY_HEADER = "Procore-Company-Id"
TOKEN_PATHS = ("/oauth/token", "/oauth/revoke")
LARGEST_BODY = 64 * 1024**2

_TEXTS = {
    401: {"error": "invalid_token", "error_description": "The access token is invalid"},
    403: {"code": 403, "message": "Forbidden", "reason": "Permission too low"},
    409: {"errors": "The record is being changed by another request"},
    429: {"errors": TEXT},
    503: {"message": "Service unavailable, try again later"},
}


@dataclass
class Server:
    """Routes, checks and answers of one company."""

    state: State
    tokens: TokenDesk
    wire: Wire
    limits: Limits
    turns: Turns = field(default_factory=Turns)

    def app(self, export: Callable[[], Json]) -> web.Application:
        """The whole application, with the controls under `/_sandbox/` and the state under `/_sandbox/export`."""
        middlewares: list[Any] = [self.turns.middleware, self.wire.middleware, self._refuse_unknown]
        app = web.Application(middlewares=middlewares, client_max_size=LARGEST_BODY)
        self.wire.mount(app)

        async def show_export(_request: web.Request) -> web.Response:
            return json_answer(export())

        app.router.add_get("/_sandbox/export", show_export)
        app.router.add_post("/oauth/token", self.tokens.handle)
        app.router.add_get("/oauth/token/info", self._token_info)
        app.router.add_post("/oauth/revoke", self._revoke)
        for route in ROUTES:
            app.router.add_route(route.method, route.path, self._handler(route))
        return app

    def refusal(self, request: web.Request, status: int) -> web.Response:
        """Procore's own words for a status that a fault asks for."""
        body = _TEXTS.get(status, {"message": f"Request to {request.path} failed with {status}"})
        return self._leave(json_answer(body, status=status))

    @property
    def _refuse_unknown(self) -> Any:
        @web.middleware
        async def apply(
            request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
        ) -> web.StreamResponse:
            try:
                return await handler(request)
            except web.HTTPNotFound:
                return self._leave(json_answer({"errors": "Not found"}, status=404))
            except web.HTTPMethodNotAllowed as refused:
                headers = {"Allow": ", ".join(sorted(refused.allowed_methods))}
                answer = json_answer({"errors": "Method not allowed"}, status=405)
                answer.headers.update(headers)
                return self._leave(answer)

        return apply

    def _handler(self, route: Route) -> Callable[[web.Request], Awaitable[web.Response]]:
        found = operation(route.method, route.path)

        async def handle(request: web.Request) -> web.Response:
            try:
                self._enter(request)
                call = await self._call(route, found, request)
                with self.state.acting(self._author(request)):
                    answer = route.serve(call)
            except Problem as problem:
                refused = json_answer(problem.body, status=problem.status)
                refused.headers.update(problem.headers)
                return self._leave(refused)
            except Invalid as broken:
                return self._leave(json_answer({"errors": broken.errors}, status=422))
            return self._leave(self._answer(found, answer, request.path))

        return handle

    def _enter(self, request: web.Request) -> None:
        """Token, company, limits, in this order.

        Raises  Problem
        """
        if self._token(request) is None:
            raise Problem(401, _TEXTS[401])
        company = request.headers.get(COMPANY_HEADER)
        if company is None:  # H2, Z15
            raise Problem(403, {"errors": "Missing Procore-Company-Id header! Please provide the header."})
        if company != str(self.state.company_id) or not self.state.settings.app_installed:
            raise Problem(403, {"errors": "App is not connected to this company"})
        if not self.limits.spend():
            headers = self.limits.headers()
            wait = max(1, int(headers["X-Rate-Limit-Reset"]) - int(self.state.now().timestamp()))
            raise Problem(429, _TEXTS[429], {"Retry-After": str(wait)} if self.state.settings.send_retry_after else {})

    async def _call(self, route: Route, found: Operation, request: web.Request) -> Call:
        query = {name: request.query.getall(name) for name in request.query}
        body = await _body(request, found)
        try:
            path = {name: int(value) for name, value in request.match_info.items()}
        except ValueError:
            raise Problem(404, {"errors": "Not found"}) from None
        try:
            check_query(found, query, unknown=self.state.settings.refuse_unknown_query)
            cleaned, wrong = clean_body(found, body)
        except Mismatch as mismatch:  # section 7: 406 names a field that does not exist, 400 an invalid one
            raise Problem(406 if mismatch.unknown else 400, {"errors": str(mismatch)}) from None
        base = str(request.url.with_query(None))
        call = Call(self.state, path, query, cleaned, base, wrong, trouble=lambda: self._trouble(request))
        self._find_project(route, call)
        if request.get(BUSY):
            raise Problem(409, _TEXTS[409])
        refuse_wrong(call, -1)
        return call

    def _trouble(self, request: web.Request) -> Fault | None:
        return self.wire.faults.take(request.method, request.path_qs, part=True)

    def _find_project(self, route: Route, call: Call) -> None:
        """The permitted project that the call names; its tool must be on.

        Raises  Problem 404 for others, 403 for a tool that is switched off
        """
        if route.project == "":
            return
        by_place: Mapping[str, int | None] = {
            "path": call.path.get("project_id"),
            "id": call.path.get("id"),
            "query": call.number("project_id"),
            "body": call.body.get("project_id"),
        }
        named = by_place[route.project]
        if named is None and route.project == "query":
            return  # the description says whether it must be there
        call.project = permitted(self.state, named)
        if route.tool and route.tool in (call.project.get("tools_off") or []):
            raise Problem(403, {"errors": f"The {route.tool} tool is not enabled in this project"})

    def _answer(self, found: Operation, answer: Answer, path: str) -> web.Response:
        body = answer.body
        if found.answer < 0 or answer.status:
            response = web.Response(status=answer.status or found.status)
        else:
            if answer.view != -2:  # noqa: PLR2004 - see Answer
                body = render(found.answer, body, view=answer.view, sparse=answer.sparse)
            if self.state.settings.extra_keys and self.state.chance(path) % 2:
                body = _with_extra(body)
            response = json_answer(body, status=found.status)
        response.headers.update(answer.headers)
        return response

    def _leave(self, response: web.Response) -> web.Response:
        response.headers.update(self.limits.headers())  # R2: on every answer
        return response

    def _author(self, request: web.Request) -> Author:
        token = self._token(request)
        return Author(self.state.service_user_id, token.client_id if token is not None else "")

    def _token(self, request: web.Request) -> Token | None:
        return self.tokens.holder(request.headers.get("Authorization"))

    async def _token_info(self, request: web.Request) -> web.Response:
        """A10: describes the bearer token; the company header is asked for here as well (Z14)."""
        try:
            self._enter(request)
        except Problem as problem:
            return self._leave(json_answer(problem.body, status=problem.status))
        token = self._token(request)
        assert token is not None  # noqa: S101 - _enter refused the others
        info: Json = {
            "resource_owner_id": self.state.service_user_id,
            "scopes": [],
            "expires_in_seconds": int((token.expires_at - self.state.now()).total_seconds()),
            "application": {"uid": token.client_id},
            "created_at": int(token.issued_at.timestamp()),
        }
        return self._leave(json_answer(info))

    async def _revoke(self, request: web.Request) -> web.Response:
        """A10: 200 also for an unknown token."""
        form = await request.post()
        if self.tokens.clients.get(str(form.get("client_id"))) != form.get("client_secret"):
            return json_answer({"error": "unauthorized_client", "error_description": "Unknown client."}, status=403)
        self.tokens.revoke(str(form.get("token", "")))
        return json_answer({})


async def _body(request: web.Request, found: Operation) -> object:
    """The JSON document of the request.

    Raises  Problem 400 for malformed JSON, 406 for another content type (section 7)
    """
    data = await request.read()
    if not data:
        return {}
    if found.body < 0:
        if data.strip() in {b"{}", b"null"}:
            return {}
        raise Problem(406, {"errors": "this operation takes no body"})
    if request.content_type != "application/json":
        raise Problem(406, {"errors": f"{request.content_type} is not supported"})
    try:
        return load_json(data)
    except msgspec.DecodeError as error:
        raise Problem(400, {"errors": f"Malformed JSON: {error}"}) from error


def _with_extra(body: Any) -> Any:
    """Checklist 19: keys that no description names."""
    match body:
        case {"entities": _, "errors": _}:
            return {**cast("Json", body), "entities": _with_extra(cast("Json", body)["entities"])}
        case dict():
            return {**cast("Json", body), "lock_version": 0}
        case [dict(), *_]:
            return [_with_extra(each) for each in cast("list[Json]", body)]
        case _:
            return body
