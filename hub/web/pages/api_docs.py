"""What the API can do: its description, to be tried with one's own session, and as a list without a script."""

from collections.abc import Mapping
from typing import Any, cast

from aiohttp import web

from hub.access import Action
from hub.web.contract import document
from hub.web.pages.frame import show
from hub.web.routes import Route


async def _docs(request: web.Request) -> web.Response:
    return show(request, "api/page.html", about=document()["info"], groups=_groups())


def _groups() -> list[tuple[str, str, list[dict[str, str]]]]:
    """Each group with what it is about, and its operations: method, path, in one line, and more where there is more."""
    whole = document()
    found: dict[str, list[dict[str, str]]] = {tag["name"]: [] for tag in whole["tags"]}
    for path, item in cast("Mapping[str, Mapping[str, Any]]", whole["paths"]).items():
        for method, operation in item.items():
            if method != "parameters":
                words = {name: str(operation.get(name, "")) for name in ("summary", "description")}
                found.setdefault(operation["tags"][0], []).append({"method": method.upper(), "path": path, **words})
    about = {tag["name"]: str(tag.get("description", "")) for tag in whole["tags"]}
    return [(name, about.get(name, ""), operations) for name, operations in found.items() if operations]


ROUTES = (Route("GET", "/api/docs", _docs, Action.SEE),)
