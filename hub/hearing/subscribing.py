"""Has both systems tell by themselves what changes, and keeps it so: set up, renewed, repaired, and missed ones found.

Whatever fails here costs time and nothing else, as polling goes on: it is recorded, said, and tried again.
Source  Procore guide 19 (N1 to N20), Business Central guide 11 (11.1 to 11.6).
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast
from uuid import uuid5

import anyio
import structlog

from adapters.business_central.client import BusinessCentralClient
from adapters.business_central.subscriptions import Subscription
from adapters.outbound.secrets import Secret
from adapters.procore.client import ProcoreClient
from adapters.procore.hook_rows import Hook, Wanted
from domain import events
from domain.concerns import Resource, is_muted, resources_for, sets_for
from domain.errors import SiteLedgerError
from domain.flows import BY_KIND
from domain.notices import Notice
from domain.values import BUSINESS_CENTRAL, LEDGER, PROCORE, System
from hub.acting import SYSTEM, moment_of
from hub.app import Hub
from hub.connection import Pair
from hub.hearing.listening import Listening
from hub.hearing.words import NAMESPACE, address, secret_name

log: structlog.stdlib.BoundLogger = structlog.get_logger()

LOOK_EVERY = timedelta(hours=1)
RENEW_BEFORE = timedelta(days=2)
"""A subscription of Business Central lives three days (11.3), so each is renewed every day."""
PROJECTS_EVERY = timedelta(days=1)
"""A look at the hook of one project takes three calls, and a company has hundreds of projects."""
LOOK_BACK = PROJECTS_EVERY + timedelta(hours=14)
"""Procore gives a delivery up after twelve hours (N12)."""
LOOK_BACK_AT_START = timedelta(days=7)
"""After a time in which nobody listened."""

_LINKED = """
SELECT DISTINCT x.procore_id FROM cross_reference x
JOIN record_state s ON s.record = x.record AND s.flow = x.flow
WHERE x.connection = ? AND x.flow = 'project-to-project' AND x.role = 'primary'
AND s.state NOT IN ('excluded', 'deleted') ORDER BY x.procore_id
"""


@dataclass
class Standing:
    """What is asked for on one connection, as it was last seen.

    `expires` by system and what; `faults` are the words of what could not be set up.
    """

    expires: dict[tuple[System, str], datetime] = field(default_factory=dict[tuple[System, str], datetime])
    faults: list[str] = field(default_factory=list[str])


class Subscribing:
    """Keeps what one connection asks for. The web server must answer before it begins (11.2)."""

    def __init__(self, hub: Hub, listening: Listening, public_url: str) -> None:
        self._hub = hub
        self._listening = listening
        self._url = public_url
        self._looked: dict[tuple[str, str], datetime] = {}
        self._turns = {name: anyio.Lock() for name in hub.settings.connections}
        self.standing: dict[str, Standing] = {name: Standing() for name in hub.settings.connections}

    async def run(self, connection: str) -> None:
        """Looks after it every hour, until cancelled.

        Raises  StoreUnavailable.
        """
        while True:
            async with self._hub.pair(connection) as pair:
                await self.look_after(pair)
            await anyio.sleep(LOOK_EVERY.total_seconds())

    async def look_after(self, pair: Pair) -> None:
        """One look at everything that this connection asks for; one that fails holds up no other."""
        async with self._turns[pair.name]:
            standing = Standing()
            for step in (self._procore, self._business_central):
                await self._tried(pair, standing, step)
            self.standing[pair.name] = standing
        if standing.faults:
            log.warning("not_told_of_everything", connection=pair.name, reasons=standing.faults[:10])

    async def _tried(self, pair: Pair, standing: Standing, step: Callable[[Pair, Standing], Awaitable[None]]) -> None:
        try:
            await step(pair, standing)
        except SiteLedgerError as error:
            standing.faults.append(str(error))

    async def _secret(self, system: System, connection: str) -> tuple[Secret, bool]:
        """The secret that a system must show, and whether it was made just now."""
        name = secret_name(system, connection)
        known = await self._hub.vault.get(name)
        if known is not None:
            return Secret(known.get_secret_value()), False
        made = f"{self._hub.rng.getrandbits(256):064x}"
        await self._hub.vault.put(name, made)
        self._listening.forget_secrets()
        return Secret(made), True

    # -- Procore -----------------------------------------------------------------------------------

    async def _procore(self, pair: Pair, standing: Standing) -> None:
        """A hook of the company and one for each linked project: triggers belong to one scope each (N1)."""
        token, fresh = await self._secret(PROCORE, pair.name)
        resources = resources_for(pair.flows, self._muted(pair))
        offered: dict[str, frozenset[tuple[str, str]]] = {}
        linked = [row[0] for row in await self._hub.ledger.rows(_LINKED, (pair.name,))]
        for project in ("", *(each for each in linked if self._is_due(pair.name, each))):
            scope = "project" if project else "company"
            # Of what a project only gets from the hub nothing is asked: each trigger takes a call, for each project.
            useful = [it for it in resources if it.scope == scope and (not project or _begins_there(it))]
            wanted = [Wanted(it.name, event) for it in useful for event in it.events]
            try:
                hook = await self._hook(pair, token, project, fresh=fresh)
                await self._silenced(pair, hook)
                if scope not in offered:  # every project offers the same
                    offered[scope] = await self._offered(pair, project)
                await self._triggers(
                    pair, standing, hook, [it for it in wanted if (it.resource, it.event) in offered[scope]]
                )
                await self._discarded(pair, hook)
            except SiteLedgerError as error:
                standing.faults.append(f"hook of {f'project {project}' if project else 'the company'}: {error}")

    def _is_due(self, connection: str, project: str) -> bool:
        """The hook of a project was not looked at in this process, or not for long, or not to the end."""
        looked = self._looked.get((connection, project))
        return looked is None or self._hub.clock.now() - looked >= PROJECTS_EVERY

    async def _offered(self, pair: Pair, project: str) -> frozenset[tuple[str, str]]:
        hooks = cast("ProcoreClient", pair.targets[PROCORE]).hooks
        return frozenset((it.resource, event) for it in await hooks.offers(project) for event in it.events)

    async def _hook(self, pair: Pair, token: Secret, project: str, *, fresh: bool) -> Hook:
        hooks = cast("ProcoreClient", pair.targets[PROCORE]).hooks
        url = address(self._url, PROCORE, pair.name)
        known = [it for it in await hooks.all(NAMESPACE, project) if it.url == url]
        what = f"project {project}" if project else "the company"
        for stray in known[1:]:  # made twice, when an answer was lost
            await hooks.delete(stray.id, project)
            await self._say(pair, PROCORE, what, "doubled hook removed")
        if not known:
            made = await hooks.create(url, NAMESPACE, token, project_id=project)
            await self._say(pair, PROCORE, what, "set up")
            return made
        hook = known[0]
        # A wholly masked value proves nothing (N7): then each process tells Procore once what it must show.
        masked = not hook.ending.strip("*")
        sound = hook.active and not fresh and (masked or token.reveal().endswith(hook.ending.lstrip("*")))
        if sound and (not masked or (pair.name, project) in self._looked):
            return hook
        mended = await hooks.update(hook.id, project_id=project, token=token, active=None if project else True)
        if not sound:
            await self._say(pair, PROCORE, what, "repaired")
        return mended or await hooks.create(url, NAMESPACE, token, project_id=project)

    async def _triggers(self, pair: Pair, standing: Standing, hook: Hook, asked: Sequence[Wanted]) -> None:
        hooks = cast("ProcoreClient", pair.targets[PROCORE]).hooks
        before = hook.triggers
        triggers = await hooks.add_triggers(hook.id, asked, hook.project_id)
        for refused in triggers.refused:
            standing.faults.append(f"{refused.wanted.resource} {refused.wanted.event}: {refused.why}")
        if before is not None and before < len(asked):
            what = f"project {hook.project_id}" if hook.project_id else "the company"
            await self._say(pair, PROCORE, what, f"{len(triggers.present)} triggers")

    def _muted(self, pair: Pair) -> tuple[str, ...]:
        return self._hub.settings.connections[pair.name].procore.muted

    async def _silenced(self, pair: Pair, hook: Hook) -> None:
        """Triggers of what was muted since they were made are taken away."""
        if not (muted := self._muted(pair)) or hook.triggers == 0:
            return
        hooks = cast("ProcoreClient", pair.targets[PROCORE]).hooks
        for trigger in await hooks.triggers(hook.id, hook.project_id):
            if is_muted(trigger.resource, muted):
                await hooks.remove_trigger(hook.id, trigger.id, hook.project_id)

    async def _discarded(self, pair: Pair, hook: Hook) -> None:
        """Deliveries that Procore gave up are heard all the same (PF-06)."""
        place, now = (pair.name, hook.project_id), self._hub.clock.now()
        since = now - (LOOK_BACK if place in self._looked else LOOK_BACK_AT_START)
        hooks = cast("ProcoreClient", pair.targets[PROCORE]).hooks
        async for page in hooks.deliveries(hook.id, since, "discarded", hook.project_id):
            found: Sequence[Notice] = [it.notice for it in page if it.notice is not None]
            await self._listening.store(pair.name, found, "discarded")
        self._looked[place] = now

    # -- Business Central --------------------------------------------------------------------------

    async def _business_central(self, pair: Pair, standing: Standing) -> None:
        state, fresh = await self._secret(BUSINESS_CENTRAL, pair.name)
        desk = cast("BusinessCentralClient", pair.targets[BUSINESS_CENTRAL]).subscriptions
        url = address(self._url, BUSINESS_CENTRAL, pair.name)
        present = {it.entity_set: it for it in await desk.all() if it.url == url and desk.is_of_company(it)}
        for entity_set in sets_for(pair.flows):
            try:
                kept = await self._kept(pair, present.get(entity_set), entity_set, url, state, fresh=fresh)
            except SiteLedgerError as error:
                standing.faults.append(f"{entity_set}: {error}")
                continue
            if kept.expires is not None:
                standing.expires[BUSINESS_CENTRAL, entity_set] = kept.expires

    async def _kept(
        self, pair: Pair, known: Subscription | None, entity_set: str, url: str, state: Secret, *, fresh: bool
    ) -> Subscription:
        """A subscription that lasts: renewed in time, made again when it is gone (11.3)."""
        desk = cast("BusinessCentralClient", pair.targets[BUSINESS_CENTRAL]).subscriptions
        action = "set up"
        if known is not None:
            lasts = known.expires is not None and known.expires - self._hub.clock.now() > RENEW_BEFORE
            if lasts and not fresh:
                return known
            renewed = await desk.renew(known, url, state)
            if renewed is not None:
                await self._say(pair, BUSINESS_CENTRAL, entity_set, "renewed", renewed.expires)
                return renewed
            action = "repaired"
        made = await desk.create(entity_set, url, state)
        await self._say(pair, BUSINESS_CENTRAL, entity_set, action, made.expires)
        return made

    async def _say(self, pair: Pair, system: System, what: str, action: str, expires: datetime | None = None) -> None:
        moment = moment_of(self._hub.clock, SYSTEM, pair.name)
        stream = uuid5(LEDGER, f"{pair.name}/subscribed/{system}/{what}/{action}/{moment.at.isoformat()}")
        event = pair.event(
            events.Subscribed,
            stream,
            1,
            moment,
            system=system,
            what=what,
            action=action,
            expires=expires.isoformat() if expires else "",
            words="",
        )
        await self._hub.ledger.append([event])


def _begins_there(resource: Resource) -> bool:
    """Records of ours come from it."""
    return any(BY_KIND[kind].origin.system == PROCORE for kind in resource.kinds)
