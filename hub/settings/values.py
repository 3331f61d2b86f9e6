"""The kinds of values that a configuration holds: durations, addresses, names and secrets."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import SplitResult, urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, SecretStr, ValidationInfo
from pydantic_core import PydanticCustomError

from domain.errors import Misconfigured

Need = Literal["everything", "store", "nothing"]
"""Which secrets must be at hand: all of them, that of the store alone, or none, to look at the configuration."""

PLACEHOLDERS = frozenset({"TENANT", "ENVIRONMENT", "CLIENT-ID"})
"""Words that a new configuration holds until somebody fills in their own."""

NO_GUID = "00000000-0000-0000-0000-000000000000"

_DURATION = re.compile(r"(?P<count>\d{1,9})(?P<unit>[smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_PASSWORD = re.compile(r"(?i)\b(password|sslpassword)=[^&]*")


def wrong(says: str, mend: str) -> PydanticCustomError:
    """A refusal in two sentences: what is wrong, and how to mend it. Neither may hold the value."""
    return PydanticCustomError("siteledger", "{says}", {"says": says, "mend": mend})


@dataclass(frozen=True)
class Surroundings:
    """What a value may refer to: variables, files beside the configuration, and which secrets must be at hand.

    Without a `folder`, paths are left as they are written.
    """

    environ: Mapping[str, str] = field(default_factory=dict[str, str])
    folder: Path | None = None
    need: Need = "everything"


class Secret(SecretStr):
    """A value that is never printed. `shown` is what may be: where it comes from, or an address without password.

    `file` is the file that it was read from, where it was one.
    """

    def __init__(self, value: str | None, shown: str = "given by the program", file: Path | None = None) -> None:
        super().__init__(value or "")
        self.shown = shown
        self.file = file
        self.at_hand = value is not None

    def get_secret_value(self) -> str:
        """The secret itself.

        Raises  Misconfigured when it is not at hand, because the command at work had not asked for it.
        """
        if not self.at_hand:
            message = f"The secret {self.shown} is not at hand. Set it and start again."
            raise Misconfigured(message)
        return super().get_secret_value()


def _surroundings(info: ValidationInfo) -> Surroundings:
    return info.context if isinstance(info.context, Surroundings) else Surroundings()


def _fetch(reference: str, around: Surroundings) -> str:
    source, _, name = reference.partition(":")
    if source == "env":
        value = around.environ.get(name, "").strip()
        if not value:
            mend = f"Set {name}, or name another one as env:NAME or file:PATH."
            raise wrong(f"the environment variable {name} is not set", mend)
        return value
    path = _file_of(reference, around) or Path(name)
    try:
        value = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is not text"
        mend = "Put the secret there and give this user the right to read it."
        raise wrong(f"the secret file {path} cannot be read ({reason})", mend) from None
    if not value:
        raise wrong(f"the secret file {path} is empty", "Put the secret there, alone.")
    return value


def _file_of(reference: str, around: Surroundings) -> Path | None:
    source, _, name = reference.partition(":")
    return (around.folder or Path()) / name if source == "file" else None


def _is_reference(text: str) -> bool:
    source, _, name = text.partition(":")
    return (source == "env" and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) is not None) or (
        source == "file" and bool(name.strip())
    )


def _secret(value: object, info: ValidationInfo) -> Secret:
    if isinstance(value, Secret):
        return value
    if not isinstance(value, str) or not _is_reference(value):
        raise wrong(
            "a secret must not stand in the configuration itself",
            'Write "env:NAME" for an environment variable or "file:PATH" for a file.',
        )
    return _referenced(value, _surroundings(info), demanded=_surroundings(info).need == "everything")


def _referenced(reference: str, around: Surroundings, *, demanded: bool) -> Secret:
    try:
        return Secret(_fetch(reference, around), shown=reference, file=_file_of(reference, around))
    except PydanticCustomError:
        if demanded:
            raise
        return Secret(None, shown=reference)


def _store_url(value: object, info: ValidationInfo) -> Secret:
    if isinstance(value, Secret):
        return value
    around = _surroundings(info)
    if isinstance(value, str) and _is_reference(value):
        secret = _referenced(value, around, demanded=around.need != "nothing")
        if not secret.at_hand:
            return secret
        return Secret(_located(secret.get_secret_value(), around), shown=value, file=secret.file)
    url = _located(value if isinstance(value, str) else "", around)
    return Secret(url, shown=without_password(url))


def _located(url: str, around: Surroundings) -> str:
    """The address with the file of SQLite made absolute: a service may be started from any folder."""
    kind, mark, rest = url.partition("://")
    if mark and kind in {"postgresql", "postgres"} and rest:
        return url
    path = rest.removeprefix("/")
    if mark and kind == "sqlite" and rest.startswith("/") and path and path != ":memory:":
        return url if around.folder is None else f"sqlite:///{around.folder.absolute() / path}"
    raise wrong(
        "this is not the address of a store that keeps what is written",
        'Write "sqlite:///FILE" or "postgresql://USER@HOST/DATABASE", or where it stands: "env:NAME" or "file:PATH".',
    )


def without_password(url: str) -> str:
    """The address of a store as it may be shown."""
    head, at, tail = url.rpartition("@")
    scheme, mark, user = head.partition("://")
    shown = f"{scheme}{mark}{user.partition(':')[0]}{':***' if ':' in user else ''}{at}{tail}" if at else url
    return _PASSWORD.sub(r"\1=***", shown)


def _time_zone(value: str) -> str:
    """The name of a time zone."""
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise wrong(
            "this is no time zone", 'Use a name of the tz database, such as "Europe/Berlin" or "UTC".'
        ) from None
    return value


def _duration(value: object) -> object:
    if isinstance(value, timedelta):
        return value
    found = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise wrong("this is not a duration", 'Write a whole number and a unit, such as "60s", "5m", "2h" or "1d".')
    return timedelta(seconds=int(found["count"]) * _SECONDS[found["unit"]])


def _poll_interval(value: timedelta) -> timedelta:
    if not timedelta(seconds=1) <= value <= timedelta(days=1):
        raise wrong("this is too short or too long", 'Write at least "1s" and at most "1d".')
    return value


def duration_text(value: timedelta) -> str:
    """A duration as the configuration writes it, in the largest unit that fits."""
    seconds = int(value.total_seconds())
    unit = next((unit for unit in ("d", "h", "m") if seconds and seconds % _SECONDS[unit] == 0), "s")
    return f"{seconds // _SECONDS[unit]}{unit}"


def is_loopback(host: str) -> bool:
    """Whether this host name never leaves the computer."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _filled_in(value: str, info: ValidationInfo) -> str:
    if _surroundings(info).need == "everything" and PLACEHOLDERS & set(re.split(r"[/.:]", value)):
        raise wrong("this still holds a word to be replaced", "Fill in your own value.")
    return value


def _split(value: str) -> SplitResult | None:
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _url(value: str) -> str:
    parts = _split(value.strip())
    host = parts.hostname if parts else None
    if parts is None or not host or parts.scheme not in {"http", "https"}:
        raise wrong("this is not a web address", "Write it in full, beginning with https://.")
    if parts.username is not None or parts.password is not None:
        raise wrong("a web address must not carry a user or password", "Leave out everything up to the @.")
    if parts.query or parts.fragment:
        raise wrong("this web address has a query or fragment", "Leave out everything from the first ? or # on.")
    if parts.scheme == "http" and not is_loopback(host):
        raise wrong("http is accepted for this computer only", "Write https://, because credentials travel this way.")
    return value.strip().rstrip("/")


def _guid(value: object) -> object:
    try:
        return str(UUID(value)) if isinstance(value, str) else value
    except ValueError:
        raise wrong("this is not a GUID", "Copy the company's id, 8-4-4-4-12 hexadecimal digits.") from None


def _guid_filled_in(value: str, info: ValidationInfo) -> str:
    if _surroundings(info).need == "everything" and value == NO_GUID:
        raise wrong("this is not filled in yet", "Copy the company's id, 8-4-4-4-12 hexadecimal digits.")
    return value


def _number_filled_in(value: int, info: ValidationInfo) -> int:
    if _surroundings(info).need == "everything" and value == 0:
        raise wrong("this is not filled in yet", "Write the company's number.")
    return value


def _no_truth_value(value: object) -> object:
    if isinstance(value, bool):
        raise wrong("this must be a whole number", "Write digits without quotes.")
    return value


def _route(value: str) -> str:
    route = value.strip().strip("/")
    if not re.fullmatch(r"[A-Za-z0-9._~-]+(/[A-Za-z0-9._~-]+)*", route):
        raise wrong("this is not a route", 'Write the part of the path after the API\'s address, such as "v2.0".')
    return route


def _existing_file(value: Path, info: ValidationInfo) -> Path:
    folder = _surroundings(info).folder
    if folder is None:
        return value
    path = folder / value
    if not path.is_file():
        raise wrong(f"the file {path} does not exist", "Create it, or leave this key out.")
    return path


def _named(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9-]{1,40}", value):
        mend = "Use 1 to 40 small letters, digits and hyphens; it becomes part of every id."
        raise wrong("this is not a name for a connection", mend)
    return value


def _exact(value: object) -> object:
    if isinstance(value, float):
        raise wrong("an amount must be exact", 'Write it in quotes, such as "0.10".')
    return value


SecretValue = Annotated[Secret, PlainValidator(_secret)]
StoreUrl = Annotated[Secret, PlainValidator(_store_url)]
PollInterval = Annotated[timedelta, BeforeValidator(_duration), AfterValidator(_poll_interval)]
Url = Annotated[str, AfterValidator(_url), AfterValidator(_filled_in)]
Guid = Annotated[str, BeforeValidator(_guid), AfterValidator(_guid_filled_in)]
Whole = Annotated[int, BeforeValidator(_no_truth_value)]
Route = Annotated[str, AfterValidator(_route)]
ExistingFile = Annotated[Path, AfterValidator(_existing_file)]
ConnectionName = Annotated[str, AfterValidator(_named)]
CompanyNumber = Annotated[Whole, Field(ge=0), AfterValidator(_number_filled_in)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
Text = Annotated[str, Field(min_length=1), AfterValidator(_filled_in)]
Amount = Annotated[Decimal, BeforeValidator(_exact), Field(ge=0, allow_inf_nan=False)]
