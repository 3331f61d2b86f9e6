"""Requests to Procore and its answers, held against the REST description that stands beside this repository.

`validate_request` and `validate_answer` raise `AssertionError` with the place and the reason. The description does not
say what may be null, so null fits everywhere. Run as a program it writes the stand-in's `contract.json` anew.
"""

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast

import jsonschema
import jsonschema.exceptions

Json = dict[str, Any]

ROOT = Path(__file__).resolve().parents[2]
DESCRIPTION = ROOT.parent / "shared" / "reference" / "procore" / "openapi.json"
CONTRACT = ROOT / "adapters" / "sandbox" / "procore" / "contract.json"
MISSING = "the REST description of Procore is not part of this repository and does not stand beside it"

ARRAYS = frozenset(
    {
        ("get", "/rest/v1.0/projects/{project_id}/commitment_change_orders"),
        ("get", "/rest/v1.0/projects/{project_id}/prime_change_orders"),
        ("patch", "/rest/v1.0/projects/{project_id}/timesheets/update_approval"),
    }
)
"""Z1: answers that are an array of the one object which the description shows."""

_METHODS = ("get", "post", "patch", "put", "delete")


def present() -> bool:
    """Whether the description is here to be compared with."""
    return DESCRIPTION.exists()


@cache
def description() -> Json:
    """The whole description."""
    return cast("Json", json.loads(DESCRIPTION.read_text(encoding="utf-8")))


def resolve(node: Json) -> Json:
    """The node itself, or what its `$ref` names."""
    while "$ref" in node:
        found: Any = description()
        for part in str(node["$ref"]).removeprefix("#/").split("/"):
            found = found[part]
        node = cast("Json", found)
    return node


@cache
def _templates() -> tuple[tuple[re.Pattern[str], str], ...]:
    paths = sorted(description()["paths"], key=lambda path: (path.count("{"), path))
    return tuple((re.compile(re.sub(r"\{[^}]+\}", r"[^/]+", path) + "$"), path) for path in paths)


def template(method: str, path: str) -> str:
    """The path of the description that a request path belongs to; fixed parts win over parameters."""
    for pattern, found in _templates():
        if pattern.match(path) and method.lower() in description()["paths"][found]:
            return found
    raise AssertionError(f"{method} {path} is not described")


def operation(method: str, path: str) -> Json:
    """The description of one operation, by request path or by template."""
    return cast("Json", description()["paths"][template(method, path)][method.lower()])


def parameters(method: str, path: str, place: str) -> dict[str, Json]:
    """The parameters of an operation that stand in `place` (`query`, `header`, `path`)."""
    found = template(method, path)
    both = [*description()["paths"][found].get("parameters", []), *operation(method, path).get("parameters", [])]
    each = [resolve(parameter) for parameter in both]
    return {parameter["name"]: parameter for parameter in each if parameter["in"] == place}


def validate_request(
    method: str,
    path: str,
    query: Mapping[str, str] | Iterable[tuple[str, str]],
    headers: Mapping[str, str],
    body: object,
) -> None:
    """Refuses a request that the description does not know: path, parameters, header, keys and types of the body."""
    known = parameters(method, path, "query")
    pairs = list(query.items()) if isinstance(query, Mapping) else list(query)
    names = {name for name, _ in pairs}
    for name, value in pairs:
        parameter = known.get(name) or known.get(name.removesuffix("[]"))
        assert parameter, f"{method} {path}: query parameter {name} is not described"
        _validate_parameter(f"{method} {path}?{name}", parameter.get("schema", {}), value)
    for name, parameter in known.items():
        assert not parameter.get("required") or name in names, f"{method} {path}: {name} is missing"
    if "Procore-Company-Id" in parameters(method, path, "header"):
        present_names = {name.lower() for name in headers}
        assert "procore-company-id" in present_names, f"{method} {path}: the company header is missing"
    schema = _body_schema(method, path)
    if schema is None:
        assert body in (None, "", {}), f"{method} {path}: takes no body"
    else:
        _check(("request", method, template(method, path)), schema, body, closed=True)


def validate_answer(method: str, path: str, status: int, body: object) -> None:
    """Refuses an answer that a reader of the description could not expect. Unknown extra keys are allowed."""
    responses = operation(method, path)["responses"]
    found = responses.get(str(status)) or (responses.get("default") if status >= 400 else None)
    if found is None:
        assert status >= 400, f"{method} {path}: status {status} is not described"
        return  # the description names few refusals; their bodies differ
    schema = _answer_schema(method, template(method, path), found) if status < 400 else _content(resolve(found))
    if schema is None:
        assert body in (None, "", {}), f"{method} {path}: {status} has no body"
    elif not (status >= 400 and isinstance(body, str)):
        _check(("answer", method, template(method, path), str(status)), schema, body, closed=False)


def validate_exchanges(entries: Iterable[Any]) -> int:
    """Holds every request of a stand-in's log, and every answer that no fault made, against the description.

    Shape   entries have `method`, `path`, `query`, `headers`, `body`, `status`, `answer`, `token`, `fault`; says how
            many were looked at
    """
    seen = 0
    for entry in entries:
        if entry.token:
            continue
        seen += 1
        validate_request(entry.method, entry.path, entry.query, entry.headers, entry.body)
        if entry.status and not entry.fault:
            validate_answer(entry.method, entry.path, entry.status, entry.answer)
    return seen


def _validate_parameter(where: str, schema: Json, value: str) -> None:
    if schema.get("type") == "integer":
        assert value.lstrip("-").isdigit(), f"{where}: {value} is not an integer"
    if schema.get("enum"):
        assert value in schema["enum"], f"{where}: {value} is not one of {schema['enum']}"
    if where.endswith(("[updated_at]", "[created_at]", "[deleted_at]")):
        assert "..." in value, f"{where}: {value} is not a range A...B"


def _body_schema(method: str, path: str) -> Json | None:
    body = operation(method, path).get("requestBody")
    return _content(resolve(body)) if body else None


def _answer_schema(method: str, path: str, response: Json) -> Json | None:
    schema = _content(resolve(response))
    return {"type": "array", "items": schema} if (method.lower(), path) in ARRAYS else schema


def _content(holder: Json) -> Json | None:
    content = holder.get("content", {})
    for kind in ("application/json", *content):
        if kind in content:
            return cast("Json", content[kind].get("schema") or {})
    return None


_validators: dict[tuple[str, ...], Any] = {}


def _check(key: tuple[str, ...], schema: Json, body: object, *, closed: bool) -> None:
    if key not in _validators:
        _validators[key] = jsonschema.Draft202012Validator(tolerant(schema, closed=closed))
    error = jsonschema.exceptions.best_match(_validators[key].iter_errors(body))
    if error is not None:
        raise AssertionError(f"{' '.join(key)}: {error.json_path}: {error.message[:300]}")


def tolerant(schema: Json, *, closed: bool) -> Json:
    """The schema with null allowed everywhere; `closed` refuses keys that it does not name."""
    schema = resolve(schema)
    if "oneOf" in schema or "anyOf" in schema:
        options = schema.get("oneOf") or schema.get("anyOf") or []
        return {"anyOf": [{"type": "null"}, *(tolerant(option, closed=closed) for option in options)]}
    result: Json = {}
    if "enum" in schema:
        result["enum"] = [*schema["enum"], None]
    elif "type" in schema:
        result["type"] = [schema["type"], "null"]
    if "items" in schema:
        result["items"] = tolerant(schema["items"], closed=closed)
    if "properties" in schema:
        result["properties"] = {name: tolerant(each, closed=closed) for name, each in schema["properties"].items()}
        result["required"] = schema.get("required", [])
        if closed and not _open(schema):
            result["patternProperties"] = {"^custom_field_": {}}
            result["additionalProperties"] = False
    return result


def _open(schema: Json) -> bool:
    """Whether keys beside the named ones are allowed, other than custom fields, which always are."""
    return bool(schema.get("additionalProperties")) and "x-custom-fields" not in schema


# The table of the stand-in, taken from the description.


def extract(operations: Iterable[str]) -> Json:
    """`contract.json` for these operations (`METHOD path`), all shapes once, in the order of first use."""
    shapes: dict[str, int] = {}

    def shape(schema: Json) -> int:
        schema = resolve(schema)
        text = json.dumps(_shape(schema, shape), sort_keys=True)
        return shapes.setdefault(text, len(shapes))

    found = {each: _operation(*each.split(" ", 1), shape) for each in sorted(operations)}
    return {"shapes": [json.loads(text) for text in shapes], "operations": found}


def _operation(method: str, path: str, shape: Any) -> Json:
    described = description()["paths"][path][method.lower()]
    query = parameters(method, path, "query")
    status = min(int(code) for code in described["responses"] if code.startswith("2"))
    result: Json = {"status": status}
    if query:
        result["query"] = {name: shape(parameter.get("schema") or {}) for name, parameter in sorted(query.items())}
        needs = sorted(name for name, parameter in query.items() if parameter.get("required"))
        if needs:
            result["needs"] = needs
    body = _body_schema(method, path)
    if body is not None:
        result["body"] = shape(body)
    answer = _answer_schema(method, path, described["responses"][str(status)])
    if answer is not None:
        result["answer"] = shape(answer)
    return result


def _shape(schema: Json, shape: Any) -> Json:
    options = schema.get("oneOf") or schema.get("anyOf")
    if options:
        return {"kind": "one_of", "of": [shape(option) for option in options]}
    kind = schema.get("type", "any")
    if kind == "object" or "properties" in schema:
        result: Json = {"kind": "object"}
        fields = schema.get("properties", {})
        if fields:
            result["fields"] = {name: shape(each) for name, each in fields.items()}
            if schema.get("required"):
                result["required"] = sorted(schema["required"])
            if _open(schema):
                result["open"] = True
        return result
    if kind == "array":
        return {"kind": "array", "of": [shape(schema.get("items") or {})]}
    if kind == "string" and schema.get("format") in {"date", "date-time"}:
        kind = schema["format"]
    values = [value for value in schema.get("enum", []) if value is not None]
    return {"kind": kind, "enum": values} if values else {"kind": kind}


def text(contract: Json) -> str:
    """One shape and one operation a line, so that a change reads well."""
    shapes = ",\n".join(json.dumps(each, separators=(",", ":")) for each in contract["shapes"])
    operations = ",\n".join(
        f"{json.dumps(name)}:{json.dumps(each, separators=(',', ':'))}" for name, each in contract["operations"].items()
    )
    return f'{{"shapes":[\n{shapes}\n],"operations":{{\n{operations}\n}}}}\n'


def served() -> list[str]:
    """The operations that the stand-in has, without asking for its table."""
    from adapters.sandbox.procore.routes import ROUTES  # noqa: PLC0415 (the table may not exist yet)

    return [f"{route.method} {route.path}" for route in ROUTES]


if __name__ == "__main__":
    CONTRACT.write_text(text(extract(served())), encoding="utf-8")
