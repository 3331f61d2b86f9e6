"""Every operation that the stand-in serves; fixed paths stand before those with an id in the same place."""

from adapters.sandbox.procore import (
    commitment_lines,
    commitments,
    company,
    cost_codes,
    directory,
    projects,
    segment_items,
    segments,
    sub_jobs,
    wbs_codes,
)
from adapters.sandbox.procore.kernel import Route

ROUTES: tuple[Route, ...] = (
    *directory.ROUTES,
    *company.ROUTES,
    *projects.ROUTES,
    *segments.ROUTES,
    *segment_items.ROUTES,
    *sub_jobs.ROUTES,
    *cost_codes.ROUTES,
    *wbs_codes.ROUTES,
    *commitments.ROUTES,
    *commitment_lines.ROUTES,
)
