"""E-mail addresses, plain and spelled out (`jane [at] example [dot] com`)."""

import re
from functools import cache
from typing import Final

import tldextract

from stream_jobs.redact.recogniser import Recogniser

MAX_LOCAL: Final = 64
MAIL_DOMAIN: Final = "a domain that mail could go to"
NO_MAIL_DOMAIN: Final = "no domain that mail could go to"
_LOCAL: Final = frozenset("._%+-~'!#$&*")
_SPECIAL_USE: Final = frozenset(
    """
    local localhost localdomain internal intranet lan corp home test invalid example onion
    """.split()  # noqa: SIM905 - a list of words reads best as words
)
_NO_DOMAIN: Final = frozenset(
    """
    png jpg jpeg gif svg webp bmp ico css js jsx ts tsx mjs html htm json yaml yml xml txt pdf csv
    log doc docx xls xlsx ppt pptx tar gz exe dll so jar war class java cpp hpp lock toml ini cfg
    conf min map whl egg tgz latest next
    """.split()  # noqa: SIM905 - a list of words reads best as words
)


@cache
def top_level_domains() -> frozenset[str]:
    """Return the top-level domains of the public suffix list that tldextract ships; no network."""
    extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
    last = {suffix.rpartition(".")[2] for suffix in extract.tlds}
    return frozenset(last | {name.encode("idna").decode() for name in last if not name.isascii()})


def _plausible(domain: str, following: str) -> bool:
    """Whether mail could go to `domain`. A typo in it (`.comm`) makes it no less personal."""
    last = domain.rpartition(".")[2].lower()
    if last in top_level_domains() or last in _SPECIAL_USE:
        return True
    return last.isalpha() and len(last) <= 6 and last not in _NO_DOMAIN and following not in "(=["


def _local_start(text: str, at: int) -> int:
    """Return where the local part that ends at `at` starts; `at` if there is none."""
    start = at
    floor = at - MAX_LOCAL if at > MAX_LOCAL else 0
    while start > floor and (text[start - 1].isalnum() or text[start - 1] in _LOCAL):
        start -= 1
    while start < at and not (text[start].isalnum() or text[start] in "_+"):
        start += 1
    return start


def _address(match: re.Match[str]) -> tuple[int, int] | str:
    text, at = match.string, match.start()
    start, end = _local_start(text, at), match.end()
    if start == at or not _plausible(match.group("domain"), text[end : end + 1] or " "):
        return NO_MAIL_DOMAIN
    return start, end


def _spelled(match: re.Match[str]) -> tuple[int, int] | str:
    return match.span() if match.group("tld").lower() in top_level_domains() else NO_MAIL_DOMAIN


_AT: Final = r"(?:\s?[\[({]\s?(?:at|@)\s?[\])}]\s?|\s(?:at|AT)\s)"
_DOT: Final = r"(?:\s?[\[({]\s?(?:dot|\.)\s?[\])}]\s?|\s(?:dot|DOT)\s)"

PLAIN_EMAIL: Final = Recogniser(
    "email",
    "EMAIL_ADDRESS",
    "patterns",
    r"@[^\s@]{1,63}\.",
    re.compile(
        r"@(?P<domain>(?:[^\W_](?:[\w-]{0,62})\.){1,8}(?:[^\W\d_]{2,63}|xn--[A-Za-z0-9-]{2,59})(?![\w]))"
    ),
    _address,
    proof=MAIL_DOMAIN,
)

ENCODED_EMAIL: Final = Recogniser(
    "email_in_url",
    "EMAIL_ADDRESS",
    "patterns",
    "%40",
    re.compile(
        r"(?<![\w.+-])[A-Za-z0-9][\w.+-]{0,63}%40(?:[A-Za-z0-9][\w-]{0,62}\.){1,8}"
        r"(?P<tld>[A-Za-z]{2,24})(?!\w)"
    ),
    _spelled,
    proof=MAIL_DOMAIN,
)

EMAILS: Final = (
    PLAIN_EMAIL,
    ENCODED_EMAIL,
    Recogniser(
        "email_spelled",
        "EMAIL_ADDRESS",
        "patterns",
        r"(?i)[\s\])}]dot[\s\[({]|[\[({]\s?dot|[\[({]\s?at",
        re.compile(
            rf"(?<![\w.+-])[A-Za-z0-9][\w.+-]{{0,63}}{_AT}(?:[A-Za-z0-9][\w-]{{0,62}}{_DOT}){{1,4}}"
            r"(?P<tld>[A-Za-z]{2,24})(?!\w)"
        ),
        _spelled,
        proof=MAIL_DOMAIN,
    ),
    Recogniser(
        "email_bracketed",
        "EMAIL_ADDRESS",
        "patterns",
        r"(?i)[\[({]\s?(?:at|@)\s?[\])}]",
        re.compile(
            r"(?i)(?<![\w.+-])[a-z0-9][\w.+-]{0,63}\s?[\[({]\s?(?:at|@)\s?[\])}]\s?"
            r"(?:[a-z0-9][\w-]{0,62}\.){1,4}(?P<tld>[a-z]{2,24})(?!\w)"
        ),
        _spelled,
        proof=MAIL_DOMAIN,
    ),
)
