"""Settling by looking: whether a row stands in Procore and shows what was sent."""

from collections.abc import Sequence

from adapters.outbound.answers import fill
from adapters.outbound.outcomes import in_order, sight_of
from adapters.procore.reading import Reader
from adapters.procore.rows import Matcher
from domain.delivery import Absent, Accepted, Delivery, Endpoint, Exchange, Lookup, Refused, Sight
from domain.errors import SiteLedgerError
from domain.shown import shows
from domain.values import Json

# Up to so many rows are looked up one by one with the list's filter, which takes one value (catalogue); more are found
# in the whole list.
LOOKED_UP_SINGLY = 3


class Looker:
    """Looks for deliveries of one company."""

    def __init__(self, company_id: str, reader: Reader) -> None:
        self._company_id = company_id
        self._reader = reader

    async def look(self, endpoint: Endpoint, deliveries: Sequence[Delivery]) -> list[Sight]:
        """One sight for each delivery, in order.

        An endpoint without look-up, or without its address, can always be sent again: all `Absent`.
        """
        lookup = endpoint.lookup
        if lookup is None or not lookup.path:
            return [Absent(delivery) for delivery in deliveries]
        one_by_one = "{id}" in lookup.path or lookup.match == "one"
        if not one_by_one and lookup.filter and lookup.match == "key":
            one_by_one = len(deliveries) <= LOOKED_UP_SINGLY
        groups = [[delivery] for delivery in deliveries] if one_by_one else _by_scope(deliveries)
        seen: list[Sight] = []
        for group in groups:
            seen.extend(await self._look(endpoint, lookup, group))
        return in_order(deliveries, seen)

    async def _look(self, endpoint: Endpoint, lookup: Lookup, group: Sequence[Delivery]) -> list[Sight]:
        first = group[0]
        names = {"company_id": self._company_id, **first.scope, "id": first.target_id}
        try:
            path = fill(lookup.path, names)
            query = [(name, fill_text(value, names)) for name, value in lookup.query]
        except KeyError as error:
            if error.args[0] == "id":  # never sent with success, so there is nothing to see
                return [Absent(delivery) for delivery in group]
            return [Refused(delivery, f"no value for {error.args[0]}") for delivery in group]
        if lookup.filter and len(group) == 1 and lookup.match == "key":
            query.append((lookup.filter, str(first.body.get("origin_id") or first.key)))
        single = lookup.match == "one"
        try:
            rows, exchange = await self._reader.pages(
                path,
                query,
                lookup.rows,
                paged=lookup.paged and not single and "{id}" not in lookup.path,
                template=lookup.path,
            )
        except SiteLedgerError as error:
            return [sight_of(delivery, error) for delivery in group]
        if single:
            return [_compare(endpoint, first, rows[0] if rows else None, exchange)]
        matcher = Matcher(endpoint, group)
        found: dict[str, Json] = {}
        for row in rows:
            if (delivery := matcher.find(row)) is not None:
                found[str(delivery.id)] = row
        return [_compare(endpoint, delivery, found.get(str(delivery.id)), exchange) for delivery in group]


def fill_text(template: str, names: dict[str, str]) -> str:
    """A query value with its names replaced; quoting comes later.

    Raises  KeyError for a name without a value.
    """
    out = template
    for name, value in names.items():
        out = out.replace(f"{{{name}}}", value)
    if "{" in out and "}" in out:
        raise KeyError(out.partition("{")[2].partition("}")[0])
    return out


def _by_scope(deliveries: Sequence[Delivery]) -> list[list[Delivery]]:
    groups: dict[tuple[tuple[str, str], ...], list[Delivery]] = {}
    for delivery in deliveries:
        groups.setdefault(tuple(sorted(delivery.scope.items())), []).append(delivery)
    return list(groups.values())


def _compare(endpoint: Endpoint, delivery: Delivery, row: Json | None, exchange: Exchange) -> Sight:
    """What a look says. For a deletion the missing row is the success."""
    if endpoint.verb == "delete":
        if row is None:
            return Accepted(delivery, delivery.target_id, exchange=exchange, found=True)
        return Absent(delivery, delivery.target_id, exchange=exchange)
    if row is None:
        return Absent(delivery, exchange=exchange)
    target_id = delivery.target_id if row.get("id") is None else str(row["id"])
    # A created record must not be created twice because a short view leaves out some of its fields.
    lenient = endpoint.verb == "create"
    if endpoint.verb == "attach" or shows(
        row, delivery.body, endpoint.shown, ignore=frozenset({"segment_items"}), lenient=lenient
    ):
        return Accepted(delivery, target_id, answer=row, exchange=exchange, found=True)
    return Absent(delivery, target_id, exchange=exchange)
