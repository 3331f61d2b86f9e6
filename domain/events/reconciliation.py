"""What was found when both companies were compared, and who signed for it."""

from typing import ClassVar

from msgspec import Struct

from domain.events.base import Event
from domain.values import Content


class ReconciledLine(Struct, frozen=True):
    """One cell of one measure. Amounts are decimal text; `kinds` are those of its explanations, each once."""

    measure: str
    project: str
    cost_code: str
    cost_type: str
    segment: str
    currency: str
    business_central: str
    procore: str
    difference: str
    unexplained: str
    kinds: tuple[str, ...] = ()


class ReconciliationMade(Event, frozen=True, kw_only=True):
    """Both companies were read afresh and compared. `content` names the summary, which names every page of lines.

    `result` is equal, explained, unexplained or incomplete; `read_from` the position of the ledger when reading began.
    `asked` are the projects that were asked for, empty for all. `calls` are HTTP requests that read, by
    system, and `kinds` how many explanations there are of each kind.
    `unexplained` is the sum of what is unexplained in lines without regard to sign, by currency, as decimal text.
    `replaces` are runs whose lines leave the read schema. The lines were told before, page by page, on the same stream.
    """

    TOPIC: ClassVar[str] = "reconciliation.made.1"
    run: str
    content: Content
    result: str
    asked: tuple[str, ...]
    read_from: int
    projects: int
    lines: int
    differing: int
    open: int
    unexplained: dict[str, str]
    kinds: dict[str, int]
    calls: dict[str, int]
    replaces: tuple[str, ...] = ()


class ReconciliationTold(Event, frozen=True, kw_only=True):
    """Some lines of a run from `first` on; `content` names the same lines with what explains them."""

    TOPIC: ClassVar[str] = "reconciliation.told.1"
    run: str
    content: Content
    first: int
    lines: tuple[ReconciledLine, ...]


class ReconciliationSignedOff(Event, frozen=True, kw_only=True):
    """Somebody took responsibility for a run as it was found, for a reason."""

    TOPIC: ClassVar[str] = "reconciliation.signed-off.1"
    run: str
    reason: str
    unexplained: dict[str, str]
