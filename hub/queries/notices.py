"""What both systems told, the latest first."""

from adapters.store import Ledger
from hub.queries.pages import Page, page
from hub.queries.records import Wanted, visible

_COLUMNS = (
    "notice",
    "connection",
    "system",
    "id",
    "resource",
    "resource_id",
    "project_id",
    "reason",
    "ignored",
    "via",
    "changed_at",
    "at",
    "position",
)


async def notices(ledger: Ledger, wanted: Wanted, resource: str = "", ignored: str = "") -> Page:
    """Notices of the connections that may be seen; `ignored` is a reason, or `no` for those that were read.

    Raises  WrongInput.
    """
    query = visible(ledger, wanted)
    query.equal("resource", resource)
    if ignored:
        query.where("ignored = ?", "" if ignored == "no" else ignored)
    return await page(
        ledger,
        "notice",
        _COLUMNS,
        query,
        order=("position",),
        descending=True,
        changed="position",
        cursor=wanted.cursor,
        limit=wanted.limit,
        asof=wanted.asof,
        lasting=True,
    )
