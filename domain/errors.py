"""What can go wrong, named by who acts next."""

from datetime import timedelta


class SiteLedgerError(Exception):
    """Base of all errors that SiteLedger raises on purpose; its text is meant for people."""


class RetryLater(SiteLedgerError):
    """Nobody has to act: the same call may succeed later.

    Units   `after` is the least time to wait.
    `outcome_unknown` says that the call may have taken effect and must be settled by looking; `answered` is false when
    the system gave no answer at all.
    """

    def __init__(
        self, message: str, *, after: timedelta = timedelta(), outcome_unknown: bool = False, answered: bool = True
    ) -> None:
        super().__init__(message)
        self.after = after
        self.outcome_unknown = outcome_unknown
        self.answered = answered


class NeedsDecision(SiteLedgerError):
    """An operator has to act: the remote refused for good, in its own words.

    `status` is the HTTP status, `code` the remote's own error code where it has one.
    """

    def __init__(self, message: str, *, status: int = 0, code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class Changed(SiteLedgerError):
    """The remote record is no longer what we saw (stale ETag, 409 or 412): read again, decide again."""


class Misconfigured(SiteLedgerError):
    """Whoever runs the hub has to act: credentials, company, permission or a setting."""


class NotLetIn(Misconfigured):
    """A system refuses the hub as a whole: its credentials, or its application."""


class Unreadable(SiteLedgerError):
    """A remote answered something that is not what its interface promises; the bytes are kept."""


class WrongInput(SiteLedgerError):
    """Whoever asked has to act: a value that can't be used. Names the field, what is wrong with it, and the mend."""

    def __init__(self, field: str, problem: str, mend: str) -> None:
        super().__init__(f"{field}: {problem}. {mend}")
        self.field = field
        self.problem = problem
        self.mend = mend


class Unknown(SiteLedgerError):
    """Nothing has this id, as far as whoever asks may see."""
