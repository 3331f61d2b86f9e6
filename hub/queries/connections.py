"""How each connection stands: one word, and the numbers behind it."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from hub.app import Hub
from hub.operations.sync import counts
from hub.pauses import Pause, pause_of
from hub.service import Heartbeat

BEHIND = 5
"""Polls without a whole round before a connection is called behind."""


async def connections(hub: Hub, beats: Mapping[str, Heartbeat], names: Collection[str]) -> list[dict[str, Any]]:
    """State, last round, oldest unfinished record and counts of each connection."""
    found = [await standing_of(hub, name, beats.get(name) or Heartbeat()) for name in sorted(names)]
    return [{**each, "states": await counts(hub.ledger, each["name"])} for each in found]


async def standing_of(hub: Hub, name: str, beat: Heartbeat) -> dict[str, Any]:
    """The same of one connection, but for the counts, which read every record of it."""
    settings = hub.settings.connections[name]
    oldest = await hub.ledger.rows(
        "SELECT MIN(since) FROM record_state WHERE connection = ? AND state IN ('pending', 'in-flight', 'failed')",
        (name,),
    )
    pause = await pause_of(hub.ledger, name)
    return {
        "name": name,
        "kind": settings.kind,
        "state": _word(hub, beat, settings.poll_every, pause),
        "pause": {"since": pause.since, "actor": pause.actor, "reason": pause.reason} if pause.paused else None,
        "last_round": beat.ended.isoformat() if beat.ended else None,
        "troubles": beat.troubles,
        "oldest_unfinished": oldest[0][0],
        "business_central": {"api_url": settings.business_central.api_url},
        "procore": {"api_url": settings.procore.api_url, "company_id": settings.procore.company_id},
    }


def _word(hub: Hub, beat: Heartbeat, every: timedelta, pause: Pause) -> str:
    """Paused, or by its rounds: broken when the last had trouble, behind when none ended for long, starting before."""
    if pause.paused:
        return "paused"
    if beat.ended is None:
        return "broken" if beat.troubles else "starting"
    if beat.troubles:
        return "broken"
    return "behind" if hub.clock.now() - beat.ended > BEHIND * every + timedelta(minutes=5) else "healthy"
