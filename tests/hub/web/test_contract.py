"""What is served is what is described: the same routes, and every answer of the shape that was promised."""

import sys
from pathlib import Path
from subprocess import PIPE, STDOUT
from typing import Any

import anyio
import pytest
from jsonschema import Draft202012Validator, FormatChecker
from limits import RateLimitItemPerSecond
from openapi_spec_validator import validate

from hub.web import contract, guard
from hub.web.app import PAGES, ROUTES
from tests.hub.web.harness import ADMIN, Filled, Web, served, settings

NOT_DESCRIBED = {(route.method, route.path) for route in PAGES}
"""What browsers alone ask, with whatever parameters an identity provider adds."""
CONFIG = Path(__file__).with_name("schemathesis.toml")


def test_routes_and_description_are_the_same() -> None:
    assert {(route.method, route.path) for route in ROUTES} - NOT_DESCRIBED == contract.operations()


def test_the_description_is_openapi_3_1() -> None:
    validate(contract.document())


def test_every_operation_has_a_name_of_its_own_and_says_how_it_fails() -> None:
    document = contract.document()
    operations = [document["paths"][path][method.lower()] for method, path in contract.operations()]

    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names)
    open_ones = [operation for operation in operations if operation.get("security") == []]
    for operation in operations:
        assert operation in open_ones or "default" in operation["responses"], operation["operationId"]


def fits(document: Any, schema: dict[str, Any]) -> None:
    """The document has the shape that the description promises."""
    whole = {**schema, "components": contract.document()["components"]}
    Draft202012Validator(whole, format_checker=FormatChecker()).validate(document)


def schema_of(path: str, status: str = "200", method: str = "get") -> dict[str, Any]:
    answers = contract.document()["paths"][path][method]["responses"]
    return answers[status]["content"]["application/json"]["schema"]


LISTS = [
    "/api/v1/records",
    "/api/v1/cross-references",
    "/api/v1/events",
    "/api/v1/runs",
    "/api/v1/connections",
    "/api/v1/flows",
]


@pytest.mark.parametrize("path", LISTS)
async def test_every_list_holds_something_and_fits_its_description(ledger: Filled, tmp_path: Path, path: str) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        document = await it.ask(path)

    assert document["items"]
    fits(document, schema_of(path))


async def test_a_record_and_its_timeline_fit_their_description(ledger: Filled, tmp_path: Path) -> None:
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        [found] = (await it.ask("/api/v1/find?q=PO1"))["items"]
        fits({"items": [found]}, schema_of("/api/v1/find"))
        fits(await it.ask(f"/api/v1/records/{found['record']}"), schema_of("/api/v1/records/{id}"))
        timeline = await it.ask(f"/api/v1/records/{found['record']}/timeline")

    assert timeline["items"]
    fits(timeline, schema_of("/api/v1/records/{id}/timeline"))


async def schemathesis(it: Web, folder: Path) -> tuple[int, str]:
    """Runs schemathesis over the whole description, always the same way; its status and words."""
    command = [
        *(
            sys.executable,
            "-m",
            "schemathesis.cli",
            "--config-file",
            str(Path(__file__).with_name("schemathesis.toml")),
        ),
        *("run", f"{it.url}/openapi.json"),
        *("--header", f"Authorization: Bearer {ADMIN}", "--seed", "1", "--max-examples", "2"),
        *("--checks", "all", "--request-timeout", "10", "--continue-on-failure", "--no-color"),
        *("--generation-deterministic", "--suppress-health-check", "all"),
    ]
    with anyio.fail_after(110):
        ended = await anyio.run_process(command, check=False, stdout=PIPE, stderr=STDOUT, cwd=folder)
    return ended.returncode, ended.stdout.decode()


async def test_schemathesis_finds_no_failure_in_the_whole_description(
    ledger: Filled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "WRONG_PACE", RateLimitItemPerSecond(10_000, 1))
    async with served(settings(ledger.copy(tmp_path), ledger.tables)) as it:
        status, words = await schemathesis(it, tmp_path)

    assert status == 0, words[-20000:]
