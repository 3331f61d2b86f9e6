"""How Business Central says no (BC 13)."""

from collections.abc import Mapping
from typing import Any

STATUS_OF: Mapping[str, int] = {
    "BadRequest": 400,
    "BadRequest_InvalidOperation": 400,
    "BadRequest_InvalidRequestUrl": 400,
    "BadRequest_InvalidToken": 400,
    "BadRequest_MethodNotAllowed": 405,
    "BadRequest_MethodNotImplemented": 501,
    "BadRequest_NotFound": 404,
    "BadRequest_RequiredParamNotProvided": 400,
    "BadRequest_ResourceNotFound": 404,
    "Request_EntityChanged": 409,
    "Internal_CompanyNotFound": 404,
    "Internal_EntityWithSameKeyExists": 400,
    "Internal_InvalidTableRelation": 400,
    "Internal_RecordNotFound": 404,
    "Internal_ServerError": 500,
    "Application_DialogException": 400,
    "Application_EvaluateException": 400,
    "Application_FieldValidationException": 400,
    "Application_FilterErrorException": 400,
    "Application_InvalidGUID": 400,
    "Application_StringExceededLength": 400,
    "Authentication_InvalidCredentials": 401,
    "Authorization_RequestDenied": 403,
    "Unknown": 400,
}
"""Statuses of BC 13; where the guide marks a choice (S) it is taken as written there."""


class Refusal(Exception):
    """A request that Business Central refuses, with its code and text."""

    def __init__(self, code: str, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = STATUS_OF[code] if status is None else status

    def body(self, correlation_id: str) -> dict[str, Any]:
        """The error document: no property of its own for the correlation id, it ends the message (BC 13)."""
        return {"error": {"code": self.code, "message": f"{self.message}  CorrelationId:  {correlation_id}."}}


def rule(message: str) -> Refusal:
    """A business rule refuses."""
    return Refusal("Application_DialogException", message)


def must_have_value(caption: str, table: str, key: str) -> Refusal:
    """TestField failed: a field is empty that must not be."""
    return Refusal(
        "Application_FieldValidationException",
        f"{caption} must have a value in {table}: {key}. It cannot be zero or empty.",
    )


def must_be(caption: str, wanted: str, table: str, key: str, actual: str) -> Refusal:
    """TestField failed: a field must equal something."""
    return Refusal(
        "Application_FieldValidationException",
        f"{caption} must be equal to '{wanted}' in {table}: {key}. Current value is '{actual}'.",
    )


def no_related(caption: str, value: str, table: str) -> Refusal:
    """The related record does not exist."""
    return Refusal(
        "Internal_InvalidTableRelation",
        f"The field {caption} of table {table} contains a value ({value}) that cannot be found in the related table.",
    )


def duplicate(table: str, key: str) -> Refusal:
    """A record with this key exists already."""
    return Refusal(
        "Internal_EntityWithSameKeyExists",
        f"The record in table {table} already exists. Identification fields and values: {key}",
    )
