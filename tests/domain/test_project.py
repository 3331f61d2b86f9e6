"""Which projects are roots, and which were made from a change order."""

from typing import Any

import pytest

from domain.project import is_npc_child, is_root

ROOTS = ("", "Base Project", "Master Job", "Project with Change Order")


@pytest.mark.requirement("C-03")
@pytest.mark.parametrize(
    ("fields", "is_child"),
    [
        ({"parentProjectNumber": "J1", "projectClass": "NPC_x0020_Change_x0020_Order"}, True),
        ({"parentProjectNumber": "J1", "procoreChangeOrderId": 77}, True),
        ({"parentProjectNumber": "J1", "procoreChangeOrderId": 0}, False),
        ({"parentProjectNumber": "J1", "projectClass": "Sub_x0020_Job"}, False),
        ({"projectClass": "NPC_x0020_Change_x0020_Order"}, False),
        ({}, False),
    ],
)
def test_a_child_of_a_change_order_has_a_parent_and_the_class_or_the_order(
    fields: dict[str, Any], is_child: object
) -> None:
    assert is_npc_child(fields) is is_child


@pytest.mark.parametrize(
    ("fields", "root"),
    [
        ({"projectClass": "Master_x0020_Job"}, True),
        ({"projectClass": "Project_x0020_with_x0020_Change_x0020_Order"}, True),
        ({"projectClass": "_x0020_"}, True),
        ({}, True),
        ({"projectClass": "Extra_x0020_Work"}, False),
        ({"projectClass": "Master_x0020_Job", "parentProjectNumber": "J1"}, False),
    ],
)
def test_a_root_has_no_parent_and_a_class_of_a_whole_job(fields: dict[str, Any], root: object) -> None:
    assert is_root(fields, ROOTS) is root
