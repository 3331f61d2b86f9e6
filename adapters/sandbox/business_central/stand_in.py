"""Business Central as a server: addresses, sign-in, the queue of a user, and what tests and people hold in hand."""

import re
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from adapters.sandbox import webhook_controls
from adapters.sandbox.business_central import batch
from adapters.sandbox.business_central.errors import Refusal
from adapters.sandbox.business_central.export import export
from adapters.sandbox.business_central.gate import Gate, TooMany
from adapters.sandbox.business_central.notifications import FAULTS, Notifier
from adapters.sandbox.business_central.records import Records
from adapters.sandbox.business_central.schema import metadata
from adapters.sandbox.business_central.service import Call, Company, Reply, Service
from adapters.sandbox.business_central.setup import set_up
from adapters.sandbox.business_central.standard import Standard
from adapters.sandbox.business_central.storage import Database
from adapters.sandbox.business_central.subscriptions import Subscriptions
from adapters.sandbox.business_central.transactions import OpenTransaction
from adapters.sandbox.caller import Post, post_over_http, regularly
from adapters.sandbox.wire import BATCH, SEQUENCE, TokenDesk, Wire, dump_json, json_answer, load_json

COMPANY_ID = UUID("3f6d2c1e-8a47-4d0b-9c35-7e1f5a2b6d90")
COMPANY_NAME = "Northgate Construction"
TENANT = "contoso.onmicrosoft.com"
ENVIRONMENT = "sandbox"
SCOPE = "https://api.businesscentral.dynamics.com/.default"
CONNECTOR = "siteledger/procore/v1.0"
STANDARD = "v2.0"
_BODY_LIMIT = 350 * 1024**2  # BC 12
_PATH = re.compile(r"/v2\.0/(?:(?P<tenant>[^/]+)/)?(?P<environment>[^/]+)/api(?:/(?P<rest>.*))?\Z")
_TOKEN = re.compile(r"/[^/]+/oauth2/v2\.0/token\Z")
_CODE_OF = {
    401: "Authentication_InvalidCredentials",
    403: "Authorization_RequestDenied",
    409: "Request_EntityChanged",
    500: "Internal_ServerError",
}
_TEXT_OF = {
    401: "The server has rejected the client credentials.",
    403: "The client does not have sufficient permissions.",
    409: "Another user has already changed the record. You must refresh before you can continue.",
    429: "Too many requests.",
    503: "The service is unavailable.",
    504: "The gateway did not receive a response in time.",
}


class BusinessCentral:
    """One environment with one company, in memory.

    Shape   `tables` acts as a person in the company, `log`, `faults` and `tokens` are those of the wire.
    Source  GUIDE 17, "Test server checklist".
    """

    def __init__(
        self,
        now: Callable[[], datetime],
        seed: int = 1,
        company_id: UUID | str = COMPANY_ID,
        company_name: str = COMPANY_NAME,
        *,
        tenant: str = TENANT,
        environment: str = ENVIRONMENT,
        post: Post = post_over_http,
    ) -> None:
        self.tenant = tenant
        self.environment = environment
        self.tables = Records(Database(now), now, seed)
        self.service = Service(self.tables, Company(str(company_id), company_name, self.tables.database.moment()), seed)
        self.standard = Standard(self.service)
        self.gate = Gate()
        self.tokens = TokenDesk(now=now, seed=seed, scopes={SCOPE}, extra=lambda _token: {"ext_expires_in": 3600})
        self.wire = Wire(now=now, tokens=self.tokens, refuse=self._refuse_status, is_token=_is_token)
        self.log = self.wire.log
        self.faults = self.wire.faults
        set_up(self.tables, company_name)
        company = self.service.company
        self.subscriptions = Subscriptions(company, now, post, CONNECTOR, seed)
        self.notifier = Notifier(self.subscriptions, company, now, post, CONNECTOR)
        self.tables.database.on_commit = self.subscriptions.note

    @property
    def company_id(self) -> str:
        """Id of the company."""
        return self.service.company.id

    def api_url(self, origin: str) -> str:
        """What a client is configured with, for a server at `origin` (`http://127.0.0.1:8081`)."""
        return f"{origin}/v2.0/{self.tenant}/{self.environment}/api"

    def token_url(self, origin: str) -> str:
        """The token endpoint for a server at `origin` (BC 2.1)."""
        return f"{origin}/{self.tenant}/oauth2/v2.0/token"

    def app(self, *, notify_every: float = 0.0) -> web.Application:
        """The web application.

        Units   `notify_every` seconds webhook notifications that are due are sent; 0: only by `notifier.send()`.
        """
        app = web.Application(middlewares=[self._queue, self.wire.middleware], client_max_size=_BODY_LIMIT)
        self.wire.mount(app)
        webhook_controls.mount(app, self.notifier, FAULTS, self.subscriptions.waiting)
        if notify_every > 0:
            app.cleanup_ctx.append(regularly(notify_every, self.notifier.send))
        app.router.add_get("/_sandbox/export", self._read_export)
        app.router.add_route("*", "/{path:.*}", self._handle)
        return app

    def export(self, *, procore_ids: bool = False) -> dict[str, list[dict[str, Any]]]:
        """The state in business terms, for comparing two runs."""
        return export(self.tables, procore_ids=procore_ids)

    def open_transaction(self) -> OpenTransaction:
        """Begin a transaction of another session."""
        return OpenTransaction(self.tables)

    @property
    def _queue(self) -> Middleware:
        @web.middleware
        async def queue(request: web.Request, handler: Handler) -> web.StreamResponse:
            token = self.tokens.holder(request.headers.get("Authorization"))
            async with AsyncExitStack() as held:
                if token is not None and not request.path.startswith("/_sandbox/"):
                    try:
                        await held.enter_async_context(self.gate.turn(token.client_id))
                    except TooMany:
                        return self._refuse_status(request, 429)
                return await handler(request)

        return queue

    async def _handle(self, request: web.Request) -> web.Response:
        if _is_token(request.path):
            return await self._issue(request)
        if self.tokens.holder(request.headers.get("Authorization")) is None:  # BC 2.4
            return self._refuse_status(request, 401)
        match = _PATH.match(request.path)
        known = match is not None and match["environment"] == self.environment
        if match is None or not known or match["tenant"] not in {None, self.tenant}:
            return self._send(self.service.refuse(_no_such_address(request.path)))
        rest = match["rest"] or ""
        for route in (CONNECTOR, STANDARD):
            if rest == route or rest.startswith(f"{route}/"):
                root = f"{request.url.origin()}{request.path[: match.start('rest')]}{route}"
                return await self._route(request, route, root, rest[len(route) + 1 :])
        return self._send(self.service.refuse(_no_such_address(rest)))

    async def _issue(self, request: web.Request) -> web.Response:
        if request.method != "POST":
            return web.Response(status=405)
        if request.path != f"/{self.tenant}/oauth2/v2.0/token":
            text = f"AADSTS90002: Tenant '{request.path.split('/')[1]}' not found."
            return web.json_response({"error": "invalid_request", "error_description": text}, status=400)
        return await self.tokens.handle(request)

    async def _route(self, request: web.Request, route: str, root: str, path: str) -> web.Response:
        if path == "$metadata" and request.method == "GET":
            document = metadata() if route == CONNECTOR else self.standard.metadata()
            return web.Response(body=document, content_type="application/xml", charset="utf-8")
        headers = {name.lower(): value for name, value in request.headers.items()}
        service = self.service.answer if route == CONNECTOR else self.standard.answer
        if path == "$batch":
            return await self._batch(request, root, headers, service)
        call = Call(request.method, root, path, dict(request.query), headers, await request.read())
        if route == CONNECTOR and path.startswith("subscriptions"):
            try:
                return self._send(await self.subscriptions.answer(call))
            except Refusal as refusal:
                return self._send(self.service.refuse(refusal))
        return self._send(service(call))

    async def _batch(
        self, request: web.Request, root: str, headers: Mapping[str, str], answer: Callable[[Call], Reply]
    ) -> web.Response:
        request[BATCH] = True
        if request.method != "POST":
            return self._send(self.service.refuse(Refusal("BadRequest_MethodNotAllowed", "A batch is posted.")))
        if not headers.get("content-type", "").startswith("application/json"):
            return self._send(self.service.refuse(Refusal("BadRequest", "A batch must be application/json.", 415)))
        try:
            parts = batch.parts_of(load_json(await request.read()))
        except msgspec.DecodeError as error:
            return self._send(self.service.refuse(Refusal("BadRequest", f"The batch could not be read: {error}.")))
        except Refusal as refusal:
            return self._send(self.service.refuse(refusal))

        def answer_part(part: batch.Part, call: Call) -> Reply:
            return self._logged_part(request, part, call, answer)

        document = batch.run(self.service, root, parts, headers, answer_part)
        if "application/json" not in headers.get("accept", ""):  # BC 8.1
            return web.Response(text="--batchresponse--\r\n", content_type="multipart/mixed")
        return json_answer(document)

    def _logged_part(
        self, request: web.Request, part: batch.Part, call: Call, answer: Callable[[Call], Reply]
    ) -> Reply:
        target = f"/{call.path}" + (f"?{part.url.partition('?')[2]}" if "?" in part.url else "")
        path = f"{call.root.removeprefix(str(request.url.origin()))}/{call.path}"
        sequence = self.log.begin(
            part.method,
            path,
            query=call.query,
            headers=part.headers,
            body=dump_json(part.body) if part.body is not None else b"",
            started_at=self.wire.now(),
            part_of=request[SEQUENCE],
        )
        fault = self.faults.take(part.method, target, part=True)
        if fault is None:
            reply = answer(call)
        else:
            if fault.handled:
                answer(call)
            reply = self.service.refuse(_status_refusal(fault.answer_status))
        raw = b"" if reply.body is None or isinstance(reply.body, bytes) else dump_json(reply.body)
        self.log.finish(sequence, status=reply.status, answer=raw, fault=fault.kind if fault else "")
        return reply

    def _send(self, reply: Reply) -> web.Response:
        headers = {**reply.headers, "OData-Version": "4.0"}
        if reply.body is None:
            return web.Response(status=reply.status, headers=headers)
        if isinstance(reply.body, str):
            return web.Response(text=reply.body, status=reply.status, headers=headers)
        if isinstance(reply.body, bytes):
            return web.Response(
                body=reply.body, status=reply.status, headers=headers, content_type="application/octet-stream"
            )
        answer = json_answer(reply.body, status=reply.status)
        answer.headers.update(headers)
        return answer

    def _refuse_status(self, request: web.Request, status: int) -> web.Response:
        if _is_token(request.path):
            return web.json_response({"error": "temporarily_unavailable", "error_description": ""}, status=status)
        return self._send(self.service.refuse(_status_refusal(status)))

    async def _read_export(self, _request: web.Request) -> web.Response:
        return json_answer(self.export())


def _is_token(path: str) -> bool:
    return _TOKEN.match(path) is not None


def _status_refusal(status: int) -> Refusal:
    return Refusal(_CODE_OF.get(status, "Unknown"), _TEXT_OF.get(status, "The request failed."), status)


def _no_such_address(path: str) -> Refusal:
    return Refusal("BadRequest_ResourceNotFound", f"No HTTP resource was found that matches '{path}'.")
