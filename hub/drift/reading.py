"""The rows of a target as they stand now, read by few lists: those of the company once, those of a project once."""

from collections.abc import Iterable, Mapping, Sequence

from domain.delivery import Listing
from domain.drift import Written
from domain.endpoints import ENDPOINTS
from domain.endpoints.standing import key_of, lists_of
from domain.errors import SiteLedgerError
from domain.flow import row_by
from domain.flows import BY_NAME
from domain.values import BUSINESS_CENTRAL, Json
from hub.connection import Pair
from hub.due import Due
from hub.fact_book import FactBook

UNREAD = "unread"
"""The lists that would show the row could not be read."""
Row = Json | None


class Standing:
    """Reads lists of one project; `company` holds those of the whole company, for all projects."""

    def __init__(self, pair: Pair, company: FactBook) -> None:
        self._pair = pair
        self._company = company
        self._project = FactBook(pair.targets)

    @property
    def facts(self) -> Mapping[Listing, Sequence[Json]]:
        """Everything that was read."""
        return {**self._company.rows, **self._project.rows}

    @property
    def unread(self) -> dict[Listing, SiteLedgerError]:
        """Lists that could not be read, and why."""
        return {**self._company.unreadable, **self._project.unreadable}

    async def read(self, listings: Iterable[Listing]) -> None:
        """Reads what is not there yet; a failure is kept."""
        wanted = list(listings)
        await self._company.read([each for each in wanted if _is_of_company(each)])
        await self._project.read([each for each in wanted if not _is_of_company(each)])

    async def rows(self, written: Sequence[Written]) -> dict[tuple[str, str], Row | str]:
        """Part's endpoint and id -> its row, None where it is no longer to be seen, `UNREAD` where that can't be told.

        Shape   all of one project
        """
        holding: dict[tuple[str, str], list[Listing]] = {}
        for _ in range(2):  # a list may have to be found through another one
            first, holding = self._lists(written)
            await self.read(first)
        await self.read(dict.fromkeys(each for lists in holding.values() for each in lists))
        return {(each.endpoint, each.target_id): self._row(each, holding[_place(each)]) for each in written}

    def followed(
        self, written: Mapping[Due, Sequence[Written]], rows: Mapping[tuple[str, str], Row | str]
    ) -> dict[Due, bool]:
        """Records whose flow follows a row that may still be changed, and those whose row is gone (False)."""
        found: dict[Due, bool] = {}
        for item, parts in written.items():
            follows = BY_NAME[item.flow].follows
            for part in parts:
                row = rows[part.endpoint, part.target_id]
                if follows is None or not part.followed or isinstance(row, str):
                    continue
                if row is None:
                    found[item] = False
                elif follows.is_open(row):
                    found[item] = True
                    self._project.take(follows.alone(part.target_id), [row])
        return found

    def _lists(self, written: Sequence[Written]) -> tuple[list[Listing], dict[tuple[str, str], list[Listing]]]:
        """What must be read first, and the lists that show the rows, by endpoint and scope."""
        groups: dict[tuple[str, str], list[Written]] = {}
        for each in written:
            groups.setdefault(_place(each), []).append(each)
        first: list[Listing] = []
        holding: dict[tuple[str, str], list[Listing]] = {}
        for place, rows in groups.items():
            endpoint, ids = ENDPOINTS[rows[0].endpoint], [each.target_id for each in rows]
            nested = [name for each in rows for name, value in each.body.items() if isinstance(value, list)]
            expand = ",".join(sorted(set(nested))) if endpoint.system == BUSINESS_CENTRAL else ""
            company = self._pair.procore_company
            before, lists = lists_of(endpoint, rows[0].scope, company, ids, expand, self.facts)
            first += before
            holding[place] = lists
        return first, holding

    def _row(self, written: Written, lists: Sequence[Listing]) -> Row | str:
        if not lists or any(each in self.unread for each in lists):
            return UNREAD
        endpoint = ENDPOINTS[written.endpoint]
        by = key_of(endpoint)
        value = written.key if by != "id" else written.target_id
        if endpoint.system == BUSINESS_CENTRAL:
            value = value.lower()
        book = self._company if _is_of_company(lists[0]) else self._project
        return next((row for each in lists if (row := row_by(book.rows[each], by, value)) is not None), None)


def _place(written: Written) -> tuple[str, str]:
    return written.endpoint, repr(sorted(written.scope.items()))


def _is_of_company(listing: Listing) -> bool:
    if listing.system == BUSINESS_CENTRAL:
        return all(name != "$filter" for name, _ in listing.query)
    return not listing.scope
