"""Where somebody is: coordinates, and the plates of vehicles beside their word."""

import re
from typing import Final

from stream_jobs.redact.context import plain
from stream_jobs.redact.recogniser import Recogniser

_WORDS: Final = re.compile(
    r"(?<![a-z])(?:coord\w*|gps|lat|latitude|lon|lng|long|longitude|latlng|latlon|geo|geoloc\w*|location"
    r"|position|located|pos|pin|waypoint)(?![a-z])"
)
_LIST: Final = re.compile(r"\d[,;]?[ \t]{0,2}\Z|[\[(=,]\s?\Z|[\w)] ?[+*/-]\s?\Z")
_MORE: Final = re.compile(r"\s?[,;*/+-]\s?[-+\d]|[\])],?$")
_NUMBER: Final = r"[-+]?\d{1,3}\.\d{3,15}"
_DEGREES: Final = (
    r"\d{1,3}(?:\.\d{1,10})? ?°"
    r"(?: ?\d{1,2}(?:\.\d{1,8})? ?['′](?: ?\d{1,2}(?:\.\d{1,6})? ?(?:[\"″]|''))?)? ?"
)


def _pair(match: re.Match[str]) -> tuple[int, int] | str:
    """Accept latitude and longitude; without a word only what is no row of a table of numbers."""
    text, start, end = match.string, match.start(), match.end()
    lat, lon = float(match.group("lat")), float(match.group("lon"))
    if abs(lat) > 90 or abs(lon) > 180:
        return "no place on earth"
    if _WORDS.search(plain(text[max(0, start - 48) : start])):
        return start, end
    fine = min(len(match.group(g).rpartition(".")[2]) for g in ("lat", "lon")) >= 4
    small = abs(lat) <= 1.5 and abs(lon) <= 1.5
    row = _LIST.search(text[max(0, start - 3) : start]) or _MORE.match(text[end : end + 3])
    if not fine or small or row:
        return "numbers like others, and no word for places beside them"
    return start, end


def _one(match: re.Match[str]) -> tuple[int, int] | str:
    return match.span("value") if abs(float(match.group("value"))) <= 180 else "no degrees"


_PLATES: Final = (
    r"[A-Z]{1,3}[- ][A-Z]{1,2}[ -]?\d{1,4}[EH]?|[A-Z]{2}\d{2} ?[A-Z]{3}"
    r"|[A-Z]{2} ?\d{1,2} ?[A-Z]{1,3} ?\d{1,4}"
    r"|[A-Z]{2}[- ]\d{2,3}[- ][A-Z]{2,3}|\d{2,3}[- ][A-Z]{2,3}[- ]\d{1,3}|[A-Z]\d{1,3} [A-Z]{3}"
    r"|\d{1,3}[- ]?[A-Z]{2,3}[- ]?\d{2,4}|[A-Z]{2,3}[- ]?\d{3,4}|\d{3,4}[- ]?[A-Z]{2,3}"
    r"|(?=[A-Z0-9]{0,7}\d)(?=[A-Z0-9]{0,7}[A-Z])[A-Z0-9]{5,8}"
)


PLACES: Final = (
    Recogniser(
        "coordinates",
        "GPS_COORDINATES",
        "patterns",
        r"\d\.\d{3,15},\s?[-+]?\d|\d\.\d{3,15}\s[-+]?\d{1,3}\.\d",
        re.compile(
            rf"(?<![\w.,+-])(?P<lat>{_NUMBER})(?:, ?|,\s| )(?P<lon>{_NUMBER})(?!\w|\.\d|,\d)"
            rf"(?: {_NUMBER}(?:, ?| ){_NUMBER}(?!\w|\.\d|,\d))*+"
        ),
        _pair,
        proof="a place on earth",
    ),
    Recogniser(
        "coordinates_in_degrees",
        "GPS_COORDINATES",
        "patterns",
        r"\d ?°",
        re.compile(
            rf"(?<![\w.])(?:{_DEGREES}[NS](?:,? |,){_DEGREES}[EWO]"
            rf"|[NS] ?{_DEGREES}(?:,? |,)[EWO] ?{_DEGREES})(?!\w)"
        ),
        proof="degrees north and east",
    ),
    Recogniser(
        "coordinate_by_key",
        "GPS_COORDINATES",
        "patterns",
        r"(?i)(?:lat|lon|lng)(?:itude|gitude|g)?[\"']?\s?[:=]\s?[\"']?[-+]?\d{1,3}\.\d{3}",
        re.compile(
            r"(?i)(?<![a-z])(?:lat|latitude|lon|lng|long|longitude)[\"']? ?[:=] ?[\"']?"
            r"(?P<value>[-+]?\d{1,3}\.\d{3,15})(?![\w.])"
        ),
        _one,
        proof="its key",
    ),
    Recogniser(
        "license_plate",
        "LICENSE_PLATE",
        "patterns",
        r"\d",
        re.compile(rf"(?<![\w.-])(?:{_PLATES})(?![\w-])"),
        words=(
            "licen[cs]e plate",
            "licen[cs]e plate number",
            "number plate",
            "plate",
            "plate number",
            "plate no",
            "plates",
            "vehicle registration",
            "vehicle reg",
            "car registration",
            "reg plate",
            "vrn",
            "kennzeichen",
            "nummernschild",
            "immatriculation",
            "plaque",
            "matricula",
            "targa",
            "kenteken",
            "registreringsnummer",
            "rejestracyjny",
        ),
    ),
)
