"""A new connection, answer by answer: judged by the model that the configuration is read by, and written as TOML.

Nothing is kept: answers travel with the form. A secret is named, `env:NAME` or `file:PATH`, and never given.
"""

from collections.abc import Mapping, Sequence
from datetime import date, time
from typing import Any, cast

import tomlkit
from msgspec import Struct
from pydantic import TypeAdapter, ValidationError

from domain.flows import BY_NAME
from domain.values import BUSINESS_CENTRAL
from hub.settings import FLOW_NAMES, Connection, Flows, Settings
from hub.settings.problems import problems_of
from hub.settings.template import cloud
from hub.settings.values import ConnectionName, Surroundings

PLACE = "new"
"""Name under which answers are judged: what is wrong with the name itself is told apart."""


TOKENS: Mapping[str, str] = {
    "https://api.procore.com": "https://login.procore.com/oauth/token",
    "https://sandbox.procore.com": "https://login-sandbox.procore.com/oauth/token",
    "https://api-monthly.procore.com": "https://login-sandbox-monthly.procore.com/oauth/token",
}
"""Address of Procore's API -> address that gives tokens for it.

Source  Procore guide A1, A2, A4.
"""


class Answers(Struct, frozen=True, kw_only=True):
    """What somebody answered, as a form sends it; empty for what is still to be said."""

    name: str = ""
    kind: str = ""
    tenant: str = ""
    environment: str = ""
    procore_url: str = "https://api.procore.com"
    procore_token_url: str = ""
    bc_client_id: str = ""
    bc_secret: str = "env:BC_CLIENT_SECRET"  # noqa: S105 - a name
    procore_client_id: str = ""
    procore_secret: str = "env:PROCORE_CLIENT_SECRET"  # noqa: S105 - a name
    bc_company: str = ""
    procore_company: str = ""
    flows: tuple[str, ...] = ()
    approve: tuple[str, ...] = ()
    start_date: str = ""
    exclude_tags: str = "NOTPROCORE"
    poll_every: str = "60s"
    time_zone: str = "UTC"
    daily_at: str = "02:00"
    drift_every: str = "daily"


class Fault(Struct, frozen=True):
    """What is wrong with one answer, and the mend."""

    says: str
    mend: str


STEPS: Sequence[tuple[str, tuple[str, ...]]] = (
    ("Environment", ("name", "kind", "tenant", "environment", "procore_url", "procore_token_url")),
    ("Credentials", ("bc_client_id", "bc_secret", "procore_client_id", "procore_secret")),
    ("Companies", ("bc_company", "procore_company")),
    ("Flows", ("flows", "approve")),
    ("Filters and times", ("start_date", "exclude_tags", "poll_every", "time_zone", "daily_at", "drift_every")),
)
"""Each step with the answers that it asks for."""

_KEYS: Mapping[str, str] = {
    "kind": "kind",
    "business_central.api_url": "tenant",
    "business_central.token_url": "tenant",
    "procore.api_url": "procore_url",
    "procore.token_url": "procore_token_url",
    "business_central.client_id": "bc_client_id",
    "business_central.client_secret": "bc_secret",
    "procore.client_id": "procore_client_id",
    "procore.client_secret": "procore_secret",
    "business_central.company_id": "bc_company",
    "procore.company_id": "procore_company",
    "start_date": "start_date",
    "exclude_tags": "exclude_tags",
    "poll_every": "poll_every",
    "time_zone": "time_zone",
    "daily_at": "daily_at",
    "drift_every": "drift_every",
}
"""Key of the configuration -> answer that it is made of."""


def offered() -> list[dict[str, Any]]:
    """Every flow that can be turned on, with its direction and whether it is on unless told otherwise."""
    usual = Flows()
    return [
        {
            "name": name,
            "to_procore": BY_NAME[name].origin.system == BUSINESS_CENTRAL,
            "on": usual.named(name).enabled,
            "after": list(BY_NAME[name].after),
        }
        for name in FLOW_NAMES
        if name in BY_NAME
    ]


def faults(answers: Answers, known: Mapping[str, Connection]) -> dict[str, Fault]:
    """What is wrong, by answer; under `whole` what concerns several of them. `known` are the connections there are."""
    found: dict[str, Fault] = {}
    for name in ("tenant", "environment"):
        if not getattr(answers, name):
            found[name] = Fault("is missing", "The address of Business Central ends in both.")
    made: Connection | None = None
    try:
        document = {"connections": {PLACE: _table(answers)}}
        made = Settings.model_validate(document, context=Surroundings(need="nothing")).connections[PLACE]
    except ValidationError as error:
        for problem in problems_of(error, Settings, {}):
            key = problem.key.removeprefix(f"connections.{PLACE}").removeprefix(".").partition("[")[0]
            missing = problem.says == "is missing"
            fault = Fault(problem.says, "Fill it in." if missing else problem.mend)
            found.setdefault(_KEYS.get(key, "flows" if key.startswith("flows") else "whole"), fault)
    if wrong := _name(answers.name, known):
        found["name"] = wrong
    twin = next((name for name, each in known.items() if made and each.identity() == made.identity()), "")
    if twin:
        found["whole"] = Fault(
            f"the connection {twin} joins these two companies already",
            "Each pair has one connection, or every record would be carried twice.",
        )
    return found


def as_toml(answers: Answers) -> str:
    """The tables for the configuration file; right only where nothing is wrong with the answers."""
    document, outer, table = tomlkit.document(), tomlkit.table(is_super_table=True), tomlkit.table()
    for key, value in _table(answers).items():
        if isinstance(value, dict):
            table.add(key, _inner(cast("Mapping[str, Any]", value), deep=key == "flows"))
        else:
            table.add(key, _typed(key, value))
    outer.add(answers.name, table)
    document.add("connections", outer)
    return tomlkit.dumps(document)  # pyright: ignore[reportUnknownMemberType] - untyped parameter


def _inner(values: Mapping[str, Any], *, deep: bool) -> Any:
    table = tomlkit.table(is_super_table=deep)
    for key, value in values.items():
        table.add(key, _inner(value, deep=False) if deep else _typed(key, value))
    return table


def _typed(key: str, value: Any) -> Any:
    match key, value:
        case "company_id", str() if value.isdecimal():
            return int(value)
        case "start_date", str():
            return date.fromisoformat(value)
        case "daily_at", str():
            return time.fromisoformat(value)
        case _:
            return value


def _table(answers: Answers) -> dict[str, Any]:
    """The table of the connection, with what was answered so far."""
    given = answers
    api_url, token_url = cloud(given.tenant or "missing", given.environment or "missing")  # which is told apart
    tags = [tag.strip() for tag in given.exclude_tags.split(",") if tag.strip()]
    return {
        **_said(
            kind=given.kind,
            poll_every=given.poll_every,
            time_zone=given.time_zone,
            daily_at=given.daily_at,
            drift_every=given.drift_every,
            start_date=given.start_date,
        ),
        "exclude_tags": tags,
        "business_central": _said(
            api_url=api_url,
            token_url=token_url,
            company_id=given.bc_company,
            client_id=given.bc_client_id,
            client_secret=given.bc_secret,
        ),
        "procore": _said(
            api_url=given.procore_url,
            token_url=given.procore_token_url or TOKENS.get(given.procore_url.rstrip("/"), ""),
            company_id=given.procore_company,
            client_id=given.procore_client_id,
            client_secret=given.procore_secret,
        ),
        **({"flows": flows} if (flows := _flows(given)) else {}),
    }


def _flows(answers: Answers) -> dict[str, dict[str, Any]]:
    """What differs from what flows do unless told otherwise."""
    found: dict[str, dict[str, Any]] = {}
    for flow in offered():
        name = str(flow["name"])
        table: dict[str, Any] = {}
        if (name in answers.flows) != flow["on"]:
            table["enabled"] = name in answers.flows
        if name in answers.approve:
            table["approval"] = "approver"
        if table:
            found[name] = table
    return found


def _said(**values: str) -> dict[str, str]:
    return {key: value.strip() for key, value in values.items() if value.strip()}


def _name(name: str, known: Mapping[str, Connection]) -> Fault | None:
    if name in known:
        return Fault("there is a connection of this name", "Choose another: it becomes part of every id.")
    if name == PLACE:
        return Fault("this word is taken by this page", "Choose another.")
    adapter: TypeAdapter[str] = TypeAdapter(ConnectionName)
    try:
        adapter.validate_python(name)
    except ValidationError as error:
        context = error.errors(include_url=False, include_input=False)[0].get("ctx", {})
        return Fault(str(context.get("says", "is no name")), str(context.get("mend", "Use letters, digits and -.")))
    return None
