"""Answers what happened, in order, in words."""

import re

from domain import events
from domain.events import Event
from projections.projection import Column, Keys, Projection, Rows, Table
from projections.record_state import approval_in_words

EVENT_LOG = Table(
    name="event_log",
    doc="Everything that happened, in order, in words.",
    columns=(
        Column("position", "bigint", "position in the ledger"),
        Column("at", "text", "when it happened, UTC"),
        Column("connection", "text", "connection that it belongs to"),
        Column("record", "text", "UUID of the record, or of the feed or connection"),
        Column("version", "bigint", "place in the record's own stream"),
        Column("event", "text", "stored name and version of the event"),
        Column("flow", "text", "flow, where it belongs to one"),
        Column("summary", "text", "what happened, in one line"),
        Column("actor", "text", "system, user or token that acted"),
        Column("correlation_id", "text", "the whole story"),
        Column("causation_id", "text", "the step right before"),
    ),
    key=("position",),
    indexes=(("record", "position"), ("connection", "event", "position"), ("correlation_id", "position")),
)

INSTANT = Table(
    name="instant",
    doc="Where in the ledger time moves on: each event that is later than all before it.",
    columns=(
        Column("position", "bigint", "position of the event"),
        Column("at", "text", "when it happened, UTC"),
    ),
    key=("position",),
    indexes=(("at", "position"),),
)

LATEST = Table(
    name="latest_instant",
    doc="The latest moment of all events so far; one row.",
    columns=(Column("id", "bigint", "always 1"), Column("at", "text", "the latest moment, UTC")),
    key=("id",),
)
_ONLY = (1,)


def keys(_event: Event) -> Keys:
    """Every event is a new row, so only the latest moment has to be read."""
    yield LATEST, _ONLY


def fold(rows: Rows, event: Event, position: int) -> None:
    """One row for each event, and one for each step of time: moments of events may overlap, those steps never do."""
    at = event.at.isoformat()
    latest = rows.get(LATEST, _ONLY)
    if latest is None or at > latest["at"]:
        rows.append(INSTANT, {"position": position, "at": at})
        rows.put(LATEST, {"id": 1, "at": at})
    rows.append(
        EVENT_LOG,
        {
            "position": position,
            "at": at,
            "connection": event.connection,
            "record": str(event.originator_id),
            "version": event.originator_version,
            "event": event.TOPIC,
            "flow": event.flow if isinstance(event, events.FlowEvent) else "",
            "summary": summary(event),
            "actor": event.actor,
            "correlation_id": event.correlation_id,
            "causation_id": event.causation_id,
        },
    )


def summary(event: Event) -> str:  # noqa: C901, PLR0911, PLR0912, PLR0915 - one line for each kind of event
    """What happened, in one line, for people."""
    match event:
        case events.Observed():
            return f"{event.side} shows {event.kind.replace('_', ' ')} {event.number} {event.title}".strip()
        case events.Vanished():
            return f"removed in {event.side}" + (f", replaced by {event.replaced_by}" if event.replaced_by else "")
        case events.Parked():
            return "parked: " + "; ".join(wait.text for wait in event.waits)
        case events.Rejected():
            return "rejected: " + "; ".join(violation.message for violation in event.violations)
        case events.Excluded():
            return f"excluded: {event.rule}"
        case events.Conflicted():
            return f"conflict: {event.reason}"
        case events.Tombstoned():
            back = ", and only a person brings it back" if event.closed else ""
            return ("deleted" if event.closed else "deleted in its source") + f"; the counterpart stays{back}"
        case events.Synced():
            return "synced"
        case events.Linked():
            pairs = ", ".join(
                f"{link.bc_number} = {link.procore_resource} {link.procore_id}" for link in event.links[:3]
            )
            return f"linked {pairs}" + (f" and {len(event.links) - 3} more" if len(event.links) > 3 else "")  # noqa: PLR2004
        case events.Requested():
            return f"to deliver: {in_words(event.part)} to {event.endpoint}"
        case events.Attempted():
            return f"attempt {event.attempt}: {in_words(event.part)}"
        case events.Confirmed():
            where = "" if event.target_id in event.part else f" is {event.target_id}"
            return f"delivered: {in_words(event.part)}{where}" + (" (found by looking)" if event.found else "")
        case events.Delayed():
            return f"delayed: {in_words(event.part)}: {event.reason}"
        case events.Refused():
            return f"refused: {in_words(event.part)}: {event.message}"
        case events.Closed():
            return f"withdrawn: {in_words(event.part)}: {event.why}"
        case events.Retried():
            return "to be decided again, although its source did not change"
        case events.Adopted():
            return f"linked by hand: {_pair(event.link)}" + _because(event.reason)
        case events.Unlinked():
            return f"unlinked: {', '.join(map(_pair, event.links[:3])) or 'nothing was joined'}" + _because(
                event.reason
            )
        case events.Reset():
            return f"reset: {event.warning}" + _because(event.reason)
        case events.LinkageRefused():
            return f"{event.act} refused: {event.message}" + _because(event.reason)
        case events.DriftFound() | events.DriftSettled() | events.DriftResolved() | events.DriftLooked():
            return _of_drift(event)
        case events.Skipped():
            return f"left out until its source changes: {event.rule}"
        case events.Replayed():
            return f"to be settled now: {in_words(event.part)}" + (", which was refused" if event.reopened else "")
        case events.BatchFrozen():
            return f"to {event.action} {event.total} records: {event.reason}"
        case events.BatchAdvanced():
            return f"{event.through} records had their turn, {event.done} now, {len(event.left)} left as they were"
        case events.BatchEnded():
            return "the rest was called off" if event.cancelled else "every record had its turn"
        case events.CauseMuted():
            return f"{event.cause} raises no alarm until {event.until.isoformat()[:16]} UTC" + _because(event.reason)
        case events.CauseUnmuted():
            return f"{event.cause} raises alarms again" + _because(event.reason)
        case events.ApprovalRequested() | events.ApprovalEvent():
            return f"approval: {approval_in_words(event)}"
        case events.FeedAdvanced():
            return f"{event.entity_set} read up to {event.position}"
        case events.FeedAdopted():
            return f"{event.entity_set} of {', '.join(event.projects)} read whole"
        case events.PairFingerprinted():
            return f"joins company {event.business_central_company} and Procore company {event.procore_company}"
        case events.Configured():
            return "the settings of the connection changed"
        case events.ConnectionPaused() | events.ConnectionResumed():
            word = "paused" if isinstance(event, events.ConnectionPaused) else "resumed"
            return f"the connection was {word}" + _because(event.reason)
        case events.RunAsked():
            return "a round of its own was asked for" + (f", of project {event.project}" if event.project else "")
        case events.RunGivenUp():
            return f"the round that was asked for was given up after {event.attempts} attempts: {event.why}"
        case events.ErrandBegun() | events.ErrandEnded():
            return _errand(event)
        case events.RoundEnded():
            return f"round ended: {event.observed} observed, {sum(event.delivered.values())} delivered"
        case events.NoticeHeard():
            left = f" (ignored: {event.ignored})" if event.ignored else ""
            return f"heard: {event.reason} of {event.resource} {event.resource_id}".rstrip() + left
        case events.Subscribed():
            return f"{event.system} tells of {event.what}: {event.action}" + (f", {event.words}" if event.words else "")
        case events.DeadLettered():
            return f"unreadable {event.entity_set} {event.source_id}: {event.reason}"
        case events.PlanMade():
            return f"plan {event.plan[:12]}: {event.writes} writes"
        case events.PlanStarted():
            return f"plan {event.plan[:12]} is carried out"
        case events.PlanEnded():
            return f"plan {event.plan[:12]} {event.result}, {event.sent} sent" + (f": {event.why}" if event.why else "")
        case events.RequestClaimed():
            return f"asked with a key: {event.method} {event.path}"
        case events.RequestAnswered():
            return f"answered with {event.status}"
        case events.MappingDrafted() | events.MappingPublished() | events.MappingReverted() | events.MappingTaken():
            return _of_maps(event)
        case _:
            return _of_adoption(event) or of_access(event)


def _errand(event: events.ErrandBegun | events.ErrandEnded) -> str:
    if isinstance(event, events.ErrandEnded):
        return f"{event.sort} {event.state}: {event.outcome or event.why}"
    asked = ", ".join(f"{name} {value}" for name, value in event.asked.items() if value)
    return f"the service was sent for {event.sort}" + (f" of {asked}" if asked else "")


def _of_adoption(event: Event) -> str:
    """What was proposed and confirmed of projects in progress; empty for any other event."""
    match event:
        case events.AdoptionProposed():
            return f"adoption {event.proposal[:12]}: {event.pairs} pairs proposed, {event.unclear} not clear"
        case events.AdoptionConfirmed():
            return f"adoption {event.proposal[:12]}: {event.joined} joined, {event.held} held back" + _because(
                event.reason
            )
        case events.ProjectBaselined():
            return f"project {event.project} begins at {event.procore_id} with {event.joined} joined" + _because(
                event.accepted
            )
        case _:
            return ""


def _of_maps(
    event: events.MappingDrafted | events.MappingPublished | events.MappingReverted | events.MappingTaken,
) -> str:
    match event:
        case events.MappingDrafted():
            return f"maps proposed on top of version {event.base}" + _because(event.note)
        case events.MappingPublished():
            return f"version {event.mapping} of the maps published from a {event.source}" + _because(event.note)
        case events.MappingReverted():
            return f"version {event.mapping} of the maps is version {event.to} once more" + _because(event.note)
        case events.MappingTaken():
            return f"version {event.mapping} of the maps is in force: {event.changed} records read differently"


def _of_drift(event: events.DriftFound | events.DriftSettled | events.DriftResolved | events.DriftLooked) -> str:
    """What somebody changed in the target, and what was said of it, by the names of the fields."""
    match event:
        case events.DriftLooked():
            seen = f"{event.rows} rows of {event.records} records compared"
            return f"{seen}: {event.found} fields changed by others, {event.settled} agree again"
        case events.DriftFound():
            names = ", ".join(f"{in_words(each.part)} {each.field}".strip() or "record" for each in event.fields[:3])
            verdicts = " and ".join(dict.fromkeys(_VERDICTS[each.verdict] for each in event.fields))
            return f"drift: {names}{_and_more(len(event.fields))}: {verdicts}"
        case events.DriftSettled():
            names = ", ".join(f"{in_words(part)} {field}".strip() or "record" for part, field in event.fields[:3])
            return f"drift is over: {names}{_and_more(len(event.fields))}"
        case events.DriftResolved():
            names = ", ".join(f"{in_words(it.part)} {it.field}".strip() or "record" for it in event.settlements[:3])
            return f"drift: {event.choice} of {names}{_and_more(len(event.settlements))}" + _because(event.reason)


_VERDICTS = {
    "target": "changed by others",
    "conflict": "changed on both sides",
    "gone": "no longer to be seen",
    "source-deleted": "stands although its source is gone",
}


def _and_more(count: int) -> str:
    return f" and {count - 3} more" if count > 3 else ""  # noqa: PLR2004 - three are named


def of_access(event: Event) -> str:  # noqa: C901, PLR0911, PLR0912 - as above
    """What happened to who may do what, to keys and to old bodies, in one line."""
    match event:
        case events.UserPut():
            roles = ", ".join(f"{role} on {_everywhere(place)}" for place, role in event.roles.items()) or "no role"
            rights = f", may {', '.join(event.rights)}" if event.rights else ""
            return f"user {event.name}: {roles}{rights}"
        case events.UserRemoved():
            return f"user {event.name} removed"
        case events.TokenCreated():
            places = ", ".join(_everywhere(place) for place in event.connections)
            approves = ", approves" if event.approve else ""
            return f"token {event.name}: {event.role} on {places}{approves}, until {event.expires_at:%Y-%m-%d}"
        case events.ReaderGranted():
            return f"database role {event.name} may read the read schema"
        case events.ReaderRevoked():
            return f"database role {event.name} may read no more"
        case events.TokenRevoked():
            return f"token {event.name} revoked"
        case events.SessionStarted():
            return f"user {event.name} signed in"
        case events.SignInLinkMade():
            return f"a link made that signs user {event.name} in once, until {event.ends_at:%Y-%m-%d %H:%M}"
        case events.SignInLinkUsed():
            return f"user {event.name} came by a sign-in link"
        case events.SessionEnded():
            return f"user {event.name} signed out"
        case events.SessionsEnded():
            return f"user {event.name} signed out everywhere"
        case events.AccessRefused():
            times = f" ({event.count} times)" if event.count > 1 else ""
            return f"not permitted: {event.action}: {event.reason}{times}"
        case events.KeysRotated():
            return f"{event.secrets} secrets encrypted under the key {event.key}"
        case events.ContentsRedacted():
            return f"{len(event.contents)} bodies from before {event.before:%Y-%m-%d} redacted"
        case _:
            return _of_proofs(event)


def _of_proofs(event: Event) -> str:
    match event:
        case events.SigningKeyMade():
            return f"heads are signed by the key {event.key} from here on"
        case events.HeadSigned():
            return f"head {event.hash[:12]} signed, of everything up to {event.position}"
        case events.ChainVerified():
            found = f"{event.findings} findings: {'; '.join(event.words)}" if event.findings else "nothing was changed"
            return f"verified from {event.start} to {event.position}: {found}"
        case _:
            return _of_reconciliation(event)


def _of_reconciliation(event: Event) -> str:
    """What was found when both companies were compared, in one line."""
    match event:
        case events.ReconciliationMade():
            return f"both companies compared, {event.lines} lines: {event.result}"
        case events.ReconciliationTold():
            return f"{len(event.lines)} lines of a comparison, from line {event.first} on"
        case events.ReconciliationSignedOff():
            return f"comparison signed off: {event.reason}"
        case _:
            return event.TOPIC


def _everywhere(place: str) -> str:
    return "every connection" if place == "*" else place


def _pair(link: events.LinkRow) -> str:
    return f"{link.bc_number} = {link.procore_resource} {link.procore_id}"


def _because(reason: str) -> str:
    return f" ({reason})" if reason else ""


_ID = re.compile(r"([0-9a-f]{8})-[0-9a-f-]{27}")


def in_words(part: str) -> str:
    """The name of a part for people: `line:63e81b84-…` is `line 63e81b84`, `bc:log` the entry in the sync log."""
    if part == "bc:log":
        return "entry in the sync log"
    text = _ID.sub(r"\1", part)
    if text.startswith("bc:"):
        return f"ids back to {text.removeprefix('bc:').replace(':', ' ')}"
    return text.replace(":", " ")


EVENT_LOGS = Projection(
    name="event_log",
    version=3,
    tables=(EVENT_LOG, INSTANT, LATEST),
    topics=tuple(events.EVENTS),
    keys=keys,
    fold=fold,
)
