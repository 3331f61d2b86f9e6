"""The standard API v2.0: the few sets that the connector leaves to it, all but attachments read only (BC 14)."""

from collections.abc import Mapping
from typing import Any

from adapters.sandbox.business_central.attachments import ATTACHMENT, CONTENT, SET, Attachments
from adapters.sandbox.business_central.catalogue import READ, SetFacts
from adapters.sandbox.business_central.errors import Refusal
from adapters.sandbox.business_central.queries import for_list, for_one, page, shown
from adapters.sandbox.business_central.schema import Entity, Property
from adapters.sandbox.business_central.service import Call, Reply, Service, need_guid, next_link, page_size, segments
from adapters.sandbox.business_central.storage import Row

CREATED = 201
_KINDS = {
    "id": Property("id", "Edm.Guid", 0, "ro", code=False),
    "lastModifiedDateTime": Property("lastModifiedDateTime", "Edm.DateTimeOffset", 0, "ro", code=False),
}
_UNITS = (("EA", "Each"), ("HR", "Hours"), ("LS", "Lump sum"), ("CY", "Cubic yards"), ("SF", "Square feet"))
_UNITS_MORE = (("LF", "Linear feet"), ("TON", "Tons"), ("DAY", "Days"), ("MO", "Months"))
_CURRENCIES = (("CAD", "Canadian dollar", "C$"), ("EUR", "Euro", "€"), ("MXN", "Mexican peso", "$"))


def _entity(entity_set: str, name: str, key: str, fields: Mapping[str, int]) -> Entity:
    texts = {
        it: Property(it, "Edm.String", length, "rw", code=it in {"code", "number"}) for it, length in fields.items()
    }
    facts = SetFacts(table=name, key=(key,), methods=READ)
    return Entity(
        entity_set,
        name,
        facts,
        {"id": _KINDS["id"], **texts, "lastModifiedDateTime": _KINDS["lastModifiedDateTime"]},
    )


_ADDRESS = {
    "addressLine1": 100,
    "addressLine2": 50,
    "city": 30,
    "state": 30,
    "country": 10,
    "postalCode": 20,
    "phoneNumber": 30,
    "email": 80,
    "taxRegistrationNumber": 20,
    "currencyCode": 10,
    "blocked": 30,
}
STANDARD_SETS: Mapping[str, Entity] = {
    "vendors": _entity("vendors", "vendor", "number", {"number": 20, "displayName": 100, **_ADDRESS}),
    "customers": _entity("customers", "customer", "number", {"number": 20, "displayName": 100, **_ADDRESS}),
    "currencies": _entity("currencies", "currency", "code", {"code": 10, "displayName": 100, "symbol": 10}),
    SET: ATTACHMENT,
    "unitsOfMeasure": _entity("unitsOfMeasure", "unitOfMeasure", "code", {"code": 10, "displayName": 100}),
}
"""The properties that the hub may read; the real pages have more (BC 14)."""


class Standard:
    """Answers calls below `/api/v2.0`."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._attachments = Attachments(service.records)
        self._fixed = {
            "currencies": [self._row(code, displayName=name, symbol=symbol) for code, name, symbol in _CURRENCIES],
            "unitsOfMeasure": [self._row(code, displayName=name) for code, name in (*_UNITS, *_UNITS_MORE)],
        }

    def metadata(self) -> bytes:
        """A service metadata document of the sets that are served here."""
        types = "".join(
            f'<EntityType Name="{it.name}"><Key><PropertyRef Name="id"/></Key>'
            + "".join(f'<Property Name="{name}" Type="{kind.type}"/>' for name, kind in it.properties.items())
            + "</EntityType>"
            for it in STANDARD_SETS.values()
        )
        sets = "".join(
            f'<EntitySet Name="{it.set}" EntityType="Microsoft.NAV.{it.name}"/>' for it in STANDARD_SETS.values()
        )
        return (
            '<?xml version="1.0" encoding="utf-8"?>'
            '<edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx" Version="4.0"><edmx:DataServices>'
            '<Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="Microsoft.NAV">'
            f'{types}<EntityContainer Name="NAV">{sets}</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>'
        ).encode()

    def answer(self, call: Call) -> Reply:
        """The reply to a call; refusals are replies too."""
        try:
            with self._service.records.database.transaction():
                return self._answer(call)
        except Refusal as refusal:
            return self._service.refuse(refusal)

    def _answer(self, call: Call) -> Reply:
        parts = segments(call.path)
        if not parts or parts[0][0] != "companies":
            raise Refusal("BadRequest_ResourceNotFound", f"No HTTP resource was found for '{call.path}'.")
        if len(parts) == 1:
            return self._service.companies(call, parts[0][1])
        self._service.need_company(parts[0][1] or "")
        name, key = parts[1]
        if name == SET and call.method != "GET":
            return self._write_attachment(call, key, parts[2:])
        if name == SET and key is not None and parts[2:] == [(CONTENT, None)]:
            return self._attachments.content(call, need_guid(key))
        entity = STANDARD_SETS.get(name)
        if entity is None or len(parts) > 2:  # noqa: PLR2004 - company and set
            raise Refusal("BadRequest_ResourceNotFound", f"No HTTP resource was found for the segment '{name}'.")
        if call.method != "GET":
            raise Refusal("BadRequest_MethodNotAllowed", f"This stand-in only reads '{name}'.")
        if key is None:
            return self._list(call, entity)
        found = [row for row in self._rows(name) if row["id"] == need_guid(key)]
        if not found:
            raise Refusal("BadRequest_NotFound", f"The record '{key}' of '{name}' was not found.")
        return self._one(call, entity, found[0], 200)

    def _write_attachment(self, call: Call, key: str | None, rest: list[tuple[str, str | None]]) -> Reply:
        if key is None and not rest and call.method == "POST":
            return self._one(call, ATTACHMENT, self._attachments.create(call), 201)
        if key is not None and rest == [(CONTENT, None)]:
            return self._attachments.content(call, need_guid(key))
        if key is not None and not rest and call.method == "PATCH":
            return self._one(call, ATTACHMENT, self._attachments.change(call, need_guid(key)), 200)
        if key is not None and not rest and call.method == "DELETE":
            self._attachments.delete(call, need_guid(key))
            return Reply(204)
        raise Refusal("BadRequest_MethodNotAllowed", f"The method {call.method} is not allowed on '{call.path}'.")

    def _one(self, call: Call, entity: Entity, row: Row, status: int) -> Reply:
        address = f"companies({self._service.company.id})/{entity.set}"
        document = shown(self._service.records, for_one(entity, call.query), row)
        headers = {"Location": f"{call.root}/{address}({row['id']})"} if status == CREATED else {}
        return Reply(status, {"@odata.context": f"{call.root}/$metadata#{address}/$entity", **document}, headers)

    def _list(self, call: Call, entity: Entity) -> Reply:
        query = for_list(entity, call.query)
        size = page_size(call, self._service.page_limit)
        found = page(self._service.records, query, self._rows(entity.set), size)
        answer: dict[str, Any] = {
            "@odata.context": f"{call.root}/$metadata#companies({self._service.company.id})/{entity.set}"
        }
        if query.count:
            answer["@odata.count"] = found.total
        answer["value"] = [shown(self._service.records, query, row) for row in found.rows]
        if found.next_token:
            answer["@odata.nextLink"] = next_link(call, found.next_token)
        return Reply(200, answer)

    def _rows(self, name: str) -> list[Row]:
        if name in self._fixed:
            return self._fixed[name]
        return self._service.records.database.all(name)

    def _row(self, code: str, **fields: str) -> Row:
        records = self._service.records
        stamp = records.database.moment()
        return {"id": records.new_id(), "code": code, **fields, "rowVersion": 1, "lastModifiedDateTime": stamp}
