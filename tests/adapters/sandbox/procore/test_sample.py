"""The sample companies of both stand-ins fit each other as two real companies do: mostly."""

from adapters.sandbox.business_central import sample as other
from adapters.sandbox.procore import Procore
from adapters.sandbox.procore.sample import load_sample


def test_most_vendors_can_be_linked_one_by_name_only_one_not_at_all(procore: Procore) -> None:
    load_sample(procore)
    ours = list(procore.rows("vendors"))
    codes = {vendor["origin_code"] for vendor in ours if vendor["origin_code"]}
    taxes = {vendor["business_register"]["identifier"] for vendor in ours if vendor.get("business_register")}
    names = {vendor["name"] for vendor in ours}
    flagged = [(number, name, tax) for number, name, tax, wanted, *_ in other.VENDORS if wanted]
    by_key = [number for number, _, tax in flagged if number in codes or tax in taxes]
    by_name = [number for number, name, _ in flagged if number not in by_key and name in names]
    missing = [number for number, _, _ in flagged if number not in by_key and number not in by_name]

    assert (len(by_key), by_name, missing) == (9, ["V00070"], ["V00100"])


def test_the_units_of_the_sample_orders_are_known(procore: Procore) -> None:
    load_sample(procore)
    known = {unit["name"].upper() for unit in procore.rows("uoms")}

    assert {unit for _, _, _, unit, _ in other.BUDGET} <= known


def test_the_sample_is_the_same_every_time(procore: Procore) -> None:
    again = Procore(now=procore.state.now, seed=1)
    for each in (procore, again):
        load_sample(each)

    assert again.export() == procore.export()
