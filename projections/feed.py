"""Answers how far each source was read, what each connection joins, and how its last round went."""

import msgspec

from domain import events
from domain.events import Event
from projections.projection import Column, Keys, Projection, Rows, Table

FEED = Table(
    name="feed",
    doc="How far each set of a source was read.",
    columns=(
        Column("connection", "text", "connection that it belongs to"),
        Column("entity_set", "text", "set of the source"),
        Column("read_to", "bigint", "row version or entry number up to which all changes are in the ledger"),
        Column("at", "text", "when that was, UTC"),
        Column("version", "bigint", "events that the feed's own stream holds"),
    ),
    key=("connection", "entity_set"),
    indexes=(),
)

ADOPTED = Table(
    name="feed_project",
    doc="Projects whose rows of a set were read whole.",
    columns=(
        Column("connection", "text", "connection that it belongs to"),
        Column("entity_set", "text", "set of the source"),
        Column("project", "text", "project whose rows were read whole"),
    ),
    key=("connection", "entity_set", "project"),
    indexes=(),
)

PAIR = Table(
    name="pair",
    doc="Which two environments each connection joins, since its first contact.",
    columns=(
        Column("connection", "text", "connection"),
        Column("kind", "text", "production or test"),
        Column("business_central_url", "text", "address of Business Central"),
        Column("business_central_company", "text", "company id"),
        Column("business_central_environment", "text", "environment that Business Central names"),
        Column("procore_url", "text", "address of Procore"),
        Column("procore_company", "text", "company id"),
        Column("since", "text", "first successful contact, UTC"),
    ),
    key=("connection",),
    indexes=(),
)

CONFIGURATION = Table(
    name="configuration",
    doc="The settings that each connection runs under.",
    columns=(
        Column("connection", "text", "connection"),
        Column("content", "text", "SHA-256 of the settings, secrets left out"),
        Column("since", "text", "when they came into force, UTC"),
        Column("version", "bigint", "times that they changed, the first included"),
    ),
    key=("connection",),
    indexes=(),
)

ROUND = Table(
    name="round",
    doc="How the last round of each connection went.",
    columns=(
        Column("connection", "text", "connection"),
        Column("started", "text", "UTC"),
        Column("finished", "text", "UTC"),
        Column("observed", "bigint", "records that changed"),
        Column("delivered", "text", "JSON object: system -> deliveries confirmed"),
        Column("calls", "text", "JSON object: reads and writes for each system"),
    ),
    key=("connection",),
    indexes=(),
)


def keys(event: Event) -> Keys:
    """Rows that an event changes in part; the others are replaced whole."""
    if isinstance(event, events.FeedAdopted):
        yield FEED, (event.connection, event.entity_set)


def fold(rows: Rows, event: Event, _position: int) -> None:
    """Assigns what an event says."""
    at = event.at.isoformat()
    match event:
        case events.FeedAdvanced():
            rows.put(
                FEED,
                {
                    "connection": event.connection,
                    "entity_set": event.entity_set,
                    "read_to": event.position,
                    "at": at,
                    "version": event.originator_version,
                },
            )
        case events.FeedAdopted():
            old = rows.get(FEED, (event.connection, event.entity_set))
            fresh = {"connection": event.connection, "entity_set": event.entity_set, "read_to": 0, "at": at}
            rows.put(FEED, {**fresh, **(old or {}), "version": event.originator_version})
            for project in event.projects:
                rows.put(ADOPTED, {"connection": event.connection, "entity_set": event.entity_set, "project": project})
        case events.PairFingerprinted():
            rows.put(
                PAIR,
                {
                    "connection": event.connection,
                    "kind": event.kind,
                    "business_central_url": event.business_central_url,
                    "business_central_company": event.business_central_company,
                    "business_central_environment": event.business_central_environment,
                    "procore_url": event.procore_url,
                    "procore_company": event.procore_company,
                    "since": at,
                },
            )
        case events.Configured():
            rows.put(
                CONFIGURATION,
                {
                    "connection": event.connection,
                    "content": event.content,
                    "since": at,
                    "version": event.originator_version,
                },
            )
        case events.RoundEnded():
            rows.put(
                ROUND,
                {
                    "connection": event.connection,
                    "started": event.started.isoformat(),
                    "finished": at,
                    "observed": event.observed,
                    "delivered": msgspec.json.encode(event.delivered, order="sorted").decode(),
                    "calls": msgspec.json.encode(
                        {"reads": event.reads, "writes": event.writes}, order="sorted"
                    ).decode(),
                },
            )
        case _:
            return


FEEDS = Projection(
    name="feed",
    version=1,
    tables=(FEED, ADOPTED, PAIR, CONFIGURATION, ROUND),
    topics=(
        events.FeedAdvanced.TOPIC,
        events.FeedAdopted.TOPIC,
        events.PairFingerprinted.TOPIC,
        events.Configured.TOPIC,
        events.RoundEnded.TOPIC,
    ),
    keys=keys,
    fold=fold,
)
