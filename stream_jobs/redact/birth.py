"""Dates of birth: any full date shortly after a word that says so."""

import re
from typing import Final

from stream_jobs.redact.recogniser import Recogniser, before

_WORD: Final = re.compile(r"(?:\bd\.?o\.?b\b|date[ _-]of[ _-]birth|birth[ _-]?da(?:te|y)|\bborn\b)")
_MONTH: Final = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}"
_DAY: Final = r"\d{1,2}(?:st|nd|rd|th)?"


def _beside_word(match: re.Match[str]) -> tuple[int, int] | None:
    return match.span() if _WORD.search(before(match, 32)) else None


BIRTH: Final = (
    Recogniser(
        "date_of_birth",
        "DATE_OF_BIRTH",
        "patterns",
        r"(?i)\bd\.?o\.?b\b|birth|\bborn\b",
        re.compile(
            r"(?<![\w.-])(?:\d{1,2}[/.-]\d{1,2}[/.-](?:\d{4}|\d\d)|\d{4}[/.-]\d{1,2}[/.-]\d{1,2}"
            rf"|(?i:{_MONTH}\.? {_DAY},? \d{{4}})|(?i:{_DAY} (?:of )?{_MONTH},? \d{{4}}))(?![\w-])"
        ),
        _beside_word,
    ),
)
