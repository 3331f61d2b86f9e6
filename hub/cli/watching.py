"""Commands that print what comes with the product for other tools: a dashboard of Grafana, alerts of Prometheus."""

from importlib.resources import files

from hub.report import ExitStatus, Report


def grafana() -> Report:
    """Print a dashboard over the metrics of the service, to be imported by Grafana."""
    return _shipped("grafana.json")


def alerts() -> Report:
    """Print alert rules over the metrics of the service, to be read by Prometheus."""
    return _shipped("alerts.yaml")


def _shipped(name: str) -> Report:
    text = files("hub.monitoring").joinpath(name).read_text()
    return Report(
        {"file": name, "text": text},
        ExitStatus.DONE,
        lambda console: console.print(text, markup=False, highlight=False, soft_wrap=True, end=""),
    )
