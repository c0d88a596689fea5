"""Finds of the names model that can't be names: common words, dates, pieces of code."""

import re
from collections.abc import Iterable
from typing import Final

_WORD: Final = re.compile(r"[^\W\d_]+")
_CALENDAR: Final = frozenset(
    (
        *("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
        *("january", "february", "march", "july", "september", "october", "november", "december"),
        *("jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec"),
    )
)
"""Without April, May, June and August, which are names too."""

_CODE_BEFORE: Final = frozenset("._/\\$#|<`")
_CODE_AFTER: Final = frozenset("._(=[\\|`")
_DOTTED: Final = re.compile(r"\w{2,}\.\w{2,}|\w*[a-z][A-Z]\w*[a-z][A-Z]\w*|\w*_\w*")
_STREET: Final = re.compile(
    r"(?i)(?:\b(?:st|str|street|ave|avenue|rd|road|ln|lane|drive|dr|blvd|boulevard|court|ct|square|"
    r"close|terrace|way|place|row|walk|quay|highway|hwy|parkway|rue|calle|via|rua|avenida|plaza|"
    r"ulica|ul|jalan|box|apt|suite|flat|unit)\b|stra(?:ß|ss)e|straat|gatan|gade|gata|weg\b|allee)"
)


class Doubts:
    """Knows the common words that are no names (in small letters)."""

    def __init__(self, common: Iterable[str]) -> None:
        self._common = frozenset(common) | _CALENDAR

    def refuses(self, text: str, start: int, end: int, label: str) -> bool:
        """Whether `text[start:end]` can't be a name of kind `label`."""
        found = text[start:end]
        words = [word.lower() for word in _WORD.findall(found)]
        if not words or words[0] in _CALENDAR:
            return True
        if label == "ADDRESS":
            return self._common.issuperset(words) and not _STREET.search(found)
        if self._common.issuperset(words) and (label != "ORG" or len(words) == 1):
            return True
        return _is_code(text, start, end)


def _is_code(text: str, start: int, end: int) -> bool:
    """Whether a find is an identifier: dotted, joined, or small beside a sign of code."""
    found = text[start:end]
    if _DOTTED.fullmatch(found):
        return True
    if not found.islower() or " " in found:
        return False
    before, after = text[start - 1 : start], text[end : end + 1]
    if before in _CODE_BEFORE and before:
        return True
    following = text[end + 1 : end + 2]
    return after in _CODE_AFTER and bool(after) and not (after == "." and not following.isalnum())
