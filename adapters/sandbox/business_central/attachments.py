"""Document attachments of the standard API: a record first, its bytes in a second step (BC 16)."""

from collections.abc import Mapping
from typing import Any

from adapters.sandbox.business_central import values
from adapters.sandbox.business_central.catalogue import SetFacts
from adapters.sandbox.business_central.errors import Refusal
from adapters.sandbox.business_central.records import Records
from adapters.sandbox.business_central.schema import Entity, Property
from adapters.sandbox.business_central.service import Call, Reply, document_of, match_etag
from adapters.sandbox.business_central.storage import Row

SET = "documentAttachments"
CONTENT = "attachmentContent"
_PARENTS: Mapping[str, tuple[str, ...]] = {
    "_x0020_": (),
    "Purchase_x0020_Invoice": ("purchaseInvoices", "postedPurchaseInvoices"),
    "Purchase_x0020_Order": ("purchaseOrders",),
    "Job": ("projects",),
    "Vendor": ("vendors",),
    "Customer": ("customers",),
    "Employee": ("employees",),
}
"""Kinds of parents that the hub may use, and where they stand (BC 16.3)."""
_NAME_LENGTH = 250  # BC 16.4

ATTACHMENT = Entity(
    SET,
    "documentAttachment",
    SetFacts(table="Attachment Entity Buffer", key=("id",), required=("fileName", "parentId", "parentType")),
    {
        it.name: it
        for it in (
            Property("id", "Edm.Guid", 0, "ins", code=False),
            Property("fileName", "Edm.String", _NAME_LENGTH, "rw", code=False),
            Property("byteSize", "Edm.Int32", 0, "ro", code=False),
            Property("parentType", "attachmentEntityBufferDocType", 0, "ins", code=False, members=tuple(_PARENTS)),
            Property("parentId", "Edm.Guid", 0, "ins", code=False),
            Property("lineNumber", "Edm.Int32", 0, "ins", code=False),
            Property("documentFlowSales", "Edm.Boolean", 0, "rw", code=False),
            Property("documentFlowPurchase", "Edm.Boolean", 0, "rw", code=False),
            Property("lastModifiedDateTime", "Edm.DateTimeOffset", 0, "ro", code=False),
        )
    },
)


class Attachments:
    """Files beside documents."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def rows(self) -> list[Row]:
        """All attachments, without their bytes as far as queries see."""
        return self._records.database.all(SET)

    def create(self, call: Call) -> Row:
        """A new attachment, still empty (BC 16.1, 16.7).

        Raises  Refusal
        """
        row: Row = {name: values.empty(kind) for name, kind in ATTACHMENT.properties.items()}
        self._assign(row, document_of(call), insert=True)
        for name in ATTACHMENT.facts.required:
            if values.is_empty(ATTACHMENT.properties[name], row[name]) or row[name] == values.BLANK:
                raise Refusal("BadRequest_RequiredParamNotProvided", f"The field '{name}' must not be empty.")
        self._need_parent(row)
        if row["id"] == values.ZERO_GUID:
            row["id"] = self._records.new_id()
        elif self._records.database.get(SET, row["id"]) is not None:
            raise Refusal("Internal_EntityWithSameKeyExists", f"The attachment '{row['id']}' already exists.")
        return self._records.database.put(SET, {**row, CONTENT: b""})

    def change(self, call: Call, record_id: str) -> Row:
        """Another name or other flags.

        Raises  Refusal
        """
        before = self._match(call, record_id, required=True)
        row = dict(before)
        self._assign(row, document_of(call), insert=False)
        return before if row == before else self._records.database.put(SET, row)

    def delete(self, call: Call, record_id: str) -> None:
        """Remove an attachment with its bytes.

        Raises  Refusal
        """
        self._match(call, record_id, required=False)
        self._records.database.drop(SET, record_id)

    def content(self, call: Call, record_id: str) -> Reply:
        """Read or write the bytes at their own address (BC 16.1, 16.2).

        Raises  Refusal
        """
        if call.method == "GET":
            return Reply(200, self.need(record_id)[CONTENT])
        if call.method != "PATCH":
            raise Refusal("BadRequest_MethodNotAllowed", f"The method {call.method} is not allowed on the content.")
        if not call.headers.get("content-type", "").startswith("application/octet-stream"):
            raise Refusal("BadRequest", "The content type of the bytes must be application/octet-stream.", 415)
        row = self._match(call, record_id, required=True)
        content = call.body if isinstance(call.body, bytes) else b""
        self._records.database.put(SET, {**row, CONTENT: content, "byteSize": len(content)})
        return Reply(204)

    def need(self, record_id: str) -> Row:
        """The stored attachment.

        Raises  Refusal (404)
        """
        row = self._records.database.get(SET, record_id)
        if row is None:
            raise Refusal("BadRequest_NotFound", f"The attachment '{record_id}' was not found.")
        return row

    def _assign(self, row: Row, document: Mapping[str, Any], *, insert: bool) -> None:
        for name, value in document.items():
            kind = ATTACHMENT.properties.get(name)
            if kind is None:
                raise Refusal("BadRequest", f"The property '{name}' does not exist on '{ATTACHMENT.name}'.")
            if kind.use == "ro" or (kind.use == "ins" and not insert):
                raise Refusal("BadRequest_InvalidOperation", f"The control '{name}' is read-only.")
            row[name] = values.read(kind, value)

    def _need_parent(self, row: Row) -> None:
        database = self._records.database
        for entity_set in _PARENTS[row["parentType"]]:
            if database.get(entity_set, row["parentId"]) is not None:
                return
        # A posted invoice keeps its draft's id in the standard API (BC 9.4).
        is_invoice = row["parentType"] == "Purchase_x0020_Invoice"
        if is_invoice and database.find("postedPurchaseInvoices", draftInvoiceId=row["parentId"]):
            return
        raise Refusal("Internal_RecordNotFound", f"No {row['parentType']} with id '{row['parentId']}' was found.")

    def _match(self, call: Call, record_id: str, *, required: bool) -> Row:
        row = self.need(record_id)
        match_etag(call, self._records.etag(ATTACHMENT, row), required=required)
        return row
