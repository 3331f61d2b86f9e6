"""Somebody has only a number: the one thing that is called so is shown, several are listed, else what comes near."""

from aiohttp import web

from hub.access import Action
from hub.queries.finding import Match, matches, near
from hub.web.keys import service
from hub.web.pages.frame import address, show
from hub.web.routes import Route, allowed

LONGEST = 200


async def _find(request: web.Request) -> web.Response:
    ledger, words = service(request).hub.ledger, request.query.get("q", "").strip()[:LONGEST].replace("\0", "")
    hits = await matches(ledger, words, allowed(request)) if words else []
    close = await near(ledger, words, allowed(request)) if words and not hits else []
    named = [each for each in close if each.text.upper() == words.upper()]
    one = hits or named
    if len(one) == 1:
        return web.Response(status=303, headers={"Location": place_of(one[0])})
    return show(
        request, "find/page.html", words=words, hits=hits, close=[(each, place_of(each)) for each in (hits or close)]
    )


def place_of(match: Match) -> str:
    """The page on which something is shown."""
    match match.sort:  # what has no page of its own has its events
        case "record":
            return f"/records/{match.id}"
        case "delivery":
            return address(f"/records/{match.record}", {"tab": "attempts"})
        case "event" if match.record:
            return f"/records/{match.record}#p{match.position}"
        case "batch":
            return f"/batches/{match.id}"
        case "story":
            return address("/tail", {"story": match.id})
        case _:
            return address("/tail", {"record": match.id})


ROUTES = (Route("GET", "/find", _find, Action.SEE),)
