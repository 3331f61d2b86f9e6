"""Requests below an API root, whole or as parts of a batch: addresses, methods, ETags, answers (BC 1, 4 to 6, 9)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, cast
from urllib.parse import quote
from uuid import UUID

import msgspec

from adapters.sandbox.business_central.errors import Refusal
from adapters.sandbox.business_central.queries import for_list, for_one, page, shown
from adapters.sandbox.business_central.records import Records
from adapters.sandbox.business_central.schema import Entity, connector
from adapters.sandbox.business_central.storage import Row
from adapters.sandbox.wire import load_json

_SEGMENT = re.compile(r"(\$?[A-Za-z][\w.]*)(?:\(([^()]*)\))?\Z")
_ETAG = re.compile(r'W/"[A-Za-z0-9+/=]+"\Z')
_PAGE_LIMIT = 20_000  # BC 5.1
_ACTION = "Microsoft.NAV."


@dataclass(frozen=True)
class Call:
    """One request.

    Shape   `root` is the absolute address of the API without a slash at its end, `path` what follows; header names
            in lower case; `body` the bytes, or a document where a batch has parsed it already.
    """

    method: str
    root: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes | dict[str, Any] | None = None


@dataclass(frozen=True)
class Reply:
    """One answer; `body` is a JSON document, plain text, bytes of a file, or None for no body."""

    status: int
    body: dict[str, Any] | str | bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass
class Company:
    """The company that is served."""

    id: str
    name: str
    created_at: str


class Service:
    """Answers calls against one company."""

    def __init__(self, records: Records, company: Company, seed: int) -> None:
        self.records = records
        self.company = company
        self.page_limit = _PAGE_LIMIT
        self._seed = seed
        self._refusals = 0

    def answer(self, call: Call) -> Reply:
        """The reply to a call; refusals are replies too."""
        try:
            with self.records.database.transaction():
                return self._answer(call)
        except Refusal as refusal:  # inside the transaction of a batch this call alone is undone
            return self.refuse(refusal)

    def refuse(self, refusal: Refusal) -> Reply:
        """The reply of a refusal."""
        return Reply(refusal.status, refusal.body(self.correlation_id()))

    def correlation_id(self) -> str:
        """A new id for an error text."""
        self._refusals += 1
        digest = sha256(f"{self._seed}/correlation/{self._refusals}".encode()).digest()
        return str(UUID(bytes=digest[:16], version=4))

    def _answer(self, call: Call) -> Reply:
        if call.method != "GET" and call.headers.get("data-access-intent", "").lower() == "readonly":  # BC 10
            raise Refusal("BadRequest", "Data-Access-Intent ReadOnly is not possible for a request that writes.")
        parts = segments(call.path)
        if not parts:
            return self._service_document(call)
        name, key = parts[0]
        if name == "companies" and len(parts) == 1:
            return self.companies(call, key)
        if name == "companies" and key is not None:
            self.need_company(key)
            return self._data(call, parts[1:])
        if name == "entityDefinitions" and len(parts) == 1:  # translated captions (BC 1.7); none are kept here
            return Reply(200, {"@odata.context": f"{call.root}/$metadata#entityDefinitions", "value": []})
        if name in connector():  # BC 1.5: without a company in the path it must stand in the query
            company = call.query.get("company", "")
            self.need_company(company)
            query = {option: it for option, it in call.query.items() if option != "company"}
            return self._data(Call(call.method, call.root, call.path, query, call.headers, call.body), parts)
        raise _unknown(name)

    def _data(self, call: Call, parts: list[tuple[str, str | None]]) -> Reply:
        name, key = parts[0]
        entity = connector().get(name)
        if entity is None:
            raise _unknown(name)
        if key is None:
            if len(parts) == 1:
                return self._collection(call, entity, lambda: self.records.database.all(entity.set), {})
            if parts[1:] == [("$count", None)]:
                return self._count(call, entity, self.records.database.all(entity.set))
            raise _unknown(parts[1][0])
        record_id = need_guid(key)
        if len(parts) == 1:
            return self._one(call, entity, record_id)
        return self._below(call, entity, record_id, parts[1:])

    def _below(self, call: Call, entity: Entity, record_id: str, parts: list[tuple[str, str | None]]) -> Reply:
        name, key = parts[0]
        if name.startswith(_ACTION) and key is None and len(parts) == 1:
            return self._action(call, entity, record_id, name.removeprefix(_ACTION))
        way = entity.navigations.get(name)
        if way is None:
            raise _unknown(name)
        parent = self.records.need(entity, record_id)
        target = connector()[way.target_set]
        children = self.records.children(entity, parent, name)
        if not way.many:
            if not children:
                raise Refusal("BadRequest_NotFound", f"No '{name}' of '{entity.name}' {record_id} was found.")
            return self._one(call, target, children[0]["id"])
        if key is None and len(parts) == 1:
            links = {there: parent[here] for here, there in way.links}
            return self._collection(call, target, lambda: children, links)
        if key is None and parts[1:] == [("$count", None)]:
            return self._count(call, target, children)
        if key is None or all(child["id"] != need_guid(key) for child in children):
            raise Refusal("BadRequest_NotFound", f"The record '{key}' was not found below '{entity.name}'.")
        return (
            self._one(call, target, need_guid(key))
            if len(parts) == 1
            else self._data(call, [(target.set, key), *parts[1:]])
        )

    def _collection(self, call: Call, entity: Entity, rows: Callable[[], list[Row]], links: Mapping[str, Any]) -> Reply:
        if call.method == "POST":
            _allow(entity, "POST")
            query = for_one(entity, call.query)
            row = self.records.create(entity, {**links, **document_of(call)}, remote=True)
            location = f"{call.root}/companies({self.company.id})/{entity.set}({row['id']})"
            document = {"@odata.context": f"{self._context(call, entity)}/$entity", **shown(self.records, query, row)}
            return Reply(201, document, {"Location": location})
        if call.method != "GET":
            raise Refusal("BadRequest_MethodNotAllowed", f"The method {call.method} is not allowed on '{entity.set}'.")
        query = for_list(entity, call.query)
        found = page(self.records, query, rows(), page_size(call, self.page_limit))
        select = f"({','.join(query.select)})" if query.select else ""
        document: dict[str, Any] = {"@odata.context": self._context(call, entity) + select}
        if query.count:
            document["@odata.count"] = found.total
        document["value"] = [shown(self.records, query, row) for row in found.rows]
        if found.next_token:
            document["@odata.nextLink"] = next_link(call, found.next_token)
        return Reply(200, document)

    def _count(self, call: Call, entity: Entity, rows: list[Row]) -> Reply:
        if call.method != "GET":
            raise Refusal("BadRequest_MethodNotAllowed", "Only GET is allowed on $count.")
        return Reply(200, str(page(self.records, for_list(entity, call.query), rows, len(rows) + 1).total))

    def _one(self, call: Call, entity: Entity, record_id: str) -> Reply:
        match call.method:
            case "GET":
                query = for_one(entity, call.query)
                row = self.records.need(entity, record_id)
            case "PATCH":
                _allow(entity, "PATCH")
                query = for_one(entity, call.query)
                self._match(call, entity, record_id, required=True)
                row = self.records.change(entity, record_id, document_of(call), remote=True)
            case "DELETE":
                _allow(entity, "DELETE")
                self._match(call, entity, record_id, required=False)
                self.records.remove(entity, record_id)
                return Reply(204)
            case _:
                raise Refusal(
                    "BadRequest_MethodNotAllowed", f"The method {call.method} is not allowed on '{entity.name}'."
                )
        select = f"({','.join(query.select)})" if query.select else ""
        context = f"{self._context(call, entity)}{select}/$entity"
        return Reply(200, {"@odata.context": context, **shown(self.records, query, row)})

    def _action(self, call: Call, entity: Entity, record_id: str, action: str) -> Reply:
        if call.method != "POST":
            raise Refusal("BadRequest_MethodNotAllowed", f"The method {call.method} is not allowed on an action.")
        self._match(call, entity, record_id, required=False)
        result = self.records.run(entity, record_id, action)
        headers = {"Location": f"{call.root}/companies({self.company.id})/{result}"} if result else {}
        return Reply(204, None, headers)  # BC 9.2

    def _match(self, call: Call, entity: Entity, record_id: str, *, required: bool) -> None:
        etag = self.records.etag(entity, self.records.need(entity, record_id))
        match_etag(call, etag, required=required)

    def _context(self, call: Call, entity: Entity) -> str:
        return f"{call.root}/$metadata#companies({self.company.id})/{entity.set}"

    def need_company(self, key: str) -> None:
        """Refuse any other company.

        Raises  Refusal
        """
        if key.lower() != self.company.id:
            raise Refusal("Internal_CompanyNotFound", f"The company '{key}' does not exist or is not allowed.")

    def _service_document(self, call: Call) -> Reply:
        names = ["companies", "subscriptions", *connector()]
        document = {
            "@odata.context": f"{call.root}/$metadata",
            "value": [{"name": name, "kind": "EntitySet", "url": name} for name in names],
        }
        return Reply(200, document)

    def companies(self, call: Call, key: str | None) -> Reply:
        """The list of companies, or one of them.

        Raises  Refusal
        """
        if call.method != "GET":  # BC 1.6
            raise Refusal("BadRequest_MethodNotAllowed", "Companies can only be read.")
        context = f"{call.root}/$metadata#companies"
        if key is None:
            return Reply(200, {"@odata.context": context, "value": [self._company_document()]})
        self.need_company(key)
        return Reply(200, {"@odata.context": f"{context}/$entity", **self._company_document()})

    def _company_document(self) -> dict[str, Any]:
        nobody = "00000000-0000-0000-0000-000000000001"  # the platform's own user
        return {
            "id": self.company.id,
            "systemVersion": "29.0",
            "timestamp": 1,
            "name": self.company.name,
            "displayName": self.company.name,
            "businessProfileId": "",
            "systemCreatedAt": self.company.created_at,
            "systemCreatedBy": nobody,
            "systemModifiedAt": self.company.created_at,
            "systemModifiedBy": nobody,
        }


def match_etag(call: Call, etag: str, *, required: bool) -> None:
    """Compare the If-Match header: for PATCH it is required, elsewhere compared when it is sent (BC 6.4 to 6.6).

    Raises  Refusal
    """
    given = call.headers.get("if-match", "")
    if given == "" and not required:
        return
    if given != "*" and not _ETAG.match(given):
        raise Refusal("BadRequest_InvalidToken", "The If-Match header is missing or malformed.")
    if given not in {"*", etag}:
        raise Refusal(
            "Request_EntityChanged",
            "Another user has already changed the record. You must refresh before you can continue.",
        )


def page_size(call: Call, limit: int) -> int:
    """Rows of one page: the preference of the client, capped and not refused (BC 5.2, 5.5)."""
    found = re.search(r"odata\.maxpagesize=(\d+)", call.headers.get("prefer", ""))
    return min(max(int(found[1]), 1), limit) if found else limit


def segments(path: str) -> list[tuple[str, str | None]]:
    """Names and keys of an address below the API root.

    Raises  Refusal
    """
    return [_segment(it) for it in path.strip("/").split("/")] if path.strip("/") else []


def _segment(text: str) -> tuple[str, str | None]:
    match = _SEGMENT.match(text)
    if match is None:
        raise _unknown(text)
    return match[1], match[2]


def need_guid(text: str) -> str:
    """A key without quotes or braces (BC 1.11)."""
    try:
        found = str(UUID(text))
    except ValueError as error:
        raise Refusal("BadRequest_NotFound", f"'{text}' is not a valid key.") from error
    if found != text.lower():
        raise Refusal("BadRequest_NotFound", f"'{text}' is not a valid key.")
    return found


def _unknown(segment: str) -> Refusal:
    return Refusal("BadRequest_ResourceNotFound", f"No HTTP resource was found for the segment '{segment}'.")


def _allow(entity: Entity, method: str) -> None:
    if method not in entity.facts.methods:
        # 405 for insert and modify, 400 for delete (BC 6.14)
        raise Refusal(
            "BadRequest_MethodNotAllowed",
            f"Entity '{entity.name}' does not allow {method}.",
            400 if method == "DELETE" else 405,
        )


def document_of(call: Call) -> dict[str, Any]:
    """The JSON object of a body.

    Raises  Refusal
    """
    if not call.headers.get("content-type", "").lower().startswith("application/json"):  # BC 10
        raise Refusal("BadRequest", "The content type of the body must be application/json.", 415)
    if isinstance(call.body, dict):
        return call.body
    try:
        document = load_json(call.body or b"")
    except msgspec.DecodeError as error:
        raise Refusal("BadRequest", f"The body could not be read: {error}.") from error
    if not isinstance(document, dict):
        raise Refusal("BadRequest", "The body must be a JSON object.")
    return cast("dict[str, Any]", document)


def next_link(call: Call, token: str) -> str:
    """The address of the next page: opaque and absolute (BC 5.3)."""
    options = [f"{name}={_escaped(value)}" for name, value in call.query.items() if name != "$skiptoken"]
    return f"{call.root}/{call.path.strip('/')}?{'&'.join([*options, f'$skiptoken={token}'])}"


def _escaped(text: str) -> str:
    return quote(text, safe="$,()/:;='")
