"""Identifiers of programs, which look like names: dotted, joined, beside a sign of code; pure."""

import re
from typing import Final

_DOTTED: Final = re.compile(r"\w+(?:\.\w{2,})+")
_JOINED: Final = re.compile(r"[a-zà-ÿ][A-Z]")
_JOINED_NAME: Final = re.compile(
    r"(?:Mc|Mac|De|Di|Da|Du|Le|La|Lo|Van|Von|Fitz|O|D|Al|El|St|San|Ja|Ma)[A-Z]"
)
_END_OF_KEY: Final = re.compile(r"[\"']\s{0,2}:")
_BEFORE: Final = frozenset("._/\\$#|<`@:-")
_BEFORE_CAPITALS: Final = frozenset("._\\$#`")
_AFTER: Final = frozenset("_(=[\\|`")


def is_identifier(text: str, start: int, end: int) -> bool:
    """Whether `text[start:end]` is an identifier and no name."""
    found = text[start:end]
    if " " in found:
        return False
    if _DOTTED.fullmatch(found):
        return True
    if _JOINED.search(found) and not _JOINED_NAME.match(found):
        return True
    return _goes_on(text, end) or _began(text, start, end)


def _goes_on(text: str, end: int) -> bool:
    after = text[end : end + 2]
    return after == "::" or after[:1] in _AFTER or (after[:1] == "." and after[1:].isalnum())


def _began(text: str, start: int, end: int) -> bool:
    before = text[max(0, start - 2) : start]
    if before == "::" or before[-1:] in _BEFORE_CAPITALS:
        return True
    if not text[start:end].islower():
        return False
    key = before[-1:] in ("'", '"') and _END_OF_KEY.match(text, end) is not None
    return key or before[-1:] in _BEFORE
