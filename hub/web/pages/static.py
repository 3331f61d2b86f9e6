"""Files that pages are made of, each served under a name that changes with its content, so browsers may keep it."""

import gzip
from functools import cache
from hashlib import sha256
from mimetypes import guess_type
from pathlib import Path

from aiohttp import web

from hub.web.problems import Refused
from hub.web.routes import Route

_FOLDER = Path(__file__).parents[1] / "static"
_SMALL = 1000
"""Bytes that are not worth packing."""
_KEEP = {"Cache-Control": "public, max-age=31536000, immutable"}


@cache
def _files() -> dict[str, bytes]:
    """All files by name: only these are served, so no name leads anywhere else."""
    return {
        path.relative_to(_FOLDER).as_posix(): path.read_bytes() for path in sorted(_FOLDER.rglob("*")) if path.is_file()
    }


@cache
def _version() -> str:
    """One for all of them: scripts find each other by their place, so a change of one moves all."""
    digest = sha256()
    for name, content in _files().items():
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:12]


@cache
def _packed(name: str) -> bytes:
    return gzip.compress(_files()[name], 9, mtime=0)


def address(name: str) -> str:
    """Where a file is served.

    Raises  KeyError for one that there is not.
    """
    _files()[name]
    return f"/static/{_version()}/{name}"


async def _serve(request: web.Request) -> web.Response:
    name = request.match_info["name"]
    content = _files().get(name)
    if content is None or request.match_info["version"] != _version():
        raise Refused(404, "there is nothing at this address")
    type_ = guess_type(name)[0] or "application/octet-stream"
    headers = {**_KEEP, "Vary": "Accept-Encoding"}
    if len(content) > _SMALL and "gzip" in request.headers.get("Accept-Encoding", ""):
        content, headers["Content-Encoding"] = _packed(name), "gzip"
    return web.Response(body=content, content_type=type_, headers=headers)


ROUTES = (Route("GET", "/static/{version}/{name}", _serve, None, ids=".+"),)
