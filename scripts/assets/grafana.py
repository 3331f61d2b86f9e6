"""Writes hub/monitoring/grafana.json: one dashboard over the metrics of the service; with --check, compares instead."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grafana_foundation_sdk.builders import dashboard, prometheus, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import DataSourceRef

FILE = Path(__file__).parents[2] / "hub/monitoring/grafana.json"
SOURCE = DataSourceRef(type_val="prometheus", uid="${source}")
CHOSEN = 'connection=~"$connection"'


@dataclass(frozen=True)
class Chart:
    """One chart. Units as Grafana names them; each question with the words of its legend."""

    title: str
    about: str
    unit: str
    asked: Sequence[tuple[str, str]]


ROWS: Sequence[tuple[str, Sequence[Chart]]] = (
    (
        "Is everything in step?",
        (
            Chart(
                "Records that do not go on",
                "Failed, dead, rejected, in conflict: somebody or time has to act.",
                "short",
                [
                    (
                        f'sum by (state) (siteledger_queue_depth{{{CHOSEN},state=~"failed|dead|rejected|conflict"}})',
                        "{{state}}",
                    )
                ],
            ),
            Chart(
                "Age of the oldest unfinished record",
                "Pending, in flight or failed.",
                "s",
                [(f"max by (flow) (siteledger_oldest_pending_age_seconds{{{CHOSEN}}})", "{{flow}}")],
            ),
            Chart(
                "From change to done, 95 of 100",
                "By the clock of the source.",
                "s",
                [
                    (
                        (
                            "histogram_quantile(0.95, sum by (le, flow) (rate("
                            f"siteledger_end_to_end_seconds_bucket{{{CHOSEN}}}[15m])))"
                        ),
                        "{{flow}}",
                    )
                ],
            ),
            Chart(
                "Open failures by cause",
                "Each cause is a line of the page Failures.",
                "short",
                [(f"sum by (cause) (siteledger_open_failures{{{CHOSEN}}})", "{{cause}}")],
            ),
        ),
    ),
    (
        "What is it doing?",
        (
            Chart(
                "Deliveries",
                "Calls that carried something, by what came of them.",
                "ops",
                [(f"sum by (outcome) (rate(siteledger_deliveries_total{{{CHOSEN}}}[5m]))", "{{outcome}}")],
            ),
            Chart(
                "Rounds",
                "How they ended.",
                "ops",
                [(f"sum by (outcome) (rate(siteledger_poll_runs_total{{{CHOSEN}}}[15m]))", "{{outcome}}")],
            ),
            Chart(
                "Notices heard",
                "Webhooks by what was made of them.",
                "ops",
                [
                    (
                        f"sum by (system, outcome) (rate(siteledger_webhooks_received_total{{{CHOSEN}}}[5m]))",
                        "{{system}} {{outcome}}",
                    )
                ],
            ),
            Chart(
                "Calls left in Procore's window",
                "As Procore said last.",
                "short",
                [(f"siteledger_rate_limit_remaining{{{CHOSEN}}}", "{{connection}}")],
            ),
        ),
    ),
    (
        "Who has to act?",
        (
            Chart(
                "Approvals that wait",
                "Documents, and the age of the oldest.",
                "short",
                [(f"siteledger_approvals_waiting{{{CHOSEN}}}", "{{connection}}")],
            ),
            Chart(
                "Differences between both companies",
                "What explains them, in the newest comparison.",
                "short",
                [(f"siteledger_reconcile_differences{{{CHOSEN}}}", "{{kind}}")],
            ),
            Chart(
                "Time until something expires",
                "Subscriptions; below zero a system tells nothing any more.",
                "s",
                [
                    (
                        (
                            "min by (system) (siteledger_webhook_subscription_expiry_timestamp_seconds"
                            f"{{{CHOSEN}}}) - time()"
                        ),
                        "{{system}}",
                    )
                ],
            ),
        ),
    ),
    (
        "Is the hub itself well?",
        (
            Chart(
                "Events behind",
                "Of each read model.",
                "short",
                [("siteledger_projection_lag_events", "{{projection}}")],
            ),
            Chart(
                "Answers of the web server, 95 of 100",
                "By address.",
                "s",
                [
                    (
                        (
                            "histogram_quantile(0.95, sum by (le, route)"
                            " (rate(siteledger_http_server_request_duration_seconds_bucket[5m])))"
                        ),
                        "{{route}}",
                    )
                ],
            ),
            Chart(
                "The chain of the ledger",
                "1: the last verification found nothing.",
                "short",
                [("siteledger_audit_chain_valid", "valid")],
            ),
        ),
    ),
)


def text() -> str:
    """The dashboard as Grafana imports it."""
    board = (
        dashboard.Dashboard("SiteLedger")
        .uid("siteledger")
        .tags(["siteledger"])
        .refresh("1m")
        .time("now-24h", "now")
        .with_variable(dashboard.DatasourceVariable("source").label("Prometheus").type("prometheus"))
        .with_variable(
            dashboard.QueryVariable("connection")
            .label("Connection")
            .datasource(SOURCE)
            .query("label_values(siteledger_queue_depth, connection)")
            .include_all(include_all=True)
            .all_value(".*")
            .multi(multi=True)
        )
    )
    for heading, charts in ROWS:
        board = board.with_row(dashboard.Row(heading))
        for chart in charts:
            board = board.with_panel(_panel(chart))
    return JSONEncoder(sort_keys=True, indent=2).encode(board.build()) + "\n"


def _panel(chart: Chart) -> timeseries.Panel:
    panel = timeseries.Panel().title(chart.title).description(chart.about).unit(chart.unit).datasource(SOURCE)
    panel = panel.span(12).height(8)
    for question, legend in chart.asked:
        panel = panel.with_target(prometheus.Dataquery().expr(question).legend_format(legend))
    return panel


def main() -> int:
    """0 when the file is what this program writes."""
    if sys.argv[1:] == ["--check"]:
        return 0 if FILE.read_text() == text() else 1
    FILE.write_text(text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
