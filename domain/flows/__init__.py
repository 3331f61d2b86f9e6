"""The registry of flows, in the order of a first sync."""

from domain.change_order import ChangeOrder
from domain.commitment import Commitment
from domain.flow import Flow, check_registry
from domain.flows import (
    budget_code_to_budget_line,
    budget_code_to_wbs_code,
    change_order_to_change_order,
    cost_type_to_line_item_type,
    erp_request_to_close_out,
    npc_change_order_to_project,
    planning_line_to_budget_line,
    posted_invoice_to_commitment_invoice,
    project_journal_to_direct_cost,
    project_segment_to_sub_job,
    project_task_to_cost_code,
    project_to_project,
    purchase_order_to_commitment,
    segment_to_segment_item,
    segment_type_to_segment,
    time_sheet_to_crew_time_sheet,
    vendor_to_company,
    vendor_to_project_directory,
)
from domain.project import Project
from domain.record import Record
from domain.time_sheet import TimeSheet

FLOWS: tuple[Flow, ...] = (
    vendor_to_company.FLOW,
    cost_type_to_line_item_type.FLOW,
    segment_type_to_segment.FLOW,
    segment_to_segment_item.FLOW,
    project_to_project.FLOW,
    project_segment_to_sub_job.FLOW,
    project_task_to_cost_code.FLOW,
    budget_code_to_wbs_code.FLOW,
    budget_code_to_budget_line.FLOW,
    planning_line_to_budget_line.FLOW,
    vendor_to_project_directory.FLOW,
    purchase_order_to_commitment.FLOW,
    change_order_to_change_order.FLOW,
    npc_change_order_to_project.FLOW,
    posted_invoice_to_commitment_invoice.FLOW,
    project_journal_to_direct_cost.FLOW,
    time_sheet_to_crew_time_sheet.FLOW,
    erp_request_to_close_out.FLOW,
)
check_registry(FLOWS)

BY_NAME: dict[str, Flow] = {flow.name: flow for flow in FLOWS}
BY_KIND: dict[str, Flow] = {flow.kind: flow for flow in reversed(FLOWS)}
"""The first flow of each kind: the one whose pairs others refer to."""

OF_KIND: dict[str, tuple[Flow, ...]] = {
    kind: tuple(flow for flow in FLOWS if flow.kind == kind) for kind in dict.fromkeys(flow.kind for flow in FLOWS)
}
"""All flows that records of a kind may take part in."""

RECORDS: dict[str, type[Record]] = {
    Project.KIND: Project,
    Commitment.KIND: Commitment,
    ChangeOrder.KIND: ChangeOrder,
    TimeSheet.KIND: TimeSheet,
}
"""Kinds with rules of their own; every other kind is a plain `Record`."""
