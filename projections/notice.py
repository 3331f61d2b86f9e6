"""Answers what both systems told, and why nothing was read for some of it."""

from domain import events
from domain.events import Event
from projections.projection import Column, Keys, Projection, Rows, Table

NOTICE = Table(
    name="notice",
    doc="Every notice of a system that something changed, once.",
    columns=(
        Column("notice", "text", "UUID of the notice; its stream in the ledger"),
        Column("connection", "text", "connection that it came for"),
        Column("system", "text", "business_central or procore"),
        Column("id", "text", "the system's own id of it"),
        Column("resource", "text", "resource of Procore, entity set of Business Central, as it came"),
        Column("resource_id", "text", "id of the record, empty for a whole set"),
        Column("project_id", "text", "project of Procore, empty where not said"),
        Column("reason", "text", "create, update, delete or collection"),
        Column("ignored", "text", "why nothing is read for it: own, muted or unused; empty when it is read"),
        Column("via", "text", "webhook, or discarded when it was found in the list of what was given up"),
        Column("changed_at", "text", "when the change was made, as it came, empty where not said"),
        Column("at", "text", "when it was heard, UTC"),
        Column("position", "bigint", "position of its event in the ledger"),
    ),
    key=("notice",),
    indexes=(("connection", "position"), ("connection", "resource", "position")),
)


def keys(_event: Event) -> Keys:
    """A notice is heard once, so none has to be read."""
    return ()


def fold(rows: Rows, event: Event, position: int) -> None:
    """One row for each."""
    if not isinstance(event, events.NoticeHeard):
        return
    same = ("connection", "system", "resource", "resource_id", "project_id", "reason", "via", "changed_at")
    rows.append(
        NOTICE,
        {
            "notice": str(event.originator_id),
            "id": event.notice,
            **{name: getattr(event, name) for name in same},
            "ignored": event.ignored or ("own" if event.own else ""),
            "at": event.at.isoformat(),
            "position": position,
        },
    )


NOTICES = Projection(
    name="notice", version=1, tables=(NOTICE,), topics=(events.NoticeHeard.TOPIC,), keys=keys, fold=fold
)
