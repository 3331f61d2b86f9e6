"""What every page has in common: who looks, at what and as of when, and how it is turned into HTML."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote, unquote, urlencode

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup
from multidict import MultiMapping

from hub.access import Action, Principal, may
from hub.web.keys import DESK, service
from hub.web.pages import static, words
from hub.web.routes import ALLOWED, POSITION, PRINCIPAL, principal

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Nothing from elsewhere, nothing written into the page itself."""

_LONGEST = 200
THEMES = ("auto", "light", "dark")
ZONES = ("local", "utc", "relative")
SAID = "siteledger-said"
"""The cookie that carries one sentence over a redirect."""
MIXED: web.RequestKey[tuple[str, ...]] = web.RequestKey("mixed", tuple)

Section = tuple[str, tuple[tuple[str, str, str], ...]]
SECTIONS: tuple[Section, ...] = (
    (
        "Work",
        (
            ("Overview", "/", "g o"),
            ("Records", "/records", "g r"),
            ("Failures", "/failures", "g f"),
            ("Approvals", "/approvals", "g a"),
            ("Drift", "/drift", "g d"),
            ("Live tail", "/tail", "g t"),
        ),
    ),
    (
        "Money",
        (("Jobs", "/jobs", "g j"), ("Reconcile", "/reconcile", "g c"), ("Reports", "/reports", "g p")),
    ),
    (
        "Running",
        (("Runs", "/runs", "g u"), ("Batches", "/batches", "g b"), ("Plans", "/plans", "g l")),
    ),
    (
        "Set-up",
        (
            ("Connections", "/connections", "g n"),
            ("Mappings", "/mappings", "g m"),
            ("Links", "/links", "g i"),
            ("Adoption", "/adoption", "g e"),
        ),
    ),
    (
        "Trust",
        (
            ("Audit", "/audit", "g h"),
            ("Access", "/access", "g s"),
            ("System", "/system", "g y"),
            ("API", "/api/docs", "g k"),
        ),
    ),
)
"""Heading -> pages, each with its address and the keys that lead there."""


@dataclass(frozen=True)
class Frame:
    """Who looks, and at what.

    path         as it travels: names in it are quoted
    connections  name -> `production` or `test`, of those that may be seen
    asof         the moment or position that the address asks for, empty for now
    said         one sentence about what was just done
    partial      a script asks for a part of a page
    desk         the systems are stand-ins whose people can be played
    mixed        connections whose two companies do not belong together
    position     of the ledger when the page was asked for: what it shows is as new or newer
    """

    who: Principal
    path: str
    query: MultiMapping[str]
    connections: Mapping[str, str]
    theme: str
    zone: str
    asof: str
    said: str
    partial: bool
    desk: bool
    position: int = 0
    mixed: tuple[str, ...] = ()

    def may(self, action: str, connection: str | None = None) -> bool:
        """Whether whoever looks may do this: on a connection, or with None on the hub as a whole."""
        return may(self.who, Action(action), connection)

    def may_somewhere(self, action: str) -> bool:
        """Whether whoever looks may do this on any connection that may be seen."""
        return any(may(self.who, Action(action), name) for name in self.connections)

    def here(self, **changes: Any) -> str:
        """This address with some of its query changed; empty values fall out."""
        return address(self.path, {**dict(self.query), **changes})

    @property
    def kind(self) -> str:
        """Whether real companies are at stake, in one word or two."""
        return " and ".join(sorted({kind.upper() for kind in self.connections.values()}))


def address(path: str, query: Mapping[str, Any]) -> str:
    """A path with what is not empty of a query: the one spelling of a page's address."""
    given = {name: str(value) for name, value in query.items() if value not in (None, "")}
    return f"{path}?{urlencode(given)}" if given else path


def narrowed(query: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """What the query of an address narrows a list to, by these names; what is empty falls out."""
    given = {name: query.get(name, "").strip()[:_LONGEST] for name in names}
    return {name: words for name, words in given.items() if words}


def segment(name: str) -> str:
    """A name as one part of a path, whatever it holds: numbers of projects have blanks and slashes now and then."""
    return quote(name, safe="")


def is_page(request: web.Request) -> bool:
    """Whether a browser asks for a page, and no program for data."""
    asked = request.headers.get("HX-Request") == "true" or "text/html" in request.headers.get("Accept", "")
    return asked and "Authorization" not in request.headers


def frame_of(request: web.Request) -> Frame:
    """The frame of a request; of one that nobody has signed in for, without a name."""
    settings = service(request).hub.settings
    seen = request.get(ALLOWED) or ()
    known = {name: settings.connections[name].kind for name in seen if name in settings.connections}
    cookies = request.cookies
    return Frame(
        who=principal(request) if PRINCIPAL in request else Principal("", {}),
        path=request.rel_url.raw_path,  # as it was asked for, so that a slash in a number stays one
        query=request.query,
        connections=known,
        theme=_one_of(THEMES, cookies.get("siteledger-theme", "")),
        zone=_one_of(ZONES, cookies.get("siteledger-zone", "")),
        asof=request.query.get("asof", ""),
        said=unquote(cookies.get(SAID, ""))[:500],
        partial=request.headers.get("HX-Request") == "true",
        desk=DESK in request.app,
        position=request.get(POSITION, 0),
        mixed=request.get(MIXED, ()),
    )


def show(
    request: web.Request,
    template: str,
    part: str = "",
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **context: Any,
) -> web.Response:
    """A page, or only the part of it that a script asks for to replace what it shows.

    The answer to a script carries the one spelling of the address, so that what is shown can be shared.
    """
    frame = frame_of(request)
    used = part if part and frame.partial else template
    body = render(used, frame, **context)
    answer = web.Response(
        status=status,
        text=body,
        content_type="text/html",
        charset="utf-8",
        headers={"Content-Security-Policy": POLICY, "Vary": "HX-Request, Cookie", **(headers or {})},
    )
    answer.enable_compression()  # pages repeat themselves, and hold no secret that their length could tell
    if frame.said and not frame.partial:
        answer.del_cookie(SAID, path="/")
    return answer


def render(template: str, frame: Frame, **context: Any) -> str:
    """A template as text."""
    return _environment().get_template(template).render(frame=frame, sections=SECTIONS, **context)


@pass_context
def _when(context: Context, value: Any) -> Markup:
    """A moment, as whoever looks wants to read it."""
    return words.moment(value, context["frame"].zone)


def _one_of(known: tuple[str, ...], word: str) -> str:
    return word if word in known else known[0]


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parents[1] / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    cast("dict[str, Any]", environment.filters).update(
        state=words.state,
        spoken=words.spoken,
        money=words.money,
        count=words.count,
        lasted=words.lasted,
        short=words.short,
        segment=segment,
        when=_when,
    )
    cast("dict[str, Any]", environment.globals).update(asset=static.address, address=address)
    return environment
