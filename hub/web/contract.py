"""The API's description, and its enforcement: a request that does not fit it reaches no handler.

The description is written by hand in `openapi/`, a file for each group, and joined here.
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import orjson
import yaml
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from openapi_core import Config, OpenAPI
from openapi_core.contrib.aiohttp import AIOHTTPOpenAPIWebRequest
from openapi_core.exceptions import OpenAPIError
from openapi_core.validation.schemas.exceptions import InvalidSchemaValue

from hub.web.problems import Refused

_FOLDER = Path(__file__).parent / "openapi"
_SHOWN = 200
BASE = "/api/v1"
ANY_BODY = "x-any-body"
"""Of an operation whose handler reads the body itself, so that whoever calls it hears from one place what is wrong."""


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """The whole description, OpenAPI 3.1."""
    whole = _read(_FOLDER / "root.yaml")
    for path in sorted(_FOLDER.glob("*.yaml")):
        if path.name == "root.yaml":
            continue
        part = _read(path)
        whole["paths"] |= part["paths"]
        for group, named in part.get("components", {}).items():
            whole["components"].setdefault(group, {}).update(named)
    return whole


@lru_cache(maxsize=1)
def as_json() -> bytes:
    """The description as it is served."""
    return orjson.dumps(document(), option=orjson.OPT_INDENT_2)


def operations() -> set[tuple[str, str]]:
    """Every method and path that is described."""
    paths = cast("Mapping[str, Mapping[str, Any]]", document()["paths"])
    return {(method.upper(), path) for path, item in paths.items() for method in item if method != "parameters"}


@lru_cache(maxsize=1)
def _contract() -> OpenAPI:
    """The description as the validator reads it. That it is sound itself is proved by a test, not at every start."""
    return OpenAPI.from_dict(cast("Any", document()), config=Config(spec_validator_cls=cast("Any", None)))


def enforce() -> Middleware:
    """The middleware that checks parameters and bodies of everything that is described."""
    contract = _contract()
    # Webhooks and health keep to it by their own code: what calls them could mend nothing, and must hear at once.
    described = {(method, path) for method, path in operations() if path.startswith(BASE)}

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        resource = request.match_info.route.resource
        method = "GET" if request.method == "HEAD" else request.method
        if resource is None or (method, resource.canonical) not in described:
            _refuse_nul(request)
            return await handler(request)
        _refuse_odd(request, _parameters(method, resource.canonical))
        item = document()["paths"][resource.canonical][method.lower()]
        body = await request.read() if request.can_read_body else None
        asked = _AnyBody(request, body=b"{}") if item.get(ANY_BODY) else _Request(request, body=body)
        try:
            contract.validate_request(asked)
        except OpenAPIError as error:
            raise _refused(error) from None
        return await handler(request)

    return middleware


class _Request(AIOHTTPOpenAPIWebRequest):
    """A request as the validator sees it: what HEAD may ask for is what GET may."""

    @property
    def method(self) -> str:
        """In small letters."""
        return "get" if self.request.method == "HEAD" else self.request.method.lower()


class _AnyBody(_Request):
    """A request whose body its handler reads and judges, whatever it is called and whatever it holds."""

    @property
    def content_type(self) -> str:
        """What the description says."""
        return "application/json"


def _refuse_odd(request: web.Request, known: frozenset[str]) -> None:
    """Parameters that nobody has described, that are given twice, or hold what no database keeps.

    Raises  Refused.
    """
    for name in sorted(set(request.query)):
        problem = ""
        if name == "asof" and name not in known:
            problem = "this is told as it stands now, and how it was is not kept; leave it out"
        elif name not in known:
            problem = "there is no such parameter"
        elif len(request.query.getall(name)) > 1:
            problem = "it is given more than once"
        elif "\0" in request.query[name]:
            problem = "it holds a NUL character"
        if problem:
            raise Refused(422, f"{name[:60]}: {problem}", errors=[_error(name, problem)])
    _refuse_nul(request)


def _refuse_nul(request: web.Request) -> None:
    """What no database keeps, in an address that nobody has described.

    Raises  Refused.
    """
    for name, value in request.match_info.items():
        if "\0" in value:
            raise Refused(404, f"{name}: nothing is called so")
    for name, value in request.query.items():
        if "\0" in name or "\0" in value:
            raise Refused(422, f"{name[:60]!r}: it holds a NUL character")


@lru_cache(maxsize=512)
def _parameters(method: str, path: str) -> frozenset[str]:
    item = document()["paths"][path]
    given = [*item.get("parameters", ()), *item[method.lower()].get("parameters", ())]
    resolved = [_resolved(each) for each in given]
    return frozenset(each["name"] for each in resolved if each["in"] == "query")


def _resolved(node: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in node:
        return node
    found: Any = document()
    for name in node["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return cast("dict[str, Any]", found)


def _refused(error: OpenAPIError) -> Refused:
    """What a person can mend of it."""
    causes = [error, *_causes(error)]
    name = str(getattr(error, "name", "")) or "body"
    for cause in causes:
        if isinstance(cause, InvalidSchemaValue):
            errors = [
                _error("/".join(str(step) for step in each.absolute_path) or name, each.message)
                for each in cast("Any", cause.schema_errors)
            ]
            return Refused(422, f"{errors[0]['field']}: {errors[0]['problem']}", errors=errors[:50])
    kinds = {type(cause).__name__ for cause in causes}
    if "MediaTypeNotFound" in kinds:
        return Refused(415, "the body must be application/json")
    if "MediaTypeDeserializeError" in kinds:
        return Refused(400, "the body is no JSON")
    words = str(causes[-1])[:_SHOWN]
    return Refused(422, f"{name}: {words}", errors=[_error(name, words)])


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    cause = error.__cause__
    while cause is not None:
        found.append(cause)
        cause = cause.__cause__
    return found


def _error(field: str, words: str) -> dict[str, Any]:
    return {"field": field[:_SHOWN], "problem": words[:_SHOWN]}


def _read(path: Path) -> dict[str, Any]:
    return cast("dict[str, Any]", yaml.load(path.read_text(), Loader=yaml.CSafeLoader))


async def serve(_request: web.Request) -> web.Response:
    """The description."""
    return web.Response(body=as_json(), content_type="application/json")
