"""Money: payment cards, IBAN, BIC and account numbers beside their word, crypto wallets."""

import re
from hashlib import sha256
from typing import Final

from stdnum import iban, luhn

from stream_jobs.redact.id_checks import aba
from stream_jobs.redact.recogniser import NO_WORD, Recogniser, before, digits

_BRANDS: Final = re.compile(
    r"4\d{12}|4\d{15}|4\d{18}|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"
    r"|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}|35(?:2[89]|[3-8]\d)\d{12}|6(?:011|5\d\d|4[4-9]\d)\d{12}"
    r"|62\d{14,17}|(?:5018|5020|5038|5893|6304|6759|676[1-3])\d{8,15}|1\d{14}"
)
_GROUPS: Final = (
    r"\d{4}(?P<s>[ .-])\d{4}(?P=s)\d{4}(?P=s)\d{1,4}(?:(?P=s)\d{1,3})?"
    r"|\d{4}(?P<t>[ .-])\d{6}(?P=t)\d{4,5}|\d{13,19}"
)


NO_BRAND: Final = "no known brand or a wrong check digit"


_CARD_WORD: Final = re.compile(r"\b(?:card|visa|credit|debit|pan|cc)\b")


def _card(match: re.Match[str]) -> tuple[int, int] | str:
    """Accept a number grouped like a card's, of a known brand, with a right check digit.

    A short fifth group may be no part of it but the date or code that follows.
    """
    start, end = match.span("value")
    value = match.group("value")
    if value.isdigit() and _in_a_row(match):
        return "a number among numbers"
    if len(value) == 13 and not _CARD_WORD.search(before(match, 32)):
        return "thirteen digits, which are as often those of a product"
    if _is_card(value):
        return start, end
    shorter = value[:19]
    return (start, start + 19) if end - start > 20 and _is_card(shorter) else NO_BRAND


def _in_a_row(match: re.Match[str]) -> bool:
    text, (start, end) = match.string, match.span("value")
    sides = (text[max(0, start - 2) : start], text[end : end + 2][::-1])
    return any(side[-1:] == "," and side[:1].isdigit() for side in sides)


def _is_card(raw: str) -> bool:
    number = digits(raw)
    return _BRANDS.fullmatch(number) is not None and len(set(number)) > 1 and luhn.is_valid(number)


_IBAN_LENGTHS: Final = {
    country: int(length)
    for length, countries in {
        "15": "NO",
        "16": "BE",
        "18": "DK FI FO GL NL SD FK",
        "19": "MK SI",
        "20": "AT BA EE KZ LT LU XK MN",
        "21": "CH HR LI LV",
        "22": "BG BH CR DE GB GE IE ME RS VA",
        "23": "AE GI IL IQ TL OM SO",
        "24": "AD CZ ES MD PK RO SA SE SK TN VG",
        "25": "LY PT ST",
        "26": "IS TR",
        "27": "BI DJ FR GR IT MC MR SM",
        "28": "AL AZ BY CY DO GT HN HU LB NI PL SV",
        "29": "BR EG PS QA UA",
        "30": "JO KW MU YE",
        "31": "MT SC",
        "32": "LC",
        "33": "RU",
    }.items()
    for country in countries.split()
}
"""Characters of an IBAN by country (SWIFT's IBAN registry)."""


NO_IBAN: Final = "not as long as the country's, or wrong check digits"


def _iban(match: re.Match[str]) -> tuple[int, int] | str:
    """Accept as many whole groups as the country's IBANs have, with right check digits."""
    raw = match.group()
    length = _IBAN_LENGTHS.get(raw[:2].upper(), 0)
    places = [i for i, c in enumerate(raw) if c not in " -"][:length]
    if not length or len(places) < length:
        return NO_IBAN
    end = places[-1] + 1
    if (raw[end : end + 1] or match.string[match.end() : match.end() + 1]).isalnum():
        return NO_IBAN
    compact = "".join(raw[i] for i in places).upper()
    return (
        (match.start(), match.start() + end)
        if iban.is_valid(compact, check_country=False)
        else NO_IBAN
    )


_ACCOUNT_WORDS: Final = (
    "(?:bank )?account (?:number|no|num|nr|#)",
    "(?:checking|savings|bank|current|deposit) account",
    "acct",
    "acct\\.? (?:number|no|num|nr|#)",
    "routing (?:number|no)",
    "sort code",
    "bsb",
    "konto ?nummer",
    "konto ?nr",
    "numero de compte",
    "numero de cuenta",
)
_ACCOUNT_WORD: Final = re.compile(
    r"(?:account|acct|a/c|routing|aba|sort[ -]?code|konto)(?:[ _-]?(?:number|num|no|nr|id|nummer))?"
    r"[\"']?[ .:#=]{0,3}(?:is|was)?[ :\"']{0,3}$"
)


def _long_enough(match: re.Match[str]) -> tuple[int, int] | str:
    return match.span() if 6 <= len(digits(match.group())) <= 17 else "too short or too long"


def _account(match: re.Match[str]) -> tuple[int, int] | str:
    return match.span() if _ACCOUNT_WORD.search(before(match, 40)) else NO_WORD


_BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BECH32: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_BECH32_GENERATOR: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_BECH32_RESIDUES: Final = (1, 0x2BC830A3)  # bech32 and bech32m


def base58check(text: str) -> bool:
    """Whether `text` is 25 bytes in base 58 with a right checksum (a Bitcoin address)."""
    number = 0
    for character in text:
        place = _BASE58.find(character)
        if place < 0:
            return False
        number = number * 58 + place
    if number >= 1 << 200:
        return False
    raw = number.to_bytes(25, "big")
    return sha256(sha256(raw[:-4]).digest()).digest()[:4] == raw[-4:]


def bech32check(text: str) -> bool:
    """Whether `text` is a Bitcoin segwit address with a right checksum (BIP 173, BIP 350)."""
    values = [_BECH32.find(c) for c in text.lower()[3:]]
    if -1 in values:
        return False
    checksum = 1
    for value in (3, 3, 0, 2, 3, *values):  # "bc", expanded
        top = checksum >> 25
        checksum = (checksum & 0x1FFFFFF) << 5 ^ value
        for i, generator in enumerate(_BECH32_GENERATOR):
            checksum ^= generator if top >> i & 1 else 0
    return checksum in _BECH32_RESIDUES


def _wallet(match: re.Match[str]) -> tuple[int, int] | str:
    raw = match.group()
    if raw.startswith("0x"):
        return match.span() if len(set(raw)) > 4 else "a fill-in"
    known = bech32check(raw) if raw[:3].lower() == "bc1" else base58check(raw)
    return match.span() if known else "wrong checksum"


FINANCIAL: Final = (
    Recogniser(
        "card",
        "CREDIT_CARD",
        "patterns",
        r"(?:\d[ .-]?){13}",
        re.compile(rf"(?<!\w)(?<!\d[.-])(?=(?P<value>{_GROUPS})(?!\w|[.-]\d))"),
        _card,
        proof="a known brand and its check digit",
    ),
    Recogniser(
        "iban",
        "IBAN_CODE",
        "patterns",
        r"[A-Za-z]{2}\d{2}[ -]?[A-Za-z0-9]{2}",
        re.compile(
            r"(?<![A-Za-z0-9])"
            r"(?:[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,34}+|[a-z]{2}\d{2}[a-z0-9]{11,30}+)"
        ),
        _iban,
        proof="the country's length and its check digits",
    ),
    Recogniser(
        "bic",
        "BIC_CODE",
        "patterns",
        r"[A-Z]{6}",
        re.compile(r"(?<![A-Za-z0-9])[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?(?![A-Za-z0-9])"),
        words=("bic", "swift", "bic/? ?swift", "swift/? ?bic"),
    ),
    Recogniser(  # before those without a check digit: of two as near the first wins
        "aba_routing",
        "ABA_ROUTING_NUMBER",
        "patterns",
        r"\d",
        re.compile(r"(?<![\w.-])[0-3]\d{8}(?![\w-]|\.\d)"),
        lambda match: match.span() if aba(match.group()) else NO_BRAND,
        words=("routing number", "routing no", "transit number", "aba", "routing", "rtn"),
        proof="its check digit",
    ),
    Recogniser(
        "bank_account_by_word",
        "US_BANK_NUMBER",
        "patterns",
        r"\d",
        re.compile(r"(?<![\w.-])(?:\d{6,17}|\d{2,6}(?:[ -]\d{2,6}){1,4})(?![\w-]|\.\d)"),
        _long_enough,
        words=_ACCOUNT_WORDS,
        proof="its length",
    ),
    Recogniser(
        "bank_account",
        "US_BANK_NUMBER",
        "patterns",
        r"(?i)account|acct|a/c|routing|\baba\b|sort[ -]?code|konto",
        re.compile(r"(?<![\w.-])\d{6,17}(?![\w-]|\.\d)|(?<![\w-])\d\d-\d\d-\d\d(?![\w-])"),
        _account,
    ),
    Recogniser(
        "wallet",
        "CRYPTO",
        "patterns",
        r"bc1[a-z0-9]{11}|BC1[A-Z0-9]{11}|[1-9A-HJ-NP-Za-km-z]{25}|0x[0-9A-Fa-f]{11}",
        re.compile(
            r"(?<!\w)(?:bc1[a-z0-9]{11,71}|BC1[A-Z0-9]{11,71}|[13][1-9A-HJ-NP-Za-km-z]{25,34}"
            r"|0x[0-9A-Fa-f]{40})(?!\w)"
        ),
        _wallet,
        proof="its checksum",
    ),
)
