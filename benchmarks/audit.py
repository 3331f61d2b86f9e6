"""Sealing and verifying a long ledger: events a second, and the peak memory of the process.

Usage: python -m benchmarks.audit URL COUNT. Prints seconds of sealing and verifying, and MiB.
"""

import sys
import time
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import anyio

from adapters.ports import SystemClock, system_rng
from adapters.store import Registry, ThreadPool, open_ledger
from benchmarks.measure import Result
from benchmarks.memory import peak
from benchmarks.places import Place
from domain.events import EVENTS, UPCASTERS, Observed
from domain.values import BUSINESS_CENTRAL, Digest, sha256_of
from hub.audit.sealing import seal
from hub.audit.verifying import verify

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
PAGE = 1000
LEAST = 50_000.0
"""Events a second: a million in twenty seconds."""
LIMIT = 300.0
SAME = 10
"""Events that name one body: what is seen again is stored once."""


def observed(number: int, content: Digest) -> Observed:
    """One order that was seen."""
    return Observed(
        originator_id=UUID(int=number),
        originator_version=1,
        at=AT,
        connection="main",
        correlation_id="bench",
        causation_id="bench",
        actor="system",
        kind="commitment",
        side=BUSINESS_CENTRAL,
        entity_set="purchaseOrders",
        source_id=f"po-{number}",
        number=f"PO-{number}",
        title="Concrete",
        project="J1",
        digest=content,
        content=content,
        modified_at="",
        flows=("purchase-order-to-commitment",),
    )


async def main(url: str, count: int) -> None:
    """Fill, seal, verify."""
    clock, events = SystemClock(), Registry(EVENTS, UPCASTERS)
    async with open_ledger(url, events=events, clock=clock, threads=ThreadPool()) as ledger:
        for start in range(0, count, PAGE):
            bodies = [f'{{"number":"{start // SAME + at}","title":"Concrete"}}'.encode() for at in range(PAGE // SAME)]
            names = [sha256_of(body) for body in bodies]
            page = [observed(start + at, names[at // SAME]) for at in range(min(PAGE, count - start))]
            await ledger.append(page, dict(zip(names, bodies, strict=True)))
        begun = time.perf_counter()
        await seal(ledger)
        sealed = time.perf_counter()
        # The read models are no part of what is measured, so there is no whole hub.
        hub = cast("Any", SimpleNamespace(ledger=ledger, clock=clock, rng=system_rng()))
        found = await verify(hub, actor="bench")
        ended = time.perf_counter()
    if found.findings or found.events != count:
        message = f"{found.findings} findings in {found.events} events"
        raise AssertionError(message)
    print(f"{sealed - begun:.2f} {ended - sealed:.2f} {peak():.0f}")


async def rows(
    sqlite: Place,
    postgres: Place | None,
    *,
    runs: int,  # noqa: ARG001 - one long run says it
    quick: bool,
    events: int | None = None,
) -> list[Result]:
    """Seal, verify and memory on each database."""
    count = events or (50_000 if quick else 1_000_000)
    told: list[Result] = []
    for place in (sqlite, postgres):
        if place is None:
            continue
        with place.empty() as url:
            answer = await anyio.run_process([sys.executable, "-m", "benchmarks.audit", url, str(count)])
        sealing, verifying, memory = (float(part) for part in answer.stdout.split())
        over = f"{count:,} events, {place.name}"
        told += [
            Result(f"seal {over}", count / sealing, LEAST, f"{sealing:.1f} s", unit=" events/s"),
            Result(
                f"verify {over}, and their bodies", count / verifying, LEAST, f"{verifying:.1f} s", unit=" events/s"
            ),
            Result(f"peak memory of filling, sealing, verifying {over}", memory, LIMIT, "", unit=" MiB", at_most=True),
        ]
    return told


if __name__ == "__main__":
    anyio.run(main, sys.argv[1], int(sys.argv[2]))
