"""Misbehaviour on request: what a stand-in does wrong, to which requests, how often."""

import re
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

FaultKind = Literal[
    "latency",  # answered late, by `seconds`
    "status",  # refused with `status`, with or without `retry_after`
    "lost_reply",  # carried out, then the connection is cut without an answer
    "drop_before",  # the connection is cut before anything is done
    "expired_token",  # 401, whatever the token
    "forbidden",  # 403
    "conflict",  # 409
    "html",  # page of a gateway instead of an answer, `status` or 502
    "malformed_json",  # carried out, the body is not JSON
    "truncated",  # carried out, half of the body, then the connection is cut
    "duplicate",  # carried out twice, as by a proxy that repeats; the second answer is given
]


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One instruction to misbehave.

    Shape   `method` empty means any; `path` is a regular expression searched in `path?query`; the first `skip`
            matching requests pass, then `times` are hit (0: all from then on). `handled` carries the request out
            before `status` or `html` is answered (a 504 after the commit). `parts` means the parts of a batch, and the
            rows of a bulk call, instead of whole requests; there only refusals with a status apply, and a row that is
            carried out nevertheless appears nowhere in the answer.
    Units   `seconds` of delay; `retry_after` is the header's text, empty sends none.
    """

    kind: FaultKind
    method: str = ""
    path: str = ""
    times: int = 1
    skip: int = 0
    status: int = 0
    retry_after: str = ""
    seconds: float = 0.0
    handled: bool = False
    parts: bool = False

    @property
    def answer_status(self) -> int:
        """The status that a refusal of this kind carries."""
        by_kind = {"expired_token": 401, "forbidden": 403, "conflict": 409, "html": 502, "status": 503}
        return self.status or by_kind.get(self.kind, 500)

    def hits(self, method: str, target: str, *, part: bool) -> bool:
        """Whether the request is one of those meant."""
        return self.parts is part and self.method.upper() in {"", method} and re.search(self.path, target) is not None


@dataclass
class _Armed:
    fault: Fault
    skip: int
    left: int | None  # None: without end


@dataclass
class Faults:
    """The script of faults of one stand-in; each request meets at most the first one that is armed for it."""

    _armed: list[_Armed] = field(default_factory=list[_Armed])

    def add(self, *faults: Fault) -> None:
        """Arm faults, in this order."""
        self._armed += [_Armed(fault, fault.skip, fault.times or None) for fault in faults]

    def clear(self) -> None:
        """Behave again."""
        self._armed.clear()

    def take(self, method: str, target: str, *, part: bool = False) -> Fault | None:
        """The fault that this request meets, used up by one.

        Shape   `target` is the path with its query.
        """
        for armed in self._armed:
            if not armed.fault.hits(method, target, part=part):
                continue
            if armed.skip > 0:
                armed.skip -= 1
                continue
            if armed.left is not None:
                armed.left -= 1
                if armed.left <= 0:
                    self._armed.remove(armed)
            return armed.fault
        return None

    def plain(self) -> list[dict[str, Any]]:
        """What is still armed, with the requests that still pass and those still to be hit (None: all)."""
        return [{**msgspec.to_builtins(it.fault), "skip": it.skip, "left": it.left} for it in self._armed]
