"""Phone numbers: North American shapes, international ones, national ones of the larger regions.

What has the shape of a phone number is one, whether or not it is in service: 555 numbers and
invalid area codes are what people write when they hide a real one badly. A bare run of digits is
one only beside a word such as `phone`; a date never is.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import phonenumbers

from stream_jobs.redact.recogniser import NO_WORD, Recogniser, before, digits

REGIONS: Final = (
    "GB",
    "DE",
    "FR",
    "IT",
    "ES",
    "NL",
    "BE",
    "AU",
    "IN",
    "JP",
    "BR",
    "IL",
    "ZA",
    "SE",
    "PL",
    "TR",
)
"""Where a number with a leading 0 is tried as a national one."""

SHAPE_DOUBT: Final = 300
"""A word that names another kind of number speaks louder than a telephone's shape."""

MIN_DIGITS: Final = 7
MAX_DIGITS: Final = 15  # E.164

_DATE: Final = re.compile(
    r"(?<!\d)(?:\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./]\d{4}|\d{1,2}[-./]\d{1,2}[-./]\d\d)(?!\d)"
)
_ROW_BEFORE: Final = re.compile(r"\d[,;]? $")
_ROW_AFTER: Final = re.compile(r"[,;]? ?\d")
_WORDS: Final = (
    *("phone", "phones", "phone ?number", "telephone", "tel", "tel\\.?", "mobile"),
    *("mobile ?number", "cell", "cell ?phone", "cellular", "fax", "whats ?app", "signal"),
    *("sms", "hotline", "pager", "voicemail", "landline", "contact number", "callback"),
    *("handy", "telefon", "telefonnummer", "handynummer", "rufnummer", "mobilnummer"),
    *("mobil", "fon", "telefono", "telephone", "portable", "celular", "movil", "cellulare"),
    *("telefoon", "puhelin", "telefone", "telemovel", "gsm", "msisdn", "номер телефона"),
    *("телефон", "电话", "手机", "電話", "携帯", "전화", "هاتف", "טלפון", "फोन"),
)
_VERB: Final = re.compile(
    r"(?:call|text|ring|dial|message|reach|contact)(?: (?:me|us|him|her|them|back|toll[ -]free))?"
    r"(?: (?:at|on|under|via))?[ :]{1,3}$|my number(?: is|:)? $"
)
_OTHER: Final = re.compile(
    r"(?:order|invoice|ticket|case|tracking|ref|reference|model|version|serial|isbn|code|error|port|line"
    r"|page|amount|total|price|build|id|imei|sku|account|batch|job|row)"
    r"(?: ?(?:number|no|nr|#))?s?[\"']?[ .:=#]{0,3}(?:is )?$|[$€£%]$"
)
_ARITHMETIC: Final = re.compile(r"[\w)\]] ?$")
_DECIMAL: Final = re.compile(r"\+ ?\d{1,4}\.\d{5}")
_QUANTITY: Final = re.compile(
    r"^[ ]?(?:times|items|rows|users|people|records|functions|bytes|tokens|ms|years?)\b"
)


def _shape(match: re.Match[str]) -> tuple[int, int] | str:
    """Accept 3-3-4 digits; with spaces alone only where it is no row of numbers."""
    text, (start, end) = match.string, match.span()
    if set(match.group("body")) <= set("0123456789 ") and (
        _ROW_BEFORE.search(text[max(0, start - 3) : start]) or _ROW_AFTER.match(text[end : end + 3])
    ):
        return "part of a row of numbers"
    return start, end


@lru_cache(maxsize=4096)
def _possible(number: str, region: str | None) -> tuple[bool, bool]:
    """Return whether `number` is possible in `region`, and whether it is valid."""
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return False, False
    return phonenumbers.is_possible_number(parsed), phonenumbers.is_valid_number(parsed)


def _prefixes(match: re.Match[str]) -> Iterator[str]:
    """Yield the runs of whole groups that the candidate starts with, longest first."""
    raw, following = match.group(), match.string[match.end() : match.end() + 1]
    for end in range(len(raw), MIN_DIGITS - 1, -1):
        after = raw[end] if end < len(raw) else following
        if raw[end - 1].isdigit() and not (after.isalnum() or after == "_"):
            yield raw[:end]


def _uniform(raw: str) -> bool:
    """Whether one kind of separator divides the groups (brackets aside)."""
    return len({c for c in raw if c in " ./-"}) <= (2 if ")" in raw else 1)


def _grouped(raw: str) -> bool:
    """Whether `raw` is written in groups as a telephone number is, and not as a postal code."""
    sizes = [len(group) for group in re.findall(r"\d+", raw)]
    if len(sizes) == 2 and "." in raw:  # a decimal
        return False
    if len(sizes) < 2 or min(sizes) < 2 or not _uniform(raw):
        return False
    return len(sizes) > 2 or (sizes[0] <= 5 and (sum(sizes) >= 10 or "-" not in raw))


def _span(match: re.Match[str], part: str) -> tuple[int, int]:
    opened = part[0] == "(" and ")" not in part  # a bracket around the whole number
    return match.start() + opened, match.start() + len(part)


def _international(match: re.Match[str]) -> tuple[int, int] | str:
    """Accept the longest run of whole groups after + or 00 that can be dialled."""
    lead = match.string[max(0, match.start() - 3) : match.start()]
    if match.group().startswith("+ ") and _ARITHMETIC.search(lead):
        return "part of a sum"
    for part in _prefixes(match):
        number = digits(part).removeprefix("00")
        if len(number) > MAX_DIGITS:
            continue
        possible, valid = _possible("+" + number, None)
        grouped = not part.lstrip("+").isdigit()
        if valid and (part[0] == "+" or (grouped and _uniform(part))):
            return _span(match, part)
        shaped = possible and part[0] == "+" and not _DECIMAL.match(part)
        if shaped and (grouped or len(number) >= 10):
            return _span(match, part)
    return "no number that can be dialled"


def _national(match: re.Match[str]) -> tuple[int, int] | str:
    """Accept the longest grouped run from a leading 0 that is valid in one of the regions."""
    for part in _prefixes(match):
        number = digits(part)
        if not _grouped(part) or len(number) > MAX_DIGITS or _DATE.search(part):
            continue
        if any(_possible(number, region)[1] for region in REGIONS):
            return _span(match, part)
    return "no valid number of any region tried"


def _beside_word(match: re.Match[str]) -> tuple[int, int] | str:
    """Accept 7 to 15 digits; what stands right before them must not name another number."""
    if _OTHER.search(before(match, 20)):
        return "another kind of number"
    for part in _prefixes(match):
        following = match.string[match.start() + len(part) : match.start() + len(part) + 12].lower()
        fits = MIN_DIGITS <= len(digits(part)) <= MAX_DIGITS and _uniform(part)
        if fits and not _DATE.search(part) and not _QUANTITY.match(following):
            return _span(match, part)
    return "a date, an amount, or of the wrong length"


_SEP: Final = r"(?: ?[-./] ?| {1,2})"

_DIGITS: Final = re.compile(r"(?<![\w.+-])\(?\d(?:\)?[ ./-]{0,2}\(?\d){6,14}+")

PHONES: Final = (
    Recogniser(
        "phone_north_american",
        "PHONE_NUMBER",
        "patterns",
        r"\d{3}\)?(?: ?[-./] ?| {0,2})\d{3}(?: ?[-./] ?| {1,2})\d{4}",
        re.compile(
            r"(?<![\w])(?<!\d[.-])(?:\+?1[-. ]{0,2})?"
            rf"(?P<body>\(\d{{3}}\)(?:{_SEP})?\d{{3}}{_SEP}\d{{4}}|\d{{3}}{_SEP}\d{{3}}{_SEP}\d{{4}})"
            r"(?:,?\s?(?:x|ext\.?|extension)\s?\d{1,6})?(?!\w|[-/]\d|\.\d)"
        ),
        _shape,
        doubt=SHAPE_DOUBT,
    ),
    Recogniser(
        "phone_vanity",
        "PHONE_NUMBER",
        "patterns",
        r"8(?:00|88|77|66|55|44|33)\)?[-. ]",
        re.compile(
            r"(?<!\w)(?:\+?1[-. ]?)?\(?8(?:00|88|77|66|55|44|33)\)?[-. ]"
            r"(?=[A-Z0-9-]{0,12}[A-Z])[A-Z0-9]{2,11}(?:-[A-Z0-9]{2,8}){0,2}(?!\w)"
        ),
        lambda m: m.span() if sum(c.isalnum() for c in m.group()) >= 10 else "too short",
    ),
    Recogniser(
        "phone_local_555",
        "PHONE_NUMBER",
        "patterns",
        r"555[-. ]\d{4}",
        re.compile(r"(?<![\w-])(?<!\d[. ])555[-. ]\d{4}(?![\w-]|\.\d)"),
    ),
    Recogniser(
        "phone_international",
        "PHONE_NUMBER",
        "patterns",
        r"\+ ?\(?\d|\b00[1-9]\d",
        re.compile(r"(?<![\w+])(?:\+ ?|00)\(?\d(?:\)?[ ./-]{0,2}\(?\d){6,17}+"),
        _international,
        doubt=SHAPE_DOUBT,
    ),
    Recogniser(
        "phone_national",
        "PHONE_NUMBER",
        "patterns",
        r"0\d+[)]?[ ./-]",
        re.compile(r"(?<![\w.+:/-])(?<!\d )\(?0\d(?:\)?[ ./-]?\d){6,14}+"),
        _national,
        doubt=SHAPE_DOUBT,
    ),
    Recogniser(
        "phone_by_word",
        "PHONE_NUMBER",
        "patterns",
        r"\d",
        _DIGITS,
        _beside_word,
        words=_WORDS,
        proof="its length",
    ),
    Recogniser(
        "phone_by_verb",
        "PHONE_NUMBER",
        "patterns",
        r"(?i)(?:call|text|ring|dial|message|reach|contact)[^\n]*\d{3}|my number",
        _DIGITS,
        lambda match: _beside_word(match) if _VERB.search(before(match, 32)) else NO_WORD,
        doubt=SHAPE_DOUBT,
        proof='its length, and a word like "call" before it',
    ),
)
