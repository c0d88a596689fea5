"""Dates of birth: any full date shortly after a word that says so."""

import re
from typing import Final

from stream_jobs.redact.recogniser import Recogniser

_WORDS: Final = (r"d\.?o\.?b\.?", "date of birth", "birth ?date", "birth ?day", "born", "bday")
_MONTH: Final = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}"
_DAY: Final = r"\d{1,2}(?:st|nd|rd|th)?"


BIRTH: Final = (
    Recogniser(
        "date_of_birth",
        "DATE_OF_BIRTH",
        "patterns",
        r"\d{4}",
        re.compile(
            r"(?<![\w.-])(?:\d{1,2}[/.-]\d{1,2}[/.-](?:\d{4}|\d\d)|\d{4}[/.-]\d{1,2}[/.-]\d{1,2}"
            rf"|(?i:{_MONTH}\.? {_DAY},? \d{{4}})|(?i:{_DAY} (?:of )?{_MONTH},? \d{{4}}))(?![\w-])"
        ),
        words=_WORDS,
    ),
)
