"""National and tax ids of all regions, and papers whose form differs too much to check.

Ids of a region come first: where two say the same of one number, the one that can be checked wins.
"""

from typing import Final

from stream_jobs.redact.identity import beside, several_digits
from stream_jobs.redact.national_europe import EUROPE
from stream_jobs.redact.national_world import WORLD

_PASSPORT: Final = (
    "passport|passports|passport no|reisepass|reisepassnummer|passeport|pasaporte|passaporto"
    "|passaporte|paspoort|paszport|pasaport"
)
_LICENCE: Final = (
    "driver'?s? licen[cs]es?|driving licen[cs]es?|driver licen[cs]es?|dl no|dl num|dl number|dl|dln"
    "|dl nr|licen[cs]e number|licen[cs]e no"
)

PAPERS: Final = (
    beside("US_PASSPORT", _PASSPORT, r"\d{9}|[A-Z]\d{8}", several_digits),
    beside("IN_PASSPORT", _PASSPORT, r"[A-PR-WY][1-9]\d ?\d{4}[1-9]", several_digits),
    beside(
        "PASSPORT", _PASSPORT, r"(?:[A-Z]{1,2} ?)?\d{6,9}[A-Z]?|[A-Z][A-Z0-9]{8}", several_digits
    ),
    beside(
        "US_DRIVER_LICENSE",
        _LICENCE,
        r"(?:[A-Z]{1,3}[ -]?)?\d[A-Z0-9]{3,14}|[A-Z]{0,3}\d{2,4}(?:[- ]\d{2,6}){1,4}"
        r"|[A-Z]{1,5}\d{3,6}[A-Z]{1,3}\d{0,3}",
        several_digits,
    ),
    beside(
        "DE_FUEHRERSCHEIN",
        "fuhrerschein|fuhrerscheinnummer|fuehrerschein",
        r"[A-Z0-9]{11}",
        several_digits,
    ),
    beside(
        "DRIVER_LICENSE",
        "permis de conduire|patente di guida|patente|carnet de conducir|licencia de conducir"
        "|rijbewijs|prawo jazdy|korkort|forerkort|carteira de motorista|cnh",
        r"[A-Z]{0,3}\d[A-Z0-9-]{4,16}",
        several_digits,
    ),
    beside(
        "NATIONAL_ID",
        "national id|national identity|identity card|id card|citizen id|national identification"
        "|personal id|tax id|tax number|tax no|taxpayer id|taxpayer number|identity number",
        r"[A-Z]{0,3}\d[A-Z0-9]{5,15}|[A-Z]{1,3}\d{2}[A-Z]{2}\d{4}|\d{2,6}(?:-\d{1,7}){1,4}",
        several_digits,
    ),
)

NATIONAL: Final = EUROPE + WORLD + PAPERS
