"""What other tools get: every question is about a metric that there is, and every alert leads to a mend."""

import json
import re
import runpy
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
ALERTS: list[dict[str, Any]] = yaml.safe_load((ROOT / "hub/monitoring/alerts.yaml").read_text())["groups"][0]["rules"]
BOARD = json.loads((ROOT / "hub/monitoring/grafana.json").read_text())
MEASURED = "".join((ROOT / f"hub/web/{name}.py").read_text() for name in ("metrics", "gauges", "timings"))


def questions() -> list[str]:
    charts = [panel for panel in BOARD["panels"] if panel["type"] != "row"]
    return [target["expr"] for chart in charts for target in chart["targets"]] + [rule["expr"] for rule in ALERTS]


@pytest.mark.parametrize("question", questions())
def test_every_question_is_about_metrics_that_there_are(question: str) -> None:
    names = re.findall(r"siteledger_(\w+?)(?:_total|_bucket)?\b", question)

    assert names
    for name in names:
        assert f'"{name}"' in MEASURED or f'"siteledger_{name}"' in MEASURED, name


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_every_alert_leads_to_a_mend(rule: dict[str, Any]) -> None:
    page, _, anchor = rule["annotations"]["runbook"].partition("#")
    headings = re.findall(r"^## (.+)$", (ROOT / page).read_text(), re.MULTILINE)

    assert anchor in {heading.lower().replace(" ", "-") for heading in headings}
    assert rule["labels"]["severity"] in {"page", "ticket"}


def test_the_dashboard_is_what_its_program_writes() -> None:
    program = runpy.run_path(str(ROOT / "scripts/assets/grafana.py"))

    assert (ROOT / "hub/monitoring/grafana.json").read_text() == program["text"]()
