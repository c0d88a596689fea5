"""Finds of the names model that can't be names, or are too doubtful without further evidence.

Evidence is a word that announces a name (`Dear`, `"city":`), a list of names, or the shape of a
name of several words.
"""

import re
from collections.abc import Iterable
from typing import Final

from stream_jobs.redact.foreign import SMALL, is_foreign

_WORD: Final = re.compile(r"[^\W\d_]+")
MAX_TITLE: Final = 300
"""Characters of a line that are looked at: a heading is no longer."""

_CALENDAR: Final = frozenset(
    (
        *("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
        *("january", "february", "march", "july", "september", "october", "november", "december"),
        *("jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec"),
    )
)
_MONTHS_AND_NAMES: Final = frozenset(("april", "may", "june", "august"))
_BEFORE_A_MONTH: Final = re.compile(
    r"(?i)(?:\b(?:in|since|until|till|by|before|after|of|from|to|through|this|last|next|early|late|mid|"
    r"every|each|during|on|and|or)|\d(?:st|nd|rd|th)?|[,\"'(-])[\s\"'-]*$"
)
_AFTER_A_MONTH: Final = re.compile(r"[\s,.]{0,3}\d")

_SYMBOLS: Final = re.compile(r"[\[\]{}=<>│┆|`_$^*\\~]|\(\)|\([^)]*$")
_DOTTED: Final = re.compile(r"\w+(?:\.\w{2,})+")
_JOINED: Final = re.compile(r"[a-zà-ÿ][A-Z]")
_JOINED_NAME: Final = re.compile(
    r"(?:Mc|Mac|De|Di|Da|Du|Le|La|Lo|Van|Von|Fitz|O|D|Al|El|St|San|Ja|Ma)[A-Z]"
)
_END_OF_KEY: Final = re.compile(r"[\"']\s{0,2}:")
_CODE_BEFORE: Final = frozenset("._/\\$#|<`@:-")
_CODE_AFTER: Final = frozenset("_(=[\\|`")
_STREET: Final = re.compile(
    r"(?i)(?:\b(?:st|str|street|ave|avenue|rd|road|ln|lane|drive|dr|blvd|boulevard|court|ct|square|"
    r"close|terrace|way|place|row|walk|quay|highway|hwy|parkway|rue|calle|via|rua|avenida|plaza|"
    r"ulica|ul|jalan|box|apt|suite|flat|unit)\b|stra(?:ß|ss)e|straat|gatan|gade|gata|weg\b|allee)"
)
_POSTCODE: Final = re.compile(r"\b\d{4,6}\b|\b[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}\b")
_ANNOUNCED: Final = re.compile(
    r"(?i)(?:\b(?:i'?m|i am|my name|name'?s|name is|names|named|called|call|ask|tell|told|asked|"
    r"dear|hi|hello|hey|yo|thanks|thank you|mr|mrs|ms|miss|dr|prof|sir|it'?s|its|this is|my \w+|"
    r"our \w+|cheers|regards|best|signed|says?|said|with|w|and|are u|r u)"
    r"|(?<![_.\w])(?:\w*name|city|town|country|person|customer|client|contact|patient|guest|author|"
    r"owner|employer|company|recipient|sender|tenant|from|to|by))[\s\"'.,:=>&@(-]{1,4}$"
)
_LIVES: Final = re.compile(r"(?i)\b(?:in|to|from|near|live|lives|at|for|of|visit)\s$")


class Doubts:
    """Knows the common words that are no names (in small letters), and lists of names."""

    def __init__(
        self, common: Iterable[str], known: Iterable[str] = (), usual: Iterable[str] = ()
    ) -> None:
        self._common = frozenset(common) | _CALENDAR
        self._known = frozenset(name.lower() for name in known)
        self._usual = frozenset(name.lower() for name in usual)

    def is_foreign(self, text: str) -> bool:
        """Whether `text` isn't English, so that no more than known names are taken from it."""
        return is_foreign(text, self._common)

    def refuses(self, text: str, start: int, end: int, label: str, *, foreign: bool) -> bool:
        """Whether `text[start:end]` can't be a name of kind `label`.

        In a `foreign` text only what has a capital and is on a list can be one.
        """
        found = text[start:end]
        words = [word.lower() for word in _WORD.findall(found)]
        unlisted = foreign and not self._is_listed(found)
        if unlisted or not words or words[0] in _CALENDAR or _SYMBOLS.search(found):
            return True
        if _is_code(text, start, end):
            return True
        if label == "ADDRESS":
            return not self._is_address(found, words)
        if self._common.issuperset(words) and (label != "ORG" or len(words) == 1):
            return True
        if self._is_of_title(text, start, end):
            return True
        return len(words) == 1 and self._is_doubtful(text, start, end, words[0])

    def _is_listed(self, found: str) -> bool:
        """Whether a word with a capital in `found` is on a list of names."""
        words = (word for word in _WORD.findall(found) if len(word) > 2 and not word.islower())
        return any(word.lower() in self._known and word.lower() not in SMALL for word in words)

    def _is_of_title(self, text: str, start: int, end: int) -> bool:
        """Whether a find, all of common words but at most one, is a part of a heading or a list.

        Such a line has capitals nearly throughout, most of its words are common, none announces
        the find, and no usual name is in it.
        """
        found = _WORD.findall(text[start:end])
        strange = [w for w in found if w.lower() not in self._common]
        if len(strange) > 1 or any(w.lower() in self._usual for w in found):
            return False
        line_start = text.rfind("\n", 0, start) + 1
        line = text[line_start : text.find("\n", end) if "\n" in text[end:] else len(text)]
        words = [word for word in _WORD.findall(line[:MAX_TITLE]) if len(word) > 3]
        if len(words) - len(found) < 3 or sum(w[0].isupper() for w in words) < 0.8 * len(words):
            return False
        common = sum(word.lower() in self._common for word in words)
        return common >= 0.6 * len(words) and not _ANNOUNCED.search(
            text[max(0, start - 40) : start]
        )

    def _is_address(self, found: str, words: list[str]) -> bool:
        if _STREET.search(found):
            return True
        strange = sum(len(word) > 3 and word not in self._common for word in words)
        if not strange or not any(map(str.isdigit, found)):
            return False
        return strange > 1 or _POSTCODE.search(found) is not None

    def _is_doubtful(self, text: str, start: int, end: int, word: str) -> bool:
        """Whether a find of one word has no evidence beside it that it needs."""
        found, before = text[start:end], text[max(0, start - 40) : start]
        if word in _MONTHS_AND_NAMES:
            return bool(_BEFORE_A_MONTH.search(before) or _AFTER_A_MONTH.match(text, end))
        if word in self._known or _ANNOUNCED.search(before):
            return False
        if found.islower():
            return not _is_chat(text)
        if len(found) < 6 and found.isupper() and not text.isupper():
            return not _LIVES.search(before)
        return False


def _is_chat(text: str) -> bool:
    """Whether a text is written without capitals, and isn't code."""
    return text.islower() and not _SYMBOLS.search(text) and "\n" not in text


def _is_code(text: str, start: int, end: int) -> bool:
    """Whether a find is an identifier: dotted, joined, or beside a sign of code."""
    found = text[start:end]
    if _DOTTED.fullmatch(found):
        return True
    if " " in found:
        return False
    if _JOINED.search(found) and not _JOINED_NAME.match(found):
        return True
    before, after = text[start - 1 : start], text[end : end + 1]
    if (after == "." and text[end + 1 : end + 2].isalnum()) or (after and after in _CODE_AFTER):
        return True
    if not before or (not found.islower() and before not in "._\\$#`"):
        return False
    return before in _CODE_BEFORE or (before in "\"'" and _END_OF_KEY.match(text, end) is not None)
