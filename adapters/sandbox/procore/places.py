"""Country, state and time zone names that Procore accepts (D3, D4)."""

from adapters.sandbox.procore.state import Invalid, Row
from domain.values import Json

_COUNTRIES = """
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC
CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD
GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH
KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW
MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC
SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY
UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
"""
_STATES_OF_THE_US = """
AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA RI
SC SD TN TX UT VT VA WA WV WI WY DC AS GU MP PR UM VI
"""

COUNTRIES = frozenset(_COUNTRIES.split())

STATES = {
    "US": frozenset(_STATES_OF_THE_US.split()),
    "CA": frozenset(["AB", "BC", "MB", "NB", "NL", "NS", "NT", "NU", "ON", "PE", "QC", "SK", "YT"]),
    "AU": frozenset(["ACT", "NSW", "NT", "QLD", "SA", "TAS", "VIC", "WA"]),
}
"""Of other countries any part of at most three letters or digits passes, as ISO 3166-2 has it."""

TIME_ZONES = frozenset(
    (
        "America/New_York",
        "America/Chicago",
        "America/Denver",
        "America/Los_Angeles",
        "America/Phoenix",
        "America/Anchorage",
        "America/Toronto",
        "America/Vancouver",
        "Pacific/Honolulu",
        "Europe/London",
        "Europe/Berlin",
        "Europe/Paris",
        "Australia/Sydney",
        "Etc/UTC",
        "UTC",
        "US/Eastern",
        "US/Central",
        "US/Mountain",
        "US/Pacific",
        "US/Arizona",
        "US/Alaska",
        "US/Hawaii",
        "Eastern Time (US & Canada)",
        "Central Time (US & Canada)",
        "Mountain Time (US & Canada)",
        "Pacific Time (US & Canada)",
    )
)
"""A part of Procore's list, which is known only in part (section 1)."""

LONGEST_STATE = 3


def check_place(values: Json, row: Row | None) -> None:
    """Refuses a country, state or time zone that Procore does not know.

    Raises  Invalid
    """
    country = values.get("country_code", (row or {}).get("country_code"))
    state = values.get("state_code")
    if values.get("country_code") and values["country_code"] not in COUNTRIES:
        raise Invalid(country_code="is not a valid country code")
    if state and not _is_state(state, country):
        raise Invalid(state_code="is not a valid state code")
    if values.get("time_zone") and values["time_zone"] not in TIME_ZONES:
        raise Invalid(time_zone="is not included in the list")


def _is_state(state: str, country: str | None) -> bool:
    known = STATES.get(country or "US")
    if known is not None:
        return state in known
    return len(state) <= LONGEST_STATE and state.isalnum() and state == state.upper()
