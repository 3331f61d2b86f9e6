"""What the documentation says of the configuration is what the configuration is."""

from pathlib import Path

from hub.settings import FLOW_NAMES
from hub.settings.reference import reference

DOCUMENT = Path(__file__).parents[3] / "docs" / "configure.md"


def test_the_documented_keys_are_the_keys() -> None:
    """Written anew by `python -m hub.settings.reference`, below the last heading."""
    assert DOCUMENT.read_text().endswith(f"a test compares -->\n\n{reference()}")


def test_every_flow_and_every_table_is_documented() -> None:
    text = reference()

    for flow in FLOW_NAMES:
        assert f"### `[connections.NAME.flows.{flow}]`\n" in text
    for table in ("store", "server", "connections.NAME", "connections.NAME.procore"):
        assert f"### `[{table}]`\n" in text
    assert "required" in text
