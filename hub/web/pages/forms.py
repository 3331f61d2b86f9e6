"""Forms: what they send, and the page that a browser is led to when something was done."""

from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import quote

import msgspec
from aiohttp import web

from hub.web.pages.frame import SAID, address
from hub.web.problems import Refused

T = TypeVar("T", bound=msgspec.Struct)

_FORM = "application/x-www-form-urlencoded"
_LONGEST = 500


async def form(request: web.Request, type: type[T]) -> T:
    """What a form holds, as one of our types: each field once, several where the type has a tuple.

    Raises  Refused (415, 422).
    """
    if request.content_type not in {_FORM, "multipart/form-data"}:
        raise Refused(415, "send what a form sends")
    data = await request.post()
    several = {field.name for field in msgspec.structs.fields(type) if "tuple" in str(field.type)}
    given: dict[str, object] = {}
    for name in dict.fromkeys(data):
        values = data.getall(name)
        if not all(isinstance(value, str) and "\0" not in value for value in values):
            raise Refused(422, f"{name[:60]}: this is no text", errors=[{"field": name[:60], "problem": "no text"}])
        if len(values) > 1 and name not in several:
            raise Refused(422, f"{name[:60]}: it is given more than once")
        given[name] = [str(value).replace("\r\n", "\n") for value in values] if name in several else str(values[0])
    try:
        return msgspec.convert(given, type, strict=False)
    except msgspec.ValidationError as error:
        raise Refused(422, f"form: {error}") from None


def done(path: str, said: str, query: Mapping[str, str] | None = None) -> web.Response:
    """Leads the browser to a page that tells what was done; a reload of it does nothing again."""
    answer = web.Response(status=303, headers={"Location": address(path, query or {})})
    answer.set_cookie(SAID, quote(said[:_LONGEST]), path="/", max_age=60, httponly=True, samesite="Strict")
    return answer
