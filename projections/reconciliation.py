"""Answers how both companies compared: every run, and the lines of the newest one, line by line."""

import msgspec

from domain import events
from domain.events import Event
from projections.projection import Column, Keys, Projection, Rows, Table

RECONCILIATION = Table(
    name="reconciliation",
    doc="Comparisons of both companies, each made from books that were read afresh.",
    columns=(
        Column("run", "text", "UUID of the run"),
        Column("connection", "text", "connection that it belongs to"),
        Column("made_at", "text", "when it was made, UTC"),
        Column("actor", "text", "who asked for it"),
        Column("result", "text", "equal, explained, unexplained, or incomplete where lists could not be read"),
        Column("asked", "text", "JSON list of the projects that were asked for, empty for all"),
        Column("projects", "bigint", "projects that were compared"),
        Column("lines", "bigint", "lines, one for each cell of each measure"),
        Column("differing", "bigint", "lines with a difference"),
        Column("open", "bigint", "lines with something unexplained"),
        Column("unexplained", "text", "JSON object: currency -> sum of what is unexplained, without regard to sign"),
        Column("kinds", "text", "JSON object: kind -> number of explanations"),
        Column("calls", "text", "JSON object: system -> HTTP requests that read"),
        Column("content", "text", "SHA-256 of the summary"),
        Column("read_from", "bigint", "position of the ledger when reading began"),
        Column("signed_by", "text", "who signed it off, else empty"),
        Column("signed_at", "text", "when that was, UTC, else empty"),
        Column("reason", "text", "reason of the signature, else empty"),
        Column("version", "bigint", "events that the run's own stream holds"),
        Column("position", "bigint", "position of the event that made it"),
    ),
    key=("run",),
    indexes=(("connection", "position"),),
)

RECONCILIATION_LINE = Table(
    name="reconciliation_line",
    doc="Lines of the newest run of each connection, and of those that are signed off.",
    columns=(
        Column("run", "text", "UUID of the run"),
        Column("line", "bigint", "place among the lines of the run, from 0"),
        Column("connection", "text", "connection that it belongs to"),
        Column("measure", "text", "original_budget, approved_changes, committed, invoiced or direct_cost"),
        Column("project", "text", "number of the project; jobs that share its Procore project stand under it"),
        Column("cost_code", "text", "project task, which is the cost code in Procore"),
        Column("cost_type", "text", "cost type"),
        Column("segment", "text", "segment, which is the sub job in Procore"),
        Column("currency", "text", "currency of the amounts"),
        Column("business_central", "numeric", "what Business Central says"),
        Column("procore", "numeric", "what Procore says"),
        Column("difference", "numeric", "Business Central less Procore"),
        Column("unexplained", "numeric", "difference less everything that explains it"),
        Column("kinds", "text", "codes of what explains it, in order, each between blanks"),
    ),
    key=("run", "line"),
    indexes=(("connection", "project"),),
)


def keys(event: Event) -> Keys:
    """The run that is signed off."""
    if isinstance(event, events.ReconciliationSignedOff):
        yield RECONCILIATION, (event.run,)


def fold(rows: Rows, event: Event, position: int) -> None:
    """Assigns what an event says. Lines of a run that was replaced stand in its contents alone."""
    match event:
        case events.ReconciliationMade():
            for run in event.replaces:
                rows.clear(RECONCILIATION_LINE, (run,))
            rows.put(RECONCILIATION, _made(event, position))
        case events.ReconciliationTold():
            for place, line in enumerate(event.lines, event.first):
                rows.put(RECONCILIATION_LINE, _line(event, place, line))
        case events.ReconciliationSignedOff():
            old = rows.get(RECONCILIATION, (event.run,))
            if old is not None:
                signed = {"signed_by": event.actor, "signed_at": event.at.isoformat(), "reason": event.reason}
                rows.put(RECONCILIATION, {**old, **signed, "version": event.originator_version})
        case _:
            return


def _made(event: events.ReconciliationMade, position: int) -> dict[str, str | int]:
    return {
        "run": event.run,
        "connection": event.connection,
        "made_at": event.at.isoformat(),
        "actor": event.actor,
        "result": event.result,
        "asked": msgspec.json.encode(event.asked).decode(),
        "projects": event.projects,
        "lines": event.lines,
        "differing": event.differing,
        "open": event.open,
        "unexplained": msgspec.json.encode(event.unexplained, order="sorted").decode(),
        "kinds": msgspec.json.encode(event.kinds, order="sorted").decode(),
        "calls": msgspec.json.encode(event.calls, order="sorted").decode(),
        "content": event.content,
        "read_from": event.read_from,
        "signed_by": "",
        "signed_at": "",
        "reason": "",
        "version": event.originator_version,
        "position": position,
    }


def _line(event: events.ReconciliationTold, place: int, line: events.ReconciledLine) -> dict[str, str | int]:
    return {
        "run": event.run,
        "line": place,
        "connection": event.connection,
        **{name: getattr(line, name) for name in line.__struct_fields__ if name != "kinds"},
        "kinds": "".join(f" {kind} " for kind in line.kinds),
    }


RECONCILIATIONS = Projection(
    name="reconciliation",
    version=1,
    tables=(RECONCILIATION, RECONCILIATION_LINE),
    topics=tuple(
        kind.TOPIC for kind in (events.ReconciliationMade, events.ReconciliationTold, events.ReconciliationSignedOff)
    ),
    keys=keys,
    fold=fold,
)
