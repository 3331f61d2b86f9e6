"""Questions to people at a terminal, asked on standard error, so that standard output stays clean."""

import sys
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import questionary
from prompt_toolkit.output import create_output
from pydantic import TypeAdapter, ValidationError

from hub.report import ExitStatus, Halted
from hub.settings.values import CompanyNumber, ConnectionName, Guid, Surroundings, Text

if TYPE_CHECKING:
    from hub.cli.setting_up import Answers
    from hub.operations.choosing import Preview
    from hub.operations.undo import Preview as UndoPreview

QUESTIONS: tuple[tuple[str, str, str, Any], ...] = (
    ("connection", "Name of the connection (it becomes part of every id)", "main", ConnectionName),
    ("tenant", "Business Central: tenant (domain or id)", "", Text),
    ("environment", "Business Central: environment", "Production", Text),
    ("bc_company", "Business Central: id of the company (GUID)", "", Guid),
    ("bc_client_id", "Business Central: id of the application in Microsoft Entra", "", Text),
    ("procore_company", "Procore: number of the company", "", CompanyNumber),
    ("procore_client_id", "Procore: id of the application", "", Text),
)


def asked(given: "Answers") -> "Answers":
    """The answers that were given, and a question for each of the others.

    Raises  Halted (wrong use) where nobody can answer, KeyboardInterrupt when the person leaves.
    """
    if not sys.stdin.isatty():
        message = "init asks questions and needs a terminal. Use --yes, with options for what you know."
        raise Halted(message, ExitStatus.WRONG_USE)
    output = create_output(stdout=sys.stderr)
    answers: dict[str, Any] = {}
    if given.kind is None:
        question = questionary.select("What is joined?", choices=["test", "production"], output=output)
        answers["kind"] = question.unsafe_ask()
    for name, text, default, kind in QUESTIONS:
        if getattr(given, name) is None:
            adapter: TypeAdapter[Any] = TypeAdapter(kind)
            question = questionary.text(f"{text}:", default=default, validate=partial(_judged, adapter), output=output)
            answers[name] = adapter.validate_python(question.unsafe_ask())
    return replace(given, **answers)


def _judged(adapter: "TypeAdapter[Any]", text: str) -> bool | str:
    """True, or what is wrong with the answer."""
    try:
        adapter.validate_python(text, context=Surroundings())
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)[0]
        return str(details.get("ctx", {}).get("mend", "Please answer."))
    return True


async def always(_preview: object) -> bool:
    """Consent was given on the command line."""
    return True


async def agreed(preview: "Preview") -> bool:
    """Shows what would be touched and asks.

    Raises  KeyboardInterrupt when the person leaves.
    """
    from rich.console import Console

    from hub.operations.mending import say_preview

    say_preview(Console(stderr=True), preview)
    return await _asked(preview.total, preview.action)


async def agreed_to_undo(preview: "UndoPreview") -> bool:
    """The same for an undo.

    Raises  KeyboardInterrupt when the person leaves.
    """
    from rich.console import Console

    from hub.operations.undo import say

    say(Console(stderr=True), preview)
    return await _asked(preview.total, preview.action)


async def _asked(total: int, action: str) -> bool:
    from hub.operations.choosing import MANY, confirmed

    output = create_output(stdout=sys.stderr)
    if total > MANY:
        text = f"Type {total} to {action} them:"
        return confirmed(total, await questionary.text(text, output=output).unsafe_ask_async())
    return bool(await questionary.confirm("Go on?", default=False, output=output).unsafe_ask_async())
