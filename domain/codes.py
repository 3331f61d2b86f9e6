"""Budget codes: composing and taking apart by the project's pattern, never by the position of a delimiter (C-23)."""

from collections.abc import Mapping, Sequence

from domain.values import Json, text


def item_of(items: Sequence[Json], code: str) -> Json | None:
    """The segment item with this code; tiered items are known by their whole path (Procore W10)."""
    wanted = code.strip().upper()
    if not wanted:
        return None  # items without a path must not answer to a blank code
    for item in items:
        if wanted in (
            text(item, "path_code").upper(),
            "-".join(str(tier) for tier in item.get("path_codes") or ()).upper(),
        ):
            return item
    for item in items:
        if not item.get("parent_id") and text(item, "code").upper() == wanted:
            return item
    return None


def taken_apart(wbs_code: Json) -> Mapping[str, str]:
    """Segment type -> code, read from the items that the WBS code itself names (Procore W8).

    Shape   `wbs_code` as Procore shows it, with `segment_items`, each with its `segment`.
    """
    found: dict[str, str] = {}
    for item in wbs_code.get("segment_items", ()):
        segment: Json = item.get("segment") or {}
        tiers = item.get("path_codes") or ()
        code = "-".join(str(tier) for tier in tiers) if tiers else text(item, "path_code") or text(item, "code")
        found[text(segment, "type")] = code
    return found
