"""What is not said has the documented default, and what is said is read in one form."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import ValidationError

from hub.settings import FLOW_NAMES, Secret, Settings
from tests.hub.settings.sample import FLOWS, MAIN, PC, configured, with_line


@pytest.mark.requirement("C-58")
def test_the_flows_of_projectpro_vendors_cost_types_and_sub_jobs_are_on_and_all_others_off(tmp_path: Path) -> None:
    flows = configured(tmp_path).settings.connections["main"].flows

    assert flows.enabled() == (
        "vendor-to-company",
        "cost-type-to-line-item-type",
        "segment-to-segment-item",
        "project-segment-to-sub-job",
        "project-to-project",
        "project-task-to-cost-code",
        "planning-line-to-budget-line",
        "purchase-order-to-commitment",
        "posted-invoice-to-commitment-invoice",
        "project-journal-to-direct-cost",
        "change-order-to-change-order",
        "npc-change-order-to-project",
        "time-sheet-to-crew-time-sheet",
    )
    assert FLOW_NAMES[13:] == (
        "company-to-vendor",
        "customer-to-company",
        "employee-to-user",
        "subcontractor-invoice-to-purchase-invoice",
        "payment-to-contract-payment",
        "prime-contract-to-prime-contract",
        "commitment-to-purchase-order",
        "commitment-change-order-to-purchase-order",
        "budget-change-to-planning-line",
        "project-to-job",
    )


@pytest.mark.requirement("C-06", "C-10", "C-14", "C-27", "C-28", "C-29", "C-49", "C-50", "LE-40", "MA-10")
def test_every_default_is_the_documented_one(tmp_path: Path) -> None:
    settings = configured(tmp_path).settings

    connection = settings.connections["main"]
    flows = connection.flows
    assert (settings.server.host, settings.server.port, settings.server.public_url) == ("127.0.0.1", 8080, None)
    assert connection.poll_every == timedelta(seconds=60)
    assert connection.start_date is None
    assert connection.exclude_tags == ("NOTPROCORE",)
    assert connection.root_classes == ("", "Base Project", "Master Job", "Project with Change Order")
    assert connection.procore.api_url == "https://api.procore.com"
    assert connection.business_central.connector_route == "siteledger/procore/v1.0"
    assert flows.vendor_to_company.create is False
    assert flows.cost_type_to_line_item_type.create is True
    assert flows.purchase_order_to_commitment.split_by_job is False
    assert flows.purchase_order_to_commitment.status == {"Released": "Approved", "default": "Draft"}
    assert flows.posted_invoice_to_commitment_invoice.posted_invoice_target == "requisition"
    assert flows.posted_invoice_to_commitment_invoice.rounding_tolerance == Decimal("0.00")
    assert flows.project_journal_to_direct_cost.allow_negative is False
    assert flows.change_order_to_change_order.side == "prime"
    assert {flows.named(name).model_dump()["approval"] for name in flows.enabled()} == {"off"}


def test_every_flow_is_known_by_its_name_alone(tmp_path: Path) -> None:
    flows = configured(tmp_path).settings.connections["main"].flows

    assert flows.named("vendor-to-company") is flows.vendor_to_company
    with pytest.raises(KeyError):
        flows.named("named")


def test_a_status_table_without_default_keeps_the_draft(tmp_path: Path) -> None:
    text = with_line(f"{FLOWS}.purchase-order-to-commitment", 'status = { Open = "Submitted" }')

    status = configured(tmp_path, text).settings.connections["main"].flows.purchase_order_to_commitment.status

    assert status == {"Open": "Submitted", "default": "Draft"}


@pytest.mark.parametrize(("written", "exact"), [('"0.10"', "0.10"), ("0.1", "0.1"), ("1", "1")])
def test_an_amount_is_exact_however_it_is_written(tmp_path: Path, written: str, exact: str) -> None:
    text = with_line(f"{FLOWS}.posted-invoice-to-commitment-invoice", f"rounding_tolerance = {written}")

    flows = configured(tmp_path, text).settings.connections["main"].flows

    assert str(flows.posted_invoice_to_commitment_invoice.rounding_tolerance) == exact


@pytest.mark.parametrize(
    ("written", "duration"),
    [
        ("45s", timedelta(seconds=45)),
        ("5m", timedelta(minutes=5)),
        ("2h", timedelta(hours=2)),
        ("1d", timedelta(days=1)),
    ],
)
def test_a_duration_is_a_number_and_a_unit(tmp_path: Path, written: str, duration: timedelta) -> None:
    text = with_line("connections.main", f'poll_every = "{written}"')

    assert configured(tmp_path, text).settings.connections["main"].poll_every == duration


@pytest.mark.requirement("MA-11")
@pytest.mark.parametrize(
    "url", ["http://localhost:8102", "http://127.0.0.1:8102/", "http://[::1]:8102", "https://x.org/"]
)
def test_http_is_accepted_for_this_computer_and_a_trailing_slash_is_dropped(tmp_path: Path, url: str) -> None:
    settings = configured(tmp_path, with_line(PC, f'api_url = "{url}"')).settings

    assert settings.connections["main"].procore.api_url == url.rstrip("/")


@pytest.mark.requirement("C-41")
def test_a_test_connection_may_use_the_production_address(tmp_path: Path) -> None:
    connection = configured(tmp_path).settings.connections["main"]

    assert (connection.kind, connection.procore.api_url) == ("test", "https://api.procore.com")


def test_several_connections_stand_side_by_side(tmp_path: Path) -> None:
    twin = MAIN.replace("connections.main", "connections.west-2").replace("4711", "4712")

    assert list(configured(tmp_path, MAIN + twin).settings.connections) == ["main", "west-2"]


def test_ids_of_companies_are_read_in_their_one_form(tmp_path: Path) -> None:
    connection = configured(tmp_path).settings.connections["main"]

    assert connection.business_central.company_id == "6f0b5a52-1d0c-4a0e-9a57-51edc0de0002"


def test_settings_never_change(tmp_path: Path) -> None:
    settings = configured(tmp_path).settings

    with pytest.raises(ValidationError, match="frozen"):
        settings.server.port = 1  # pyright: ignore[reportAttributeAccessIssue] - that is the promise


def test_settings_can_be_made_by_a_program() -> None:
    document = {
        "store": {"url": "sqlite:///trial.db"},
        "connections": {
            "main": {
                "kind": "test",
                "business_central": {
                    "api_url": "http://127.0.0.1:8101/api",
                    "token_url": "http://127.0.0.1:8101/token",
                    "company_id": "6f0b5a52-1d0c-4a0e-9a57-51edc0de0002",
                    "client_id": "hub",
                    "client_secret": Secret("one"),
                },
                "procore": {"company_id": 1, "client_id": "hub", "client_secret": Secret("two")},
            }
        },
    }

    settings = Settings.model_validate(document)

    assert settings.store.url.get_secret_value() == "sqlite:///trial.db"
    assert settings.connections["main"].business_central.client_secret.get_secret_value() == "one"


@pytest.mark.requirement("C-19", "PP-84", "PP-92")
def test_time_that_is_pending_or_approved_is_carried_and_ordinary_hours_need_no_work_type(tmp_path: Path) -> None:
    table = f"{FLOWS}.time-sheet-to-crew-time-sheet"
    usual = configured(tmp_path, with_line(table, "enabled = true"))
    text = with_line(table, 'statuses = { completed = "Approved" }\nwork_types = { Overtime = "OT" }')
    own = configured(tmp_path, text)
    first, second = (each.settings.connections["main"].flows.time_sheet_to_crew_time_sheet for each in (usual, own))

    assert (first.statuses, first.work_types) == ({"pending": "Pending", "approved": "Approved"}, {"Regular": ""})
    assert (second.statuses, second.work_types) == ({"completed": "Approved"}, {"Regular": "", "Overtime": "OT"})
