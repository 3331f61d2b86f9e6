"""One table says who may do what: every action under every role, with the right and without it."""

import pytest

from hub.access import EVERY, NOBODY, RULES, Action, Principal, Right, Role, may, operator, visible, why_not

NO, YES, WITH = "no", "yes", "with the right"

TABLE: dict[Action, tuple[str, str, str, str]] = {
    #                        none read  standard admin
    Action.SEE:             (NO,  YES,  YES,     YES),
    Action.SEE_BODIES:      (NO,  NO,   YES,     YES),
    Action.OPERATE:         (NO,  NO,   YES,     YES),
    Action.RETRIEVE:        (NO,  NO,   YES,     YES),
    Action.APPROVE:         (NO,  NO,   WITH,    WITH),
    Action.SIGN_OFF:        (NO,  NO,   WITH,    YES),
    Action.CONFIGURE:       (NO,  NO,   NO,      YES),
    Action.MANAGE:          (NO,  NO,   NO,      YES),
    Action.MAKE_APPROVERS:  (NO,  NO,   NO,      WITH),
}  # fmt: skip
"""Source  ux.md 7.3; ER-01, ER-02."""

PUSH = frozenset({Right.PUSH_TO_ACCOUNTING})
CASES = [(action, role, answers[role]) for action, answers in TABLE.items() for role in Role]


@pytest.mark.requirement("ER-01", "ER-02")
@pytest.mark.parametrize(("action", "role", "answer"), CASES)
def test_each_action_is_allowed_or_refused_as_tabled(action: Action, role: Role, answer: str) -> None:
    plain = Principal("user:anna", {"main": role})
    approver = Principal("user:anna", {"main": role}, PUSH)

    assert may(plain, action, "main") is (answer == YES)
    assert may(approver, action, "main") is (answer != NO)


def test_the_table_of_the_test_and_of_the_hub_name_the_same_actions() -> None:
    assert set(TABLE) == set(RULES) == set(Action)


@pytest.mark.requirement("ER-01")
def test_a_role_on_one_connection_is_none_on_another() -> None:
    anna = Principal("user:anna", {"main": Role.ADMIN})

    assert not may(anna, Action.SEE, "north")
    assert not may(anna, Action.MANAGE)
    assert visible(anna, ["main", "north"]) == ("main",)


@pytest.mark.requirement("ER-01")
def test_what_is_said_of_one_connection_goes_before_what_is_said_of_all() -> None:
    anna = Principal("user:anna", {EVERY: Role.ADMIN, "north": Role.NONE})

    assert may(anna, Action.CONFIGURE, "main")
    assert not may(anna, Action.SEE, "north")


@pytest.mark.requirement("ER-01")
def test_whoever_is_not_signed_in_may_do_nothing() -> None:
    assert not any(may(NOBODY, action, place) for action in Action for place in ("main", None))


@pytest.mark.requirement("ER-02")
def test_the_operator_of_the_computer_approves_nothing_but_may_make_approvers() -> None:
    assert not may(operator("cli:olga"), Action.APPROVE, "main")
    assert may(operator("cli:olga"), Action.MAKE_APPROVERS)


@pytest.mark.requirement("ER-04")
@pytest.mark.parametrize(
    ("action", "says"),
    [
        (Action.CONFIGURE, "configure takes the role admin on main"),
        (Action.APPROVE, "approve takes the right push_to_accounting"),
    ],
)
def test_a_refusal_names_what_is_missing(action: Action, says: str) -> None:
    assert why_not(Principal("user:anna", {"main": Role.STANDARD}), action, "main") == says
