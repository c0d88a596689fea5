"""Finds of the names model that can't be names, or are too doubtful without further evidence.

Evidence is a word that announces a name (`Dear`, `"city":`), a list of names, or the shape of a
name of several words.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from stream_jobs.redact.foreign import SMALL, is_foreign
from stream_jobs.redact.identifiers import is_identifier
from stream_jobs.redact.openings import is_before_a_thing, is_before_things, is_the_word
from stream_jobs.redact.stems import MORE_ENDS, is_compound, is_derived

_WORD: Final = re.compile(r"[^\W\d_]+")
MAX_MADE: Final = 4_096
"""Words of which it is remembered whether they are made of common ones."""

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
_STREET: Final = re.compile(
    r"(?i)(?:\b(?:st|str|street|ave|avenue|rd|road|ln|lane|drive|dr|blvd|boulevard|court|ct|square|"
    r"close|terrace|way|place|row|walk|quay|highway|hwy|parkway|rue|calle|via|rua|avenida|plaza|"
    r"ulica|ul|jalan|box|apt|suite|flat|unit)\b|stra(?:ß|ss)e|straat|gatan|gade|gata|weg\b|allee)"
)
_PART_OF_A_HOUSE: Final = re.compile(r"(?i)(?:flat|unit|box|suite|apt)\b(?! [A-Z]\b)")
_POSTCODE: Final = re.compile(r"\b\d{4,6}\b|\b[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}\b")
_ANNOUNCED: Final = re.compile(
    r"(?i)(?:\b(?:i'?m|i am|my name|name'?s|name is|names|named|called|call|ask|tell|told|asked|"
    r"dear|hi|hello|hey|yo|thanks|thank you|mr|mrs|ms|miss|dr|prof|sir|it'?s|its|this is|my \w+|"
    r"our \w+|cheers|regards|best|signed|says?|said|with|w|and|are u|r u)"
    r"|(?<![_.\w])(?:\w*name|city|town|country|person|customer|client|contact|patient|guest|author|"
    r"owner|employer|company|recipient|sender|tenant|from|to|by))[\s\"'.,:=>&@(-]{1,4}$"
)
_ONE_OF_MANY: Final = re.compile(
    r"(?i)\b(?:a|an|the|this|that|these|those|each|every|any|no|another|which)\s$"
)
"""What stands before things, and seldom before the name of a person."""
_EPONYM: Final = re.compile(
    r"['’]s? (?:laws?|theorems?|lemma|conjecture|inequality|equations?|constant|paradox|razor|"
    r"syndrome|disease)\b"
    r"| (?:filters?|kernels?|priors?|distributions?|process(?:es)?|transforms?|series|algorithms?|"
    r"trees?|graphs?|diagrams?|matrix|matrices|functions?|spaces?|norms?|sampling|regression|curves?|"
    r"equations?|theorems?|effect|syndrome|disease|mesh|triangulation|integrals?|polynomials?|sums?|"
    r"coefficients?|index|scale|noise|codes?|coding|constants?|metrics?|estimators?|inequality|"
    r"identity|lemma|conjecture|paradox|sequence|numbers)\b"
)
"""What is named after somebody."""
_OF_A_THING: Final = re.compile(
    r"(?i)(?<![a-z])(?:colou?r|shade|flavou?r|variant|theme|icon|font|typeface|font-family|palette|scent|"
    r"fabric|finish|pattern|skin|unit|module|component|plugin|package|library|image|pod|node|job|"
    r"queue|topic|table|column|chart|dish|drink|ingredient|genre|category|sku)"
    r"[\"']?\s{0,2}[:=]\s{0,2}[\"']?$"
)
"""A key whose value is no name."""
_ANNOTATED: Final = re.compile(r"[\w ]*\(.*[{;]")
"""What follows the annotation of a method (`@Bean Clock clock() {`)."""
_LIVES: Final = re.compile(r"(?i)\b(?:in|to|from|near|live|lives|at|for|of|visit)\s$")


class Doubts:
    """Knows the common words that are no names (in small letters), and lists of names."""

    def __init__(
        self,
        common: Iterable[str],
        known: Iterable[str] = (),
        usual: Iterable[str] = (),
        ambiguous: Iterable[str] = (),
        things: Iterable[str] = (),
    ) -> None:
        """`usual` names are those of many; `ambiguous` ones are words as well.

        `things` are words in small letters that end in s and are no verbs.
        """
        self._things = frozenset(things)
        self._common = frozenset(common) | _CALENDAR
        self._is_made = lru_cache(MAX_MADE)(self._is_made_of_common)
        self._known = frozenset(name.lower() for name in known)
        self._usual = frozenset(name.lower() for name in usual)
        self._ambiguous = frozenset(ambiguous)

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
        if is_identifier(text, start, end) or _is_of_a_thing(text, start, end):
            return True
        if label == "ADDRESS":
            return not self._is_address(found, words)
        if self._is_of_common(found, words, label) or self._is_of_title(text, start, end):
            return True
        return len(words) == 1 and self._is_doubtful(text, start, end, words[0], label)

    def _is_common(self, word: str) -> bool:
        """Whether a word in small letters is common English, or made of it and on no list."""
        return word in self._common or (word not in self._known and self._is_made(word))

    def _is_of_common(self, found: str, words: list[str], label: str) -> bool:
        """Whether all words of a find are common; of a list of some, none need be surely so."""
        if all(map(self._is_common, words)) and (label != "ORG" or len(words) == 1):
            return True
        return len(words) > 2 and "," in found and all(map(self._may_be_common, words))

    def _may_be_common(self, word: str) -> bool:
        return word in self._ambiguous or self._is_common(word)

    def _is_made_of_common(self, word: str) -> bool:
        """Whether a word, or what it is the plural of, is derived from or joined of common ones."""
        one = word.removesuffix("s")
        return is_compound(one, self._common) or any(
            is_derived(form, self._common, MORE_ENDS) for form in (word, one)
        )

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
        strange = [w.lower() for w in found if w.lower() not in self._common]
        plain = self._ambiguous.issuperset(strange)
        if not plain and (len(strange) > 1 or any(w.lower() in self._usual for w in found)):
            return False
        line_start = text.rfind("\n", 0, start) + 1
        line = text[line_start : text.find("\n", end) if "\n" in text[end:] else len(text)]
        words = [word for word in _WORD.findall(line[:MAX_TITLE]) if len(word) > 2]
        if len(words) - len(found) < 3 or sum(w[0].isupper() for w in words) < 0.8 * len(words):
            return False
        common = sum(word.lower() in self._common for word in words)
        return common >= 0.6 * len(words) and not _is_announced(text, start)

    def _is_address(self, found: str, words: list[str]) -> bool:
        if _PART_OF_A_HOUSE.match(found) and not any(map(str.isdigit, found)):
            return False
        if _STREET.search(found):
            return True
        strange = sum(len(word) > 3 and word not in self._common for word in words)
        if not strange or not any(map(str.isdigit, found)):
            return False
        return strange > 1 or _POSTCODE.search(found) is not None

    def _is_doubtful(self, text: str, start: int, end: int, word: str, label: str) -> bool:
        """Whether a find of one word has no evidence beside it that it needs."""
        before = text[max(0, start - 40) : start]
        if word in _MONTHS_AND_NAMES:
            return bool(_BEFORE_A_MONTH.search(before) or _AFTER_A_MONTH.match(text, end))
        if text[start:end].istitle() and _EPONYM.match(text, end):
            return True
        if _is_announced(text, start):
            return False
        if word in self._known:
            before_things = label == "PERSON" and is_before_things(text, start, end, self._things)
            return before_things or self._is_no_name_here(text, start, end, word)
        before_thing = is_before_a_thing(text, start, end, self._common, self._things)
        return before_thing or _is_unlikely(text, start, end, label)

    def refuses_listed(self, text: str, start: int, end: int) -> bool:
        """Whether the word `text[start:end]` is no name here, though it is on a list of them."""
        return self._is_the_word(text, start, end) or _is_of_a_thing(text, start, end)

    def _is_the_word(self, text: str, start: int, end: int) -> bool:
        word = text[start:end].lower()
        return word in self._ambiguous and is_the_word(text, start, end, self._common, self._things)

    def _is_no_name_here(self, text: str, start: int, end: int, word: str) -> bool:
        """Whether what is on a list of names is none here: in code, or before no verb."""
        if not text[start:end].islower():
            return self._is_the_word(text, start, end)
        return _SYMBOLS.search(text) is not None or (word in self._ambiguous and not text.islower())


def _is_of_a_thing(text: str, start: int, end: int) -> bool:
    """Whether a key says that its value is no name, or an annotation of code is meant."""
    if _OF_A_THING.search(text[max(0, start - 40) : start]):
        return True
    return text[start - 1 : start] == "@" and _ANNOTATED.match(text, end, end + 80) is not None


def _is_unlikely(text: str, start: int, end: int, label: str) -> bool:
    """Whether a word on no list is no name: a small one, one of many, an abbreviation."""
    found, before = text[start:end], text[max(0, start - 40) : start]
    if found.islower():
        return not _is_chat(text)
    if label == "PERSON" and _ONE_OF_MANY.search(before):
        return True
    abbreviated = len(found) < 6 and found.isupper() and not text.isupper()
    return abbreviated and not _LIVES.search(before)


def _is_announced(text: str, start: int) -> bool:
    return _ANNOUNCED.search(text[max(0, start - 40) : start]) is not None


def _is_chat(text: str) -> bool:
    """Whether a text is written without capitals, and isn't code."""
    return text.islower() and not _SYMBOLS.search(text) and "\n" not in text
