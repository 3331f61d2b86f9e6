"""How the hub itself is: each part by name, with what to do where it is not well. Asks nobody outside."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from domain.errors import SiteLedgerError
from hub.background import rebuilding
from hub.queries.audit import last_check
from hub.service import Service
from projections.registry import PROJECTIONS

LAG = 10_000
"""Events that the read models may be behind before the hub calls itself not ready."""
UNVERIFIED = timedelta(days=31)
"""After so long a verification says little."""

_SIZES = {
    "sqlite": "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
    "postgresql": "SELECT pg_database_size(current_database())",
}
_CHECKPOINTS = "SELECT name, version, position FROM projection_checkpoint"


@dataclass(frozen=True)
class Check:
    """One part. `mend` is empty where nothing is to be done."""

    name: str
    standing: Literal["good", "wait", "warn", "bad"]
    words: str
    mend: str = ""


@dataclass(frozen=True)
class ReadModel:
    """A projection: how far it is, and what its rebuild does. `total` is None where it waits for its turn."""

    name: str
    about: str
    tables: tuple[str, ...]
    version: int
    position: int
    lag: int
    rebuilding: bool
    done: int
    total: int | None
    trouble: str


@dataclass(frozen=True)
class StoreFacts:
    """The store: which kind, where without its password, bytes, and the newest position."""

    kind: str
    place: str
    size: int
    position: int


async def store_facts(it: Service) -> StoreFacts:
    """Raises  StoreUnavailable."""
    ledger = it.hub.ledger
    kind = ledger.dialect.name
    rows = await ledger.rows(_SIZES[kind])
    return StoreFacts(kind, it.hub.settings.store.url.shown, int(rows[0][0]), await ledger.last_position())


async def read_models(it: Service) -> list[ReadModel]:
    """All projections, in the order in which they are folded.

    Raises  StoreUnavailable.
    """
    last = await it.hub.ledger.last_position()
    at = {row[0]: (int(row[1]), int(row[2])) for row in await it.hub.ledger.rows(_CHECKPOINTS)}
    found: list[ReadModel] = []
    for each in PROJECTIONS:
        version, position = at.get(each.name, (0, 0))
        work = rebuilding(each.name)
        count = it.works.count(work)
        found.append(
            ReadModel(
                name=each.name,
                about=each.doc or each.tables[0].doc,
                tables=tuple(table.name for table in each.tables),
                version=version,
                position=position,
                lag=max(last - position, 0),
                rebuilding=it.works.is_busy(work),
                done=count.done if count else 0,
                total=count.total if count else None,
                trouble=it.works.troubles.get(work, ""),
            )
        )
    return found


async def checks(it: Service) -> list[Check]:
    """Every part of this process and of its store; both systems are told of elsewhere, as they never make it unwell."""
    try:
        await store_facts(it)
        lag = max((model.lag for model in await read_models(it)), default=0)
    except SiteLedgerError as error:
        return [Check("Store", "bad", str(error), "Bring the database back; the hub goes on by itself.")]
    return [
        Check("Service", "warn", "was asked to stop") if it.stopping else Check("Service", "good", "serves"),
        Check("Store", "good", "it answers"),
        _models(lag),
        _heads(it),
        await _verified(it),
        *(
            Check("Work in the background", "warn", f"{name}: {why}", "Mend what it names, and begin it again.")
            for name, why in it.works.troubles.items()
        ),
    ]


def _models(lag: int) -> Check:
    if lag > LAG:
        return Check("Read models", "bad", f"{lag:,} events behind", "Wait; if it grows, look at the log of the hub.")
    words = "up to date" if not lag else f"{lag:,} events behind, as usual while the hub works"
    return Check("Read models", "good", words)


def _heads(it: Service) -> Check:
    name = "Signed heads"
    if it.hub.settings.server.secret_key is None:
        mend = "Set server.secret_key; without signed heads a changed ledger could be sealed anew."
        return Check(name, "warn", "no key is set", mend)
    if it.sealer.trouble:
        return Check(name, "warn", it.sealer.trouble, "The seals go on; mend the key, then heads do too.")
    return Check(name, "good", "signed as the ledger grows")


async def _verified(it: Service) -> Check:
    name, last = "Nothing was altered", await last_check(it.hub.ledger)
    if last is None:
        return Check(name, "wait", "never verified", "Verify on the page Audit, or by `siteledger audit verify`.")
    if not last["valid"]:
        return Check(name, "bad", f"{last['findings']} findings", "The page Audit names places, and what to do.")
    age = it.hub.clock.now() - datetime.fromisoformat(last["at"])
    if age > UNVERIFIED:
        return Check(name, "wait", f"verified {age.days} days ago", "Verify on the page Audit.")
    return Check(name, "good", f"verified up to position {last['through']:,}")
