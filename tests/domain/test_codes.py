"""Budget codes are put together and taken apart by the project's pattern, never by the place of a delimiter."""

import pytest

from domain.codes import item_of, taken_apart

ITEMS = [
    {"id": 1, "code": "01", "path_code": "01", "parent_id": None},
    {"id": 2, "code": "100", "path_code": "01-100", "parent_id": 1},
    {"id": 3, "code": "100", "path_code": "02-100", "parent_id": 9},
    {"id": 4, "code": "A-B.C", "parent_id": None},
    {"id": 5, "code": "200", "path_codes": ["03", "200"], "parent_id": 8},
]


@pytest.mark.requirement("C-23")
@pytest.mark.parametrize(
    ("code", "id_"), [("01", 1), ("01-100", 2), ("02-100", 3), ("A-B.C", 4), (" a-b.c ", 4), ("03-200", 5)]
)
def test_an_item_is_known_by_its_whole_path(code: str, id_: int) -> None:
    item = item_of(ITEMS, code)

    assert item is not None
    assert item["id"] == id_


@pytest.mark.requirement("C-23")
@pytest.mark.parametrize("code", ["100", "200", "B.C", "03", ""])
def test_the_last_tier_alone_names_nothing(code: str) -> None:
    assert item_of(ITEMS, code) is None


@pytest.mark.requirement("C-23")
def test_a_code_is_split_by_its_items_even_where_the_delimiter_stands_inside() -> None:
    code = {
        "flat_code": "SJ.1.01-100.L",
        "segment_items": [
            {"code": "SJ.1", "segment": {"type": "sub_job"}},
            {"code": "100", "path_codes": ["01", "100"], "segment": {"type": "cost_code"}},
            {"code": "L", "path_code": "L", "segment": {"type": "line_item_type"}},
        ],
    }

    assert taken_apart(code) == {"sub_job": "SJ.1", "cost_code": "01-100", "line_item_type": "L"}


def test_a_code_without_items_has_no_parts() -> None:
    assert taken_apart({"flat_code": "01-100.L"}) == {}
