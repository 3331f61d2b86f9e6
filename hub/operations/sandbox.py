"""`sandbox`: both stand-ins with a sample company over HTTP, for trying and for rehearsal."""

from typing import TYPE_CHECKING

import anyio

from adapters.ports import SystemClock
from adapters.sandbox.serve import ENVIRONMENT, SECRET_NAME, Sandbox, sample, serve
from hub.report import Announce, ExitStatus, Halted, Progress, Report

if TYPE_CHECKING:
    from rich.console import Console


TELL_EVERY = 1.0
"""Seconds between looks for webhooks that are due."""


async def sandbox(
    *, host: str, bc_port: int, procore_port: int, seed: int, announce: Announce, progress: Progress
) -> ExitStatus:
    """Serves until it is interrupted; the report says how to reach both, before the serving begins."""
    progress.start("filling the sample company")
    central, procore = sample(SystemClock().now, seed)
    progress.finish("filling the sample company")
    try:
        async with serve(
            central, procore, host=host, bc_port=bc_port, procore_port=procore_port, tell_every=TELL_EVERY
        ) as running:
            announce(report(running))
            await anyio.sleep_forever()
    except OSError as error:
        message = (
            f"The stand-ins can't listen on {host}, ports {bc_port} and {procore_port}: {error.strerror or error}."
        )
        raise Halted(message, ExitStatus.WRONG_USE) from error
    return ExitStatus.DONE


def report(running: Sandbox) -> Report:
    """Where the stand-ins are, and the configuration that reaches them."""
    text = configuration(running)
    document = {
        "business_central": {
            "url": running.business_central_url,
            **{key: str(value) for key, value in running.connection()["business_central"].items()},
        },
        "procore": {
            "url": running.procore_url,
            **{key: str(value) for key, value in running.connection()["procore"].items()},
        },
        "environment": ENVIRONMENT,
        "configuration": text,
    }

    def render(console: "Console") -> None:
        console.print(f"Business Central at {running.business_central_url}, Procore at {running.procore_url}")
        console.print("A configuration for them:", style="bold")
        console.print(text, markup=False, highlight=False)
        console.print(f"Set {SECRET_NAME}={ENVIRONMENT[SECRET_NAME]} in the environment. Ctrl-C ends it.", markup=False)

    return Report(document, ExitStatus.DONE, render)


def configuration(running: Sandbox) -> str:
    """A `siteledger.toml` for the stand-ins."""
    connection = running.connection()
    lines = ["[store]", 'url = "sqlite:///siteledger.db"', "", "[connections.main]", f'kind = "{connection["kind"]}"']
    for system in ("business_central", "procore"):
        lines += ["", f"[connections.main.{system}]"]
        lines += [
            f"{key} = {value}" if isinstance(value, int) else f'{key} = "{value}"'
            for key, value in connection[system].items()
        ]
    return "\n".join(lines) + "\n"
