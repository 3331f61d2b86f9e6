"""Maps as text: what is written is what is read, digit by digit; what cannot be read is named by its line."""

import tomllib
from decimal import Decimal

import pytest

from domain.errors import WrongInput
from domain.mapping_rules import parsed
from domain.values import read_json
from hub.operations.map_texts import as_text, from_text
from hub.records import canonical_json

MAPS = """
[purchaseOrders.fields]
yourReference = "subject"
retentionPercent = { field = "retainage", default = 0.10 }
commitmentType = { constant = "Work Order" }

[purchaseOrders.codes.paymentTermsCode]
"30D" = "Net 30"
"14D" = [{ to = "Net 14", until = "2026-06-30" }, { to = "2% 10 \\"Net\\" 30", from = "2026-07-01" }]

[costTypes.codes.code]
"LABOR" = "L"
"""


@pytest.mark.requirement("BX-11")
def test_what_is_written_is_read_again_to_the_last_digit() -> None:
    kept = read_json(canonical_json(tomllib.loads(MAPS, parse_float=Decimal)))

    text = as_text(kept)

    assert from_text(text) == kept
    assert parsed(from_text(text))[1] == []
    assert "default = 0.10" in text
    assert as_text(from_text(text)) == text
    assert from_text(as_text({})) == {}


def test_what_is_no_toml_is_named_by_its_line() -> None:
    with pytest.raises(WrongInput, match="line 2, column 15"):
        from_text("[purchaseOrders.fields]\nyourReference subject")
