"""What if: what the records would come to under other settings, decided twice on what is known, written nowhere."""

from collections.abc import Mapping

from aiohttp import web
from msgspec import Struct

from domain.errors import WrongInput
from hub.access import Action
from hub.moments import moment_in
from hub.operations.whatif import WhatIf, value_of, what_if
from hub.web.asking import on
from hub.web.keys import service
from hub.web.pages.forms import form
from hub.web.pages.frame import show
from hub.web.routes import Route

TOLD = 200
"""Records that a page tells of."""


class Question(Struct, frozen=True, kw_only=True):
    """Settings as lines of `key = value`, and for which records they are tried."""

    settings: str = ""
    connection: str = ""
    project: str = ""
    since: str = ""
    asks: bool = False

    def given(self) -> Mapping[str, object]:
        """Key -> value.

        Raises  WrongInput for a line that says nothing.
        """
        found: dict[str, object] = {}
        for line in self.settings.splitlines():
            key, mark, value = line.partition("=")
            if not line.strip():
                continue
            if not (mark and key.strip() and value.strip()):
                raise WrongInput("settings", f"{line.strip()[:60]!r} is no setting", "Write: key = value")
            found[key.strip()] = value_of(value.strip())
        if not found:
            raise WrongInput("settings", "nothing is otherwise", "Give at least one setting to try.")
        return found


async def _form(request: web.Request) -> web.Response:
    return _shown(request, Question())


async def _ask(request: web.Request) -> web.Response:
    """The answer below the question; a setting that can't be tried is told beside it."""
    asked = await form(request, Question)
    connection = await on(request, Action.OPERATE, asked.connection)
    try:
        found = await what_if(
            service(request).hub,
            connection,
            settings=asked.given(),
            project=asked.project.strip(),
            since=moment_in("since", asked.since),
            asks=asked.asks,
        )
    except WrongInput as error:
        return _shown(request, asked, error=error)
    return _shown(request, asked, found)


def _shown(
    request: web.Request, asked: Question, found: WhatIf | None = None, error: WrongInput | None = None
) -> web.Response:
    changes = [] if found is None else list(found.changes[:TOLD])
    status = 422 if error else 200
    return show(request, "plans/what_if.html", status=status, asked=asked, found=found, changes=changes, error=error)


ROUTES = (
    Route("GET", "/what-if", _form, Action.OPERATE),
    Route("POST", "/what-if", _ask, Action.OPERATE),
)
