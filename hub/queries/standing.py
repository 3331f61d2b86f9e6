"""One connection whole: both ends, what they allow, what tells us, how it is read, which flows carry what."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from adapters.outbound.calls import Quota
from domain.flow import Flow
from domain.flows import FLOWS
from domain.values import BUSINESS_CENTRAL, PROCORE
from hub.app import Hub, flow_settings
from hub.gate import ENVIRONMENTS
from hub.operations.sync import counts
from hub.service import Service
from hub.settings import Connection

SOON_TOKEN = 300
"""Units  seconds; tokens live an hour or two and are renewed by the next call."""


_PAIR = (
    "kind",
    "business_central_url",
    "business_central_company",
    "business_central_environment",
    "procore_url",
    "procore_company",
    "since",
)


async def standing(it: Service, name: str) -> dict[str, Any]:
    """What the page of a connection shows; no system is asked."""
    settings = it.hub.settings.connections[name]
    return {
        "ends": [_business_central(it, name, settings), _procore(it, name, settings)],
        "pair": await _pair(it.hub, name),
        "mixed": (await mixed(it.hub, [name])).get(name, []),
        "schedule": _schedule(settings),
        "configured": await _configured(it.hub, name),
        "lanes": await _lanes(it.hub, name, settings),
        "told": _told(it, name),
        "feeds": await _feeds(it.hub, name),
    }


async def mixed(hub: Hub, names: Collection[str]) -> dict[str, list[str]]:
    """Connection -> why its two companies do not belong together, as far as the ledger knows (MA-05, MA-06, BX-15)."""
    condition, parameter = hub.ledger.in_list("connection", sorted(names))
    rows = await hub.ledger.rows(f"SELECT connection, {', '.join(_PAIR)} FROM pair WHERE {condition}", (parameter,))  # noqa: S608 - built from columns
    found = {row[0]: _mixing(hub.settings.connections[row[0]], dict(zip(_PAIR, row[1:], strict=True))) for row in rows}
    return {name: why for name, why in found.items() if why}


def _mixing(settings: Connection, known: Mapping[str, Any]) -> list[str]:
    central, procore = settings.business_central, settings.procore
    now = {
        "kind": settings.kind,
        "business_central_url": central.api_url,
        "business_central_company": str(central.company_id),
        "procore_url": procore.api_url,
        "procore_company": str(procore.company_id),
    }
    found = [f"{key} was {known[key]} and is {value} now" for key, value in now.items() if known[key] != value]
    environment = known["business_central_environment"]
    if environment and environment not in ENVIRONMENTS[settings.kind]:
        found.append(f"Business Central belongs to {environment} of Procore, the connection is of kind {settings.kind}")
    return found


def environment(api_url: str) -> str:
    """The environment of Business Central that an address ends in; empty where it has another form."""
    before, _, name = api_url.removesuffix("/api").rpartition("/")
    return name if before.count("/") > 2 else ""  # noqa: PLR2004 - behind scheme, host, version and tenant


async def _pair(hub: Hub, name: str) -> dict[str, Any] | None:
    rows = await hub.ledger.rows(f"SELECT {', '.join(_PAIR)} FROM pair WHERE connection = ?", (name,))  # noqa: S608 - built from columns
    return dict(zip(_PAIR, rows[0], strict=True)) if rows else None


def _business_central(it: Service, name: str, settings: Connection) -> dict[str, Any]:
    end = settings.business_central
    return {
        "system": BUSINESS_CENTRAL,
        "facts": [
            ("environment", environment(end.api_url)),
            ("company", str(end.company_id)),
            ("address", end.api_url),
            ("connector", end.connector_route),
            ("signs in as", end.client_id),
            ("scope", end.scope),
            ("secret", _secret(end.client_secret)),
        ],
        "quota": _quota(it, name, BUSINESS_CENTRAL),
    }


def _procore(it: Service, name: str, settings: Connection) -> dict[str, Any]:
    end = settings.procore
    return {
        "system": PROCORE,
        "facts": [
            ("company", str(end.company_id)),
            ("address", end.api_url),
            ("signs in as", end.client_id),
            ("signs in at", end.token_url),
            ("secret", _secret(end.client_secret)),
            ("ERP desk", "answered" if end.erp_requests else ""),
            ("not listened to", ", ".join(end.muted)),
        ],
        "quota": _quota(it, name, PROCORE),
    }


def _secret(secret: Any) -> str:
    return f"{secret.shown}{'' if secret.at_hand else ', which is not at hand'}"


def _quota(it: Service, name: str, system: str) -> dict[str, Any] | None:
    """What the system said last to a round; none before the first."""
    pair = it.schedule.pairs.get(name)
    if pair is None:
        return None
    quota: Quota = next(target.quota for at, target in pair.targets.items() if at == system)
    now = it.hub.clock.now()
    is_over = quota.reset is not None and quota.reset <= now
    return {
        "limit": quota.limit,
        "left": quota.limit if is_over else quota.remaining,
        "reset": None if is_over else quota.reset,
        "paused_until": quota.paused_until if quota.paused_until and quota.paused_until > now else None,
        "waited": quota.waited.total_seconds(),
        "token_until": quota.token_until,
        "token_over": quota.token_until is not None and quota.token_until <= now,
    }


def _schedule(settings: Connection) -> dict[str, Any]:
    return {
        "poll_every": settings.poll_every.total_seconds(),
        "time_zone": settings.time_zone,
        "daily_at": settings.daily_at.isoformat("minutes"),
        "drift_every": settings.drift_every,
        "start_date": settings.start_date,
        "exclude_tags": list(settings.exclude_tags),
        "mapping": settings.mapping.name if settings.mapping else "",
    }


async def _configured(hub: Hub, name: str) -> dict[str, Any] | None:
    rows = await hub.ledger.rows("SELECT since, version FROM configuration WHERE connection = ?", (name,))
    return {"since": rows[0][0], "changes": rows[0][1]} if rows else None


async def _lanes(hub: Hub, name: str, settings: Connection) -> list[dict[str, Any]]:
    """Every flow as a lane between both systems: what it carries, from where, whether it is on, and what is in it."""
    found, tables = await counts(hub.ledger, name), flow_settings(settings)
    return [_lane(flow, tables, found.get(flow.name, {})) for flow in FLOWS]


def _lane(flow: Flow, tables: Mapping[str, Mapping[str, Any]], states: Mapping[str, int]) -> dict[str, Any]:
    source, _, goal = flow.name.partition("-to-")
    to_procore = flow.origin.system == BUSINESS_CENTRAL
    table = tables.get(flow.settings_of or flow.name, {"enabled": True})
    return {
        "flow": flow.name,
        "business_central": source if to_procore else goal,
        "procore": goal if to_procore else source,
        "to_procore": to_procore,
        "on": bool(table.get("enabled")),
        "approval": str(table.get("approval", "off")),
        "every": str(table.get("every", "always")),
        "states": states,
    }


def _told(it: Service, name: str) -> dict[str, Any]:
    """What both systems were asked to tell by themselves."""
    if it.subscribing is None:
        return {"url": "", "items": [], "faults": []}
    known, now = it.subscribing.standing[name], it.hub.clock.now()
    items = [
        {"system": system, "what": what, "expires": expires, "over": expires <= now}
        for (system, what), expires in sorted(known.expires.items())
    ]
    return {"url": it.hub.settings.server.public_url, "items": items, "faults": known.faults}


async def _feeds(hub: Hub, name: str) -> Sequence[Mapping[str, Any]]:
    rows = await hub.ledger.rows(
        "SELECT entity_set, read_to, at FROM feed WHERE connection = ? ORDER BY entity_set", (name,)
    )
    return [{"set": row[0], "read_to": row[1], "at": datetime.fromisoformat(row[2])} for row in rows]
