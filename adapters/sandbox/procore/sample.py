"""A sample company that has lived a little: its vendors partly match those of the Business Central sample.

Most of them can be linked by code or tax number, one has nothing but an equal name, one is switched off, and one of
Business Central's vendors is missing.
"""

from decimal import Decimal

from adapters.sandbox.procore.stand_in import Procore

# Name, origin code, tax number, city, state, active.
VENDORS = (
    ("Acme Concrete Supply", "V00010", "", "Milwaukee", "WI", True),
    ("Badger Structural Steel", "", "39-2210475", "Waukesha", "WI", True),
    ("Great Lakes Electrical Contractors", "V00030", "36-3399120", "Chicago", "IL", True),
    ("Hoffman Plumbing and Heating", "", "39-5567018", "Madison", "WI", True),
    ("Midwest Crane Rental", "V00050", "", "Rockford", "IL", True),
    ("Prairie Glass and Glazing", "", "36-8842213", "Naperville", "IL", False),
    ("Summit Roofing Systems", "", "", "Appleton", "WI", True),
    ("Tri County Excavating", "", "39-7710034", "Janesville", "WI", True),
    ("United Building Supply", "V00090", "", "Elgin", "IL", True),
    ("O'Brien & Sons Masonry", "V00120", "39-4402156", "Beloit", "WI", True),
    ("Lakefront Survey Partners", "", "36-9013377", "Evanston", "IL", True),
    ("Dunes Landscaping", "", "", "Gary", "IN", True),
)

COST_TYPES = (("L", "Labor", "labor"), ("M", "Materials", "materials"))
"""Two of the types that Business Central has, under the same codes and without origin ids."""

UNITS = (
    ("ea", "Quantity"),
    ("ls", "Quantity"),
    ("lf", "Length"),
    ("sf", "Area"),
    ("cy", "Volume"),
    ("gal", "Volume"),
    ("ton", "Weight"),
    ("hr", "Time"),
    ("day", "Time"),
    ("mo", "Time"),
)

STAGES = (
    ("Bidding", "pre_construction"),
    ("Pre-Construction", "pre_construction"),
    ("Course of Construction", "course_of_construction"),
    ("Post-Construction", "post_construction"),
    ("Warranty", "completed"),
)

STANDARD_CODES = (
    ("01", "General Requirements", ("010", "Allowances"), ("500", "Temporary Facilities")),
    ("03", "Concrete", ("100", "Concrete Forming"), ("300", "Cast-In-Place Concrete")),
    ("05", "Metals", ("100", "Structural Metal Framing")),
)


def load_sample(procore: Procore) -> None:
    """Fills an empty company. A developer sandbox starts with one project (A2)."""
    for name, code, tax_number, city, state, active in VENDORS:
        place = {"city": city, "state_code": state, "country_code": "US"}
        procore.add_vendor(name, tax_number=tax_number, origin_code=code or None, is_active=active, **place)
    for code, name, base_type in COST_TYPES:
        procore.add_cost_type(code, name, base_type=base_type)
    for name, category in UNITS:
        procore.add_unit(name, category)
    for name, category in STAGES:
        procore.add_stage(name, category)
    procore.add_tax_code("EXEMPT", Decimal(0), description="Exempt", default_tax_code=True)
    procore.add_tax_code("WI", Decimal("5.5"), description="Wisconsin")
    codes = procore.add_standard_list("Standard Cost Codes")["id"]
    for division, name, *children in STANDARD_CODES:
        parent = procore.add_standard_code(codes, division, name)
        for code, child in children:
            procore.add_standard_code(codes, f"{division}-{code}", child, parent["id"])
    procore.add_project("Sandbox Test Project", project_number="1234", enable_copy_of_standard_cost_codes=True)
