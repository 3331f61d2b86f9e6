"""Prints target, measured and met for everything that the store promises. Run by scripts/bench."""

import argparse
import logging
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import structlog

from benchmarks import (
    appends,
    asof,
    audit,
    exports,
    failures,
    first_sync,
    memory,
    notices,
    pages,
    pipeline,
    reads,
    rebuild,
    reconcile,
    validate,
)
from benchmarks.measure import Result
from benchmarks.places import databases

SECTIONS = {
    "append": appends.rows,
    "replay": reads.replay_rows,
    "projection": reads.projection_rows,
    "pipeline": pipeline.rows,
    "validate": validate.rows,
    "failures": failures.rows,
    "notices": notices.rows,
    "asof": asof.rows,
    "rebuild": rebuild.rows,
    "audit": audit.rows,
    "exports": exports.rows,
    "pages": pages.rows,
    "reconcile": reconcile.rows,
}
SIZED = ("rebuild", "exports", "audit")
"""Sections whose ledger can be of any length."""


async def main(
    names: list[str],
    *,
    quick: bool,
    events: int | None = None,
    keep: Path | None = None,
    match: str = "",
    on: str = "",
) -> bool:
    """Run the sections and print a row as soon as it is there. True when every target is met."""
    met = True
    if "first-sync" in names:
        met = await first_sync.main(first_sync.SMALL if quick else first_sync.FULL, "")
        names = [name for name in names if name != "first-sync"]
        if not names:
            return met
    print(f"{'what':<88} {'target':>10} {'measured':>12}  met      detail")
    with databases(keep) as (sqlite, postgres, reason):
        if postgres is None:
            print(f"PostgreSQL is skipped: {reason}")
        first, second = (postgres, None) if postgres is not None and on == "postgresql" else (sqlite, postgres)
        if on == "sqlite":
            second = None
        for name in names:
            if name == "memory":
                section = partial(memory.rows, first, second, quick=quick)
            else:
                more: dict[str, Any] = {"events": events} if name in SIZED else {}
                more |= {"match": match} if name == "asof" else {}
                section = partial(SECTIONS[name], first, second, runs=1 if quick else 5, quick=quick, **more)
            for result in await section():
                show(result)
                met = met and result.met != "NO"
    return met


def show(result: Result) -> None:
    """One row of the table."""
    sign = "<=" if result.at_most else ">="
    target = "" if result.target is None else f"{sign} {result.target:g}{result.unit.strip()}"
    value = (
        ""
        if result.value is None
        else f"{result.value:,.2f}{result.unit}"
        if result.unit == "x"
        else (f"{result.value:,.0f}{result.unit}")
    )
    print(f"{result.name:<88} {target:>10} {value:>12}  {result.met:<8} {result.detail}", flush=True)


if __name__ == "__main__":
    # The hub says one line for each delivery, and nobody could find the table among them.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="one short run of each; shows that it works, proves little"
    )
    parser.add_argument(
        "--only", action="append", choices=[*SECTIONS, "memory", "first-sync"], help="only this section; repeatable"
    )
    parser.add_argument("--events", type=int, help=f"length of the ledger of {', '.join(SIZED)}")
    parser.add_argument(
        "--keep", type=Path, help="folder where ledgers stay, so that rebuild and exports of one length share theirs"
    )
    parser.add_argument("--match", default="", help="of the lists as of a position, only those with this in their name")
    parser.add_argument("--on", default="", choices=["sqlite", "postgresql"], help="one database alone")
    arguments = parser.parse_args()
    wanted = arguments.only or [*SECTIONS, "memory"]
    run = partial(
        main,
        wanted,
        quick=arguments.quick,
        events=arguments.events,
        keep=arguments.keep,
        match=arguments.match,
        on=arguments.on,
    )
    raise SystemExit(0 if anyio.run(run) else 1)
