"""`audit export`: a part of the ledger, or all of it, as a folder that proves itself."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

from adapters.store import Row
from hub.app import Hub
from hub.audit.keys import NotSigned
from hub.audit.pack import Pack, Packed
from hub.audit.parts import heads_of
from hub.audit.sealing import seal
from hub.report import ExitStatus, Halted, Progress, Quiet

PAGE = 1000


async def signed_now(hub: Hub) -> str:
    """Seal everything and sign a head over it; why there is none, empty where there is one.

    Raises  StoreUnavailable, SealsDamaged.
    """
    await seal(hub.ledger)
    await hub.projector.catch_up()
    try:
        await heads_of(hub).sign_if_older(timedelta(0))
    except NotSigned as error:
        return str(error)
    await hub.projector.catch_up()
    return ""


async def export(
    hub: Hub, folder: Path, *, first: int = 1, last: int | None = None, progress: Progress | None = None
) -> tuple[Packed, str]:
    """Write the events from one position to another, with everything that proves them; and why no head is signed.

    Raises  Halted where the folder is not empty, can't be written, or no event is meant; StoreUnavailable.
    """
    told = progress or Quiet()
    trouble = await signed_now(hub)
    end = await hub.ledger.last_position()
    end = end if last is None else min(last, end)
    if end < first:
        message = f"There is no event from {first} to {end}."
        raise Halted(message, ExitStatus.WRONG_USE)
    # What was stored after the head is sealed, and under no head so far.
    await seal(hub.ledger)
    empty_folder(folder)
    told.start("export", end - first + 1)

    async def pages() -> AsyncIterator[Sequence[Row]]:
        after = first - 1
        while after < end and (rows := await hub.ledger.read(after, min(PAGE, end - after))):
            yield rows
            told.advance("export", len(rows))
            after = rows[-1][0]

    made_at = hub.clock.now().isoformat()
    packed = await Pack(hub, folder).write(pages(), complete=True, made_at=made_at, version=version("siteledger"))
    told.finish("export")
    return packed, trouble


def empty_folder(folder: Path) -> None:
    """Make the folder; one that holds something is left alone.

    Raises  Halted (wrong use).
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        filled = any(folder.iterdir())
    except OSError as error:
        message = f"{folder} can't be made ({error.strerror})."
        raise Halted(message, ExitStatus.WRONG_USE) from error
    if filled:
        message = f"{folder} is not empty. Name a folder that is, or that is not there yet."
        raise Halted(message, ExitStatus.WRONG_USE)
