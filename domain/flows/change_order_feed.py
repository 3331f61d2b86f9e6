"""How change orders are read in Procore, and the one origin that both flows of change orders share.

Projects of one or two tiers have one view of each side; where there are three, its place is taken by packages (G3, G4).
How many tiers a project has can be read nowhere but in its potential change orders, so a refused view alone does not
make packages of what is an order elsewhere: nothing is ever known under two ids (PF-11).
"""

from collections.abc import Iterable, Sequence

from domain import change_order
from domain.change_order import PACKAGE_SIDES, SIDES, is_approved
from domain.delivery import Listing
from domain.endpoints import changes
from domain.flow import Feed, Origin, Reading, SiteProject
from domain.flows.common import joined
from domain.project import CHILD
from domain.values import PROCORE, Json, text

NPC_FIELD, TYPE_FIELD = "NPC", "Change Order Type"
"""Labels of the two custom fields, unless the settings name others (G11)."""
_VIEWS = ("prime_change_orders", "commitment_change_orders")


def listings(reading: Reading) -> Iterable[Listing]:
    """Orders of every root project that changed, the lines of approved ones, and the company's own fields."""
    found = False
    for project in _roots(reading):
        for side in _sides(reading):
            yield (view := _view(reading, project, side))
            for row in reading.facts.get(view, ()):
                found = True
                if is_approved(row):
                    yield _lines(reading, project, side, row)
        if not _views_refused(reading, project):
            continue
        yield (listing := changes.packages(project.procore_id, _window(reading, project)))
        if reading.facts.get(listing):
            found = True
            yield changes.potentials(project.procore_id)
        for row in _packages(reading, project):
            yield changes.package(project.procore_id, str(row["id"]))
    if found:
        yield changes.custom_fields(reading.context.procore_company)


def documents(reading: Reading) -> Iterable[Json]:
    """One document for each order; nothing as long as it cannot be told which ones are NPC."""
    definitions = reading.facts.get(changes.custom_fields(reading.context.procore_company))
    if definitions is None:
        return
    settings = reading.context.settings
    npc = change_order.fields_with(definitions, str(settings.get("npc_field", NPC_FIELD)))
    kind = change_order.fields_with(definitions, str(settings.get("type_field", TYPE_FIELD)))
    for project in _roots(reading):
        for row, side, lines in (*_orders(reading, project), *_whole_packages(reading, project)):
            document = change_order.document(row, side, project.procore_id, project.number, npc, kind, lines)
            if not side:
                document["fault"] = f"package {row['id']} of project {project.number} does not say which side it is on"
            if not side or side in _sides(reading):
                yield document


def _orders(reading: Reading, project: SiteProject) -> Iterable[tuple[Json, str, Sequence[Json]]]:
    for side in _sides(reading):
        for row in reading.facts.get(_view(reading, project, side), ()):
            lines = reading.facts.get(_lines(reading, project, side, row)) if is_approved(row) else ()
            if lines is not None:
                yield row, side, lines


def _whole_packages(reading: Reading, project: SiteProject) -> Iterable[tuple[Json, str, Sequence[Json]]]:
    for row in _packages(reading, project):
        for whole in reading.facts.get(changes.package(project.procore_id, str(row["id"])), ()):
            lines = whole.get("line_items") or () if is_approved(whole) else ()
            fields = row.get("custom_fields") or whole.get("custom_fields")  # the list alone is described with them
            yield {**row, **whole, "custom_fields": fields}, PACKAGE_SIDES.get(text(whole, "type"), ""), lines


def _packages(reading: Reading, project: SiteProject) -> Iterable[Json]:
    """Packages that changed, in a project of three tiers."""
    potentials = reading.facts.get(changes.potentials(project.procore_id), ())
    if _views_refused(reading, project) and any(
        row.get("change_order_tiers") == change_order.MOST_TIERS for row in potentials
    ):
        yield from reading.facts.get(changes.packages(project.procore_id, _window(reading, project)), ())


def _roots(reading: Reading) -> list[SiteProject]:
    """Whole jobs, none that stands below another one (C-01)."""
    classes = reading.context.root_classes
    return [it for it in reading.projects if it.facet in classes and CHILD not in it.marks]


def _sides(reading: Reading) -> tuple[str, ...]:
    return SIDES[str(reading.context.settings.get("side", "prime"))]


def _view(reading: Reading, project: SiteProject, side: str) -> Listing:
    return changes.unified(side, project.procore_id, _window(reading, project))


def _views_refused(reading: Reading, project: SiteProject) -> bool:
    return any(_view(reading, project, side) in reading.refused for side in _sides(reading))


def _lines(reading: Reading, project: SiteProject, side: str, row: Json) -> Listing:
    return changes.order_lines(side, reading.context.procore_company, project.procore_id, str(row["id"]))


def _window(reading: Reading, project: SiteProject) -> str:
    """Both bounds, in whole seconds (F2); empty for the first reading."""
    if project.since is None:
        return ""
    until = max(reading.until, project.since)
    return f"{project.since:%Y-%m-%dT%H:%M:%SZ}...{until:%Y-%m-%dT%H:%M:%SZ}"


def _relevant(order: Json) -> Json:
    return {name: value for name, value in order.items() if name not in ("updated_at", "npcField", "procoreProjectId")}


ORIGIN = Origin(
    system=PROCORE,
    feed=Feed(
        listings=listings,
        documents=documents,
        expected=lambda listing: listing.name in _VIEWS,
    ),
    entity_set="change_orders",
    number=lambda order: joined(text(order, "jobNumber"), change_order.label(order)),
    title=change_order.title_of,
    project=lambda order: text(order, "jobNumber"),
    relevant=_relevant,
    facet=lambda order: text(order, "side"),
)
