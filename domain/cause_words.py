"""From the words of a refusal to a code: the same for all records that are refused for the same reason."""

import re

MOST_WORDS = 6
LONGEST_CODE = 80

_OWN = re.compile(
    r"\"[^\"]*\"|“[^”]*”|(?<!\w)'[^']*'|\([^)]*\)"  # quoted or explained
    r"|https?://\S+|\S+@\S+|\S*=\S*|\S*\d\S*"  # addressed, set or counted
)
"""What belongs to one record only."""
_WORD = re.compile(r"[A-Za-z_]+")
_COMMON = """
a account amount an and approved at be blocked budget can cannot change closed code commitment company contract cost
could currency customer date draft entry error exceeds field for has have in inactive invalid invoice is item job
length line missing must name no not number of on only open or order period permission posted posting project
quantity record rejected released request required resource segment status table task tax that the this time to type
unit unknown value vendor was while with worker you
"""
_KEPT = frozenset(_COMMON.split())
"""Words that may stand in a code although they begin with a capital; any other one may be somebody's name."""


def in_code(words: str) -> str:
    """The first words of a text as part of a code, without what belongs to one record only.

    `Vendor Lakeside Medical (V100) is inactive` is `VENDOR_IS_INACTIVE`.
    """
    told: list[str] = []
    for word in _WORD.findall(_OWN.sub(" ", words)):
        if word.islower() or word.lower() in _KEPT:
            told.append(word.strip("_").upper())
        elif word[0].islower():  # purchaseOrders: a name of an interface, not of a person
            told.append(word.upper())
    return "_".join([word for word in told if word][:MOST_WORDS])[:LONGEST_CODE]
