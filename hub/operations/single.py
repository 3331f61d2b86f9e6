"""Retry, skip and replay of one record, at once: a batch of one that tells in words what speaks against it."""

from domain.batch import BARRED
from hub.app import Hub
from hub.operations.batches import BatchView, freeze, results, run
from hub.operations.choosing import Action, Choice, choose
from hub.operations.failures import FailureFilter
from hub.report import ExitStatus, Halted


async def act_on_one(
    hub: Hub, deed: Action, connection: str, record: str, *, flow: str = "", reason: str, actor: str
) -> BatchView:
    """Do it to one record in one flow, empty for all flows in which it fails; the next round carries it.

    Raises  Halted (a person has to act first) with what bars it, and where it takes part in no such flow.
    """
    choice = Choice(ids=(record,), where=FailureFilter(connection=connection, flow=flow, within=(connection,)))
    members = await choose(hub, deed, choice)
    if not members:
        raise Halted(f"the record takes part in no such flow, so there is nothing to {deed}", ExitStatus.NEEDS_PERSON)
    batch = await freeze(hub, deed, members, choice, reason=reason, actor=actor)
    view = await run(hub, batch, actor=actor)
    if view.barred and not view.done:
        left = await results(hub, batch, BARRED)
        raise Halted("; ".join(f"{each.flow}: {each.why}" for each in left.items), ExitStatus.NEEDS_PERSON)
    return view
