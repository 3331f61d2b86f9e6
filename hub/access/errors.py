"""How a refusal reaches whoever asked. None of them says more than somebody outside may know."""

from hub.report import ExitStatus, Halted


class NotSignedIn(Halted):
    """No token, no session, or one that no longer counts: to be answered with 401."""

    def __init__(self) -> None:
        super().__init__("Not signed in: the token or session is unknown or over.", ExitStatus.NOT_PERMITTED)


class NotPermitted(Halted):
    """Signed in, and the role or right is missing: to be answered with 403. Names what is missing."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Not permitted: {reason}.", ExitStatus.NOT_PERMITTED)
        self.reason = reason


class WrongRequest(Halted):
    """A value that can't be used: to be answered with 422. Names the field, what is wrong, and the mend."""

    def __init__(self, field: str, problem: str, mend: str) -> None:
        super().__init__(f"{field}: {problem}. {mend}", ExitStatus.WRONG_USE)
        self.field = field


class NoSuch(Halted):
    """Nobody and nothing has this name: to be answered with 404."""

    def __init__(self, what: str, name: str) -> None:
        super().__init__(f'There is no {what} "{name}".', ExitStatus.WRONG_USE)
