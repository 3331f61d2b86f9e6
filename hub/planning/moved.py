"""In which way the world is not as it was when a plan was made, in words."""

from hub.planning.plan import Plan, Write

MOST = 20
"""Differences that are told; whoever has more makes a new plan anyway."""


def moved_since(before: Plan, now: Plan) -> list[str]:
    """What differs between two plans of one scope; at least one sentence for plans with different hashes."""
    told: list[str] = []
    if before.settings != now.settings:
        told.append("the settings of the connection changed")
    old, new = _by_place(before), _by_place(now)
    for place, write in old.items():
        other = new.get(place)
        if other is None:
            told.append(f"{_named(write)} is not due any more")
        elif other.rests_on != write.rests_on:
            told.append(f"{write.flow} {write.number} changed in its source")
        elif (other.name, other.content) != (write.name, write.content):
            told.append(f"{_named(write)} would say something else")
    told += [f"{_named(write)} is due, too" for place, write in new.items() if place not in old]
    found = list(dict.fromkeys(told)) or ["the order of the writes changed"]
    return found if len(found) <= MOST else [*found[:MOST], f"and {len(found) - MOST} more differences"]


def _by_place(plan: Plan) -> dict[tuple[str, str, str, int], Write]:
    found: dict[tuple[str, str, str, int], Write] = {}
    for write in plan.writes:
        times = 0
        while (place := (write.record, write.flow, write.part, times)) in found:
            times += 1
        found[place] = write
    return found


def _named(write: Write) -> str:
    return f"{write.flow} {write.number}: {write.part}"
