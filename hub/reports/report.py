"""What a report is: a query in the order of its key, and what is made of its rows, one after the other."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct

from adapters.store.statements import Dialect
from hub.queries.pages import Query
from projections.projection import Column

Row = tuple[Any, ...]


class Asked(Struct, frozen=True, kw_only=True):
    """What a report is asked for; empty for no limit.

    connections  those that whoever asks may see
    months       connection -> the month that it is about, as `2026-03`
    since        moments in UTC as ISO writes them, `until` left out
    position     of the ledger that it is as of
    by_flow      connection -> the flows whose records become direct costs there
    """

    connections: tuple[str, ...]
    project: str = ""
    months: Mapping[str, str] = {}
    since: str = ""
    until: str = ""
    position: int = 0
    by_flow: Mapping[str, tuple[str, ...]] = {}


class Selected(Struct, frozen=True):
    """A query and its values."""

    sql: str
    values: Sequence[Any]


@dataclass(frozen=True)
class ReportOf:
    """One report.

    Shape   `key` are the columns that order the rows and tell each from every other. `select(asked, where, dialect)` is
            a query for its rows in that order, all of which fit `where`. `made` turns the rows of the
            query into those of the report, without losing their order.
    places  names of the key in the query's own tables, where they are others
    filters what it can be narrowed by beside the connection
    asof    it can be told of the past
    whole   it is about people and not about connections, for those who manage them
    """

    name: str
    about: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    select: Callable[[Asked, Query, Dialect], Selected]
    made: Callable[[Iterable[Row], Asked], Iterator[Row]] = field(default=lambda rows, _asked: iter(rows))
    places: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    asof: bool = False
    whole: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(column.name for column in self.columns)
