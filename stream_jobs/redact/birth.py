"""Dates of birth: any full date shortly after a word that says so."""

import re
from typing import Final

from stream_jobs.redact.recogniser import Recogniser

_WORDS: Final = (
    r"d\.?o\.?b\.?",
    "date of birth",
    "birth ?date",
    "birth ?day",
    "born",
    "bday",
    "geburtsdatum",
    "geboren",
    "geb\\.?",
    "date de naissance",
    "nee? le",
    "fecha de nacimiento",
    "nacid[oa]",
    "data di nascita",
    "nat[oa] il",
    "data de nascimento",
    "nascid[oa]",
    "geboortedatum",
    "fodelsedatum",
    "data urodzenia",
)
_MONTH: Final = (
    r"(?:jan|feb|m[aä]r|apr|may|mai|jun|jul|aug|sep|o[ck]t|nov|de[cz]|ene|abr|avr|f[eé]v|ao[uû]|dic)"
    r"[a-zéû]{0,7}"
)
_DAY: Final = r"\d{1,2}(?:st|nd|rd|th|er|\.)?"


BIRTH: Final = (
    Recogniser(
        "date_of_birth",
        "DATE_OF_BIRTH",
        "patterns",
        r"\d",
        re.compile(
            r"(?<![\w.-])(?:\d{1,2}[/.-]\d{1,2}[/.-](?:\d{4}|\d\d)|\d{4}[/.-]\d{1,2}[/.-]\d{1,2}"
            rf"|(?i:{_MONTH}\.?[ -]{_DAY},?[ -]\d{{4}})"
            rf"|(?i:{_DAY}[ -](?:of |de )?{_MONTH}\.?,?(?: de)?[ -]\d{{4}}))(?![\w-])"
        ),
        words=_WORDS,
    ),
)
