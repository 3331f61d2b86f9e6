"""Why records do not go on, as few stable causes: what is wrong, whether a retry can help, what to do, and who acts.

A cause is worked out from the event alone, so twenty thousand refusals for one reason are one cause whenever they are
told. Its code holds no id, number, name or amount; a record that breaks several rules counts under the first.
"""

import re
from typing import Literal

from msgspec import Struct

from domain import events
from domain.cause_words import in_code
from domain.events import Event, Wait
from domain.flows import BY_NAME
from domain.flows.common import FACT
from domain.states import State
from domain.values import BUSINESS_CENTRAL, PROCORE, System

Helps = Literal["transient", "after_mend", "never"]
"""Whether a retry can help: by itself in time, once somebody mended what the text names, or not at all."""

Who = Literal["Business Central admin", "Procore admin", "accountant", "operator"]

FAILING: frozenset[State] = frozenset({"dead", "rejected", "conflict", "failed", "parked"})
"""States with a cause."""
UNSETTLED: frozenset[State] = FAILING - {"parked"}
"""What the desk of failures shows unless asked otherwise: to be parked is normal."""

GIVEN_UP = "given up after "
LAST_WORDS = "; the last one said: "
LONGEST_TEXT = 2000

_SYSTEM: dict[System, str] = {BUSINESS_CENTRAL: "Business Central", PROCORE: "Procore"}
_PREFIX: dict[System, str] = {BUSINESS_CENTRAL: "BUSINESS_CENTRAL", PROCORE: "PROCORE"}
_ADMIN: dict[System, Who] = {BUSINESS_CENTRAL: "Business Central admin", PROCORE: "Procore admin"}


class FailureCause(Struct, frozen=True):
    """One cause.

    code   stable, capital letters, digits and strokes, or the id of a rule of the requirements
    text   the remote's own words, or the reasons, of this one occurrence
    """

    code: str
    title: str
    text: str
    helps: Helps
    next: str
    who: Who


def cause_of(event: Event) -> FailureCause | None:
    """Why the record does not go on after this event; None for events after which it does."""
    match event:
        case events.Rejected() if event.violations:
            return _rejected(event)
        case events.Parked() if event.waits:
            return _parked(event.waits)
        case events.Conflicted():
            return FailureCause(
                f"CONFLICT_{in_code(event.reason) or 'OTHER'}",
                "Both sides claim the same thing",
                event.reason[:LONGEST_TEXT],
                "after_mend",
                "decide which side is right and mend the other one; the next round looks again",
                "operator",
            )
        case events.Delayed():
            return _delayed(_system(event), event.status, event.reason)
        case events.Refused():
            return _refused(event)
        case _:
            return None


def _rejected(event: events.Rejected) -> FailureCause:
    first = event.violations[0]
    flow = BY_NAME.get(event.flow)
    origin = flow.origin.system if flow is not None else BUSINESS_CENTRAL
    return FailureCause(
        first.rule,
        f"{first.field} breaks rule {first.rule}",
        "; ".join(violation.message for violation in event.violations)[:LONGEST_TEXT],
        "after_mend",
        f"mend {first.field} in {_SYSTEM[origin]}; the next round looks again",
        "accountant" if origin == BUSINESS_CENTRAL else "Procore admin",
    )


# -- waits -----------------------------------------------------------------------------------------

_FACTS: dict[str, tuple[str, str, Who]] = {
    "VENDOR": ("A vendor has no company in Procore", "link or name its company in Procore", "Procore admin"),
    "BUDGET": ("The budget in Procore stands in the way", "see the text; mend it in Procore", "Procore admin"),
    "LOCKED": ("Something is locked", "unlock it; it goes by itself then", "Procore admin"),
    "PERIOD": ("A period is closed or missing", "open or add the period", "accountant"),
    "CODE": ("A code is unknown in Business Central", "make the code in Business Central", "accountant"),
    "TASK": ("A task is unknown in Business Central", "make the task in Business Central", "accountant"),
    "CUSTOMER": ("A project has no customer", "name the customer in Business Central", "accountant"),
    "PATTERN": ("The budget pattern in Procore asks for more", "mend the pattern in Procore", "Procore admin"),
}


def _parked(waits: tuple[Wait, ...]) -> FailureCause:
    first = waits[0]
    text = "; ".join(wait.text for wait in waits)[:LONGEST_TEXT]
    if first.kind != FACT:
        name = first.kind.partition("/")[0].replace("_", " ")
        return FailureCause(
            f"WAITING_FOR_{in_code(name)}",
            f"Waits for another record: {name}",
            text,
            "transient",
            "nothing: it goes by itself when that is there; explain tells what that waits for in turn",
            "operator",
        )
    code = _fact(first)
    title, mend, who = _FACTS.get(code, ("Waits for a fact", "see the text; it goes by itself then", "operator"))
    return FailureCause(f"WAITING_{code}", title, text, "after_mend", mend, who)


def _fact(wait: Wait) -> str:
    words = wait.text.lower()
    if _LOCKED.search(words):
        return "LOCKED"
    if "period" in words:
        return "PERIOD"
    name, _, rest = wait.key.partition(":")
    return in_code(name) or in_code(rest) or "FACT"


# -- outcomes of calls -----------------------------------------------------------------------------


def _delayed(system: System, status: int, words: str) -> FailureCause:
    """A call that is tried again by itself."""
    lower, name = words.lower(), _SYSTEM[system]
    wait = "nothing: the hub tries again by itself"
    text = words[:LONGEST_TEXT]
    if "changed in between" in lower:
        title = f"A record of {name} changed between reading and writing"
        return FailureCause(f"{_PREFIX[system]}_CHANGED", title, text, "transient", wait, "operator")
    if status == 429:  # noqa: PLR2004 - HTTP
        return FailureCause(
            f"{_PREFIX[system]}_BUSY", f"The quota of {name} is used", text, "transient", wait, "operator"
        )
    if status in {401, 403}:
        mend = "check the credentials and permissions of the application; `siteledger check` names them"
        return FailureCause(
            f"{_PREFIX[system]}_NOT_LET_IN", f"{name} refuses the hub", text, "after_mend", mend, _ADMIN[system]
        )
    if status in {408, 504} or "timed out" in lower or "timeout" in lower:
        return FailureCause(
            f"{_PREFIX[system]}_TIMEOUT", f"{name} did not answer in time", text, "transient", wait, "operator"
        )
    if status >= 500:  # noqa: PLR2004 - HTTP
        return FailureCause(
            f"{_PREFIX[system]}_UNAVAILABLE", f"{name} is in trouble", text, "transient", wait, "operator"
        )
    if status == 0:
        return FailureCause(
            f"{_PREFIX[system]}_NO_ANSWER", f"{name} could not be reached", text, "transient", wait, "operator"
        )
    if status >= 300:  # noqa: PLR2004 - HTTP
        mend = "see the text and mend the setting that it names"
        return FailureCause(
            f"{_PREFIX[system]}_MISCONFIGURED", f"{name} refuses the connection", text, "after_mend", mend, "operator"
        )
    return FailureCause(
        f"{_PREFIX[system]}_UNREADABLE", f"{name} answered what nobody can read", text, "transient", wait, "operator"
    )


def _refused(event: events.Refused) -> FailureCause:
    """A call that the target refused for good, or that was tried often enough."""
    system, words = _system(event), event.message
    if words.startswith(GIVEN_UP):
        inner = _delayed(system, event.status, words.partition(LAST_WORDS)[2] or words)
        mend = f"when {_SYSTEM[system]} is well again: retry"
        return FailureCause(
            f"GIVEN_UP_{inner.code}", f"{inner.title}; given up", words[:LONGEST_TEXT], "transient", mend, inner.who
        )
    name, text = _SYSTEM[system], words[:LONGEST_TEXT]
    kind, title, mend, who = _family(system, event.status, event.code, words.lower())
    if kind:
        return FailureCause(f"{_PREFIX[system]}_{kind}", f"{title} {name}", text, "after_mend", mend, who)
    number = f"{event.status}_" if event.status >= 400 else ""  # noqa: PLR2004 - a row may be refused inside a 200
    code = f"{_PREFIX[system]}_{number}{_resource(event)}_{in_code(words) or 'REFUSED'}"
    mend = "mend what the text names, then retry; after a change in the source the hub tries by itself"
    who = "Procore admin" if system == PROCORE else "accountant"
    return FailureCause(
        code, f"{_resource(event).replace('_', ' ').lower()} refused by {name}", text, "after_mend", mend, who
    )


def _family(system: System, status: int, code: str, words: str) -> tuple[str, str, str, Who]:
    """Refusals that every endpoint knows: kind, title, mend and who; an empty kind for any other."""
    if _LOCKED.search(words):
        return "LOCKED", "The record is locked in", "unlock it there, then retry", _ADMIN[system]
    if "period" in words and "closed" in words:
        return "PERIOD_CLOSED", "The period is closed in", "open the period, then retry", "accountant"
    if status in {401, 403} or ("not permitted" in words and status != 404):  # noqa: PLR2004 - HTTP
        mend = "give the hub's account the permission that the text names, then retry"
        return "NOT_PERMITTED", "The hub may not do this in", mend, _ADMIN[system]
    if status == 404:  # noqa: PLR2004 - HTTP
        mend = "see whether it was deleted there, or the hub's account may not see it; mend it, then retry"
        return "NOT_FOUND", "The record is not to be found in", mend, _ADMIN[system]
    if status == 409 or code == "Internal_EntityWithSameKeyExists" or _TAKEN.search(words):  # noqa: PLR2004 - HTTP
        mend = "rename or remove the one that has it, then retry"
        return "CONFLICT_TAKEN", "Number, name or code is taken in", mend, _ADMIN[system]
    return "", "", "", "operator"


_LOCKED = re.compile(r"\block(ed|s)?\b")  # what is blocked is not locked
_TAKEN = re.compile(r"already (been taken|exists|in use)|must be unique")


def _system(event: events.DeliveryEvent) -> System:
    """The system that was called."""
    if event.part.startswith("bc:") or "/companies(" in event.url or "$batch" in event.url:
        return BUSINESS_CENTRAL
    if event.url:
        return PROCORE
    flow = BY_NAME.get(event.flow)
    return BUSINESS_CENTRAL if flow is not None and flow.origin.system == PROCORE else PROCORE


_NO_NAME = re.compile(r"^(rest|api|sync|bulk\w*|v?[\d.]+|[0-9a-f-]{32,36})$", re.IGNORECASE)


def _resource(event: events.DeliveryEvent) -> str:
    """The kind of thing that was written, from the address, or from the part where there was no call."""
    path = event.url.partition("?")[0].rpartition("#")[2]
    names = [name.partition("(")[0] for name in path.split("://")[-1].split("/")[1 if "://" in path else 0 :]]
    told = [name for name in names if name and not _NO_NAME.match(name) and not any(sign.isdigit() for sign in name)]
    return in_code(told[-1]) if told else in_code(event.part.removeprefix("bc:").partition(":")[0]) or "ROW"
