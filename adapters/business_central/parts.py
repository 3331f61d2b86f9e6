"""The request that a delivery stands for, and the one that looks for it."""

import re
from collections.abc import Mapping
from decimal import Decimal

from adapters.business_central.desk import Part
from adapters.outbound.answers import fill
from domain.delivery import Delivery, Endpoint
from domain.values import Json

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(T[0-9:.]+Z?)?")


class Unaddressed(Exception):
    """The delivery does not say which record it is about."""


def fault(body: Json) -> str:
    """Why a body must not be sent, empty when it may be."""
    for name, value in body.items():
        if isinstance(value, float) or (isinstance(value, Decimal) and not value.is_finite()):
            return f"{name}: {value} is not an exact number"
    return ""


def target_of(delivery: Delivery) -> str:
    """The id of the record: known, or chosen by us in the body (guide 6.10); empty for none."""
    return delivery.target_id or str(delivery.body.get("id") or "")


def writing(endpoint: Endpoint, delivery: Delivery, if_match: str) -> Part:
    """The request that carries a delivery.

    Raises  Unaddressed when it needs an id or a scope name that is missing.
    """
    named = "{id}" in endpoint.path
    path = _path(endpoint.path, delivery)
    if not named and endpoint.verb in {"update", "delete"}:
        path = _one(path, target_of(delivery))
    body: Json | None = {name: delivery.scope[name] for name in endpoint.body if name in delivery.scope}
    # Null is not documented for plain fields (guide 19): what is not said is left alone.
    body.update({name: value for name, value in delivery.body.items() if value is not None})
    if endpoint.method == "DELETE" or (endpoint.verb == "attach" and not body):
        body = None
    query = tuple((name, delivery.scope[name]) for name in endpoint.query if name in delivery.scope)
    return Part(method=endpoint.method, path=path, query=query, body=body, if_match=if_match)


def reading(endpoint: Endpoint, delivery: Delivery) -> Part:
    """The request that shows the record of a delivery.

    Raises  Unaddressed when nothing tells which record it is.
    """
    lookup = endpoint.lookup
    path = lookup.path if lookup is not None else endpoint.path
    nested = [name for name, value in delivery.body.items() if isinstance(value, list)]
    query = tuple(lookup.query) if lookup is not None else ()
    if nested and endpoint.verb == "create":
        query = (*query, ("$expand", ",".join(nested)))  # an answer holds the header only unless asked (guide 6.12)
    target_id = target_of(delivery)
    if "{id}" in path:
        return Part(method="GET", path=_path(path, delivery), query=query)
    if target_id:
        return Part(method="GET", path=_one(_path(path, delivery), target_id), query=query)
    condition = _condition(endpoint, delivery)
    return Part(method="GET", path=_path(path, delivery), query=(*query, ("$filter", condition), ("$top", "2")))


def _condition(endpoint: Endpoint, delivery: Delivery) -> str:
    lookup = endpoint.lookup
    if lookup is not None and lookup.filter:
        return f"{lookup.filter} eq {literal(delivery.body.get(lookup.filter, delivery.key))}"
    if lookup is not None and lookup.fields:
        return " and ".join(f"{name} eq {literal(delivery.body.get(name, ''))}" for name in lookup.fields)
    raise Unaddressed("neither an id nor a key tells which record it is")


def literal(value: object) -> str:
    """A value in a filter (guide 4.4): text in quotes, inner quotes doubled, everything else bare."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, int):
        return str(value)
    text = str(value)
    if _GUID.fullmatch(text) or _DATE.fullmatch(text):
        return text
    return "'" + text.replace("'", "''") + "'"


def _one(path: str, target_id: str) -> str:
    if not target_id:
        raise Unaddressed("the record has no id in Business Central yet")
    return fill(f"{path}({{id}})", {"id": target_id})


def _path(template: str, delivery: Delivery) -> str:
    names: Mapping[str, str] = {**delivery.scope, "id": target_of(delivery)}
    try:
        return fill(template, names)
    except KeyError as error:
        raise Unaddressed(f"no value for {error.args[0]}") from error
