"""How the proofs stand, by all verifications so far: whether anything found is unmended, and how far they reach."""

from datetime import datetime

from msgspec import Struct

from adapters.store import Ledger

_NEWEST = "SELECT at FROM audit_check ORDER BY position DESC LIMIT 1"
_WHOLE = "SELECT at FROM audit_check WHERE start <= 1 ORDER BY position DESC LIMIT 1"
_SOUND = (
    "SELECT through, sealed, seal FROM audit_check WHERE findings = 0 AND (start <= 1 OR follows = 1)"
    " ORDER BY through DESC, position DESC LIMIT 1"
)
_OPEN = (
    "SELECT MIN(f.start) FROM audit_check f WHERE f.findings > 0 AND NOT EXISTS ("
    "SELECT 1 FROM audit_check s WHERE s.position > f.position AND s.findings = 0 AND s.start <= f.start"
    " AND s.through >= f.through)"
)


class Standing(Struct, frozen=True, kw_only=True):
    """Where the proofs stand.

    Shape   `valid` is None before the first verification, and false from a finding on until all that was verified then
            is found to be sound again; `at` when the last one ended, `whole_at` the last one of everything, None for
            none; `through` the position up to which everything was verified without a gap; `begin` where the next one
            has to begin; `sealed` and `seal` the seal that the last sound one saw last, 0 and empty for none
    """

    valid: bool | None = None
    at: datetime | None = None
    whole_at: datetime | None = None
    through: int = 0
    begin: int = 1
    sealed: int = 0
    seal: str = ""


async def standing(ledger: Ledger) -> Standing:
    """As far as the read models are.

    Raises  StoreUnavailable.
    """
    newest = await ledger.rows(_NEWEST)
    if not newest:
        return Standing()
    whole, sound = await ledger.rows(_WHOLE), await ledger.rows(_SOUND)
    [(unmended,)] = await ledger.rows(_OPEN)
    through, sealed, seal = sound[0] if sound else (0, 0, "")
    return Standing(
        valid=unmended is None,
        at=datetime.fromisoformat(newest[0][0]),
        whole_at=datetime.fromisoformat(whole[0][0]) if whole else None,
        through=through,
        begin=through + 1 if unmended is None else min(unmended, through + 1),
        sealed=sealed,
        seal=seal,
    )
