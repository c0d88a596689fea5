"""Secrets that only their key gives away: `password=…`, `"token": "…"`, `Bearer …`.

The key must be one that names a secret, the value must look like one: code that reads a secret
from elsewhere (`os.environ[…]`, `${TOKEN}`), type names and fill-ins are no secrets.
"""

import re
from typing import Final

from stream_jobs.redact.recogniser import Recogniser

_KEY: Final = (
    r"(?:pass(?:word|wd|phrase|code)|passwort|kennwort|contrase[ñn]a|senha|mot de passe|wachtwoord"
    r"|hasło|пароль|pwd|secret(?:[_-]?(?:access[_-]?)?key)?"
    r"|(?:api|access|auth|account|encryption|signing|private|service)[_-]?key"
    r"|(?:access|auth|refresh|bearer|session|id|api|bot|csrf)[_-]?token|token"
    r"|client[_-]?secret|credentials?)"
)
_KEY_GATE: Final = (
    r"(?i)(?:passw|kennwort|contrasena|senha|mot de passe|wachtwoord|hasło|haslo|пароль"
    r"|passphrase|passcode|pwd|secret|token|credential|(?:api|access|auth|account"
    r"|encryption|signing|private|service)[_-]?key)"
)
_BARE: Final = r"(?:[^\s\"'`,;<>&\ufffc(){}\[\]]|[&;](?![\s\"'`]|\w{1,32}=|$))"
_QUOTED: Final = r"[^\n\"'`<>\ufffc]"

NO_VALUE: Final = "a word, a fill-in or code, no secret"

FILL_INS: Final = frozenset(
    """
    password passwd secret token none null true false undefined changeme change_me example
    your_password yourpassword your-password your_api_key your-api-key yourapikey api_key string
    str required optional hidden redacted placeholder text username user default empty bearer
    basic mypassword my_password my-secret test pass pwd my_secret my_token mytoken
    """.split()  # noqa: SIM905 - a list of words reads best as words
)


_CODE: Final = re.compile(
    r"(?:[A-Za-z_]+\.)+[A-Za-z_]+|(?:[A-Z][a-z]+){2,}|[a-z]+(?:_[a-z]+)+|[a-z]+(?:-[a-z]+)+"
)
"""Identifiers of programs: dotted, in camel case, in words with underscores or dashes."""

_NAMES: Final = ("token", "password", "secret", "_key", "-key", "credentials", "_id", "_name")
_FORMAT: Final = re.compile(r"%[(sdrif]|#[0-9a-fA-F]{3,8}$")


def _plausible(value: str) -> bool:
    """Whether `value` can be a secret: no fill-in, no masking, no look-up in code."""
    low = value.lower()
    return not (
        low in FILL_INS
        or len(set(value)) < 3
        or value[0] in "$*{<@&|=[(^\\"
        or _FORMAT.match(value) is not None
        or _CODE.fullmatch(value) is not None
        or low.endswith(_NAMES)
        or low.startswith(
            ("your_", "your-", "os.", "process.", "env.", "self.", "this.", "config.")
        )
    )


def _quoted(match: re.Match[str]) -> tuple[int, int] | str:
    value = match.group("value").rstrip("\\")  # of an escaped closing quote
    if not value or not _plausible(value) or (" " in value and not any(c.isdigit() for c in value)):
        return NO_VALUE
    return match.start("value"), match.start("value") + len(value)


def _bare(match: re.Match[str]) -> tuple[int, int] | str:
    """Accept a value that no word and no expression looks like."""
    start, end = match.span("value")
    value = match.group("value").rstrip(".:!?")
    end = start + len(value)
    if len(value) < 4 or not _plausible(value) or match.string[end : end + 1] in ("(", "["):
        return NO_VALUE
    if any(c.isdigit() for c in value) or any(not c.isalnum() and c not in "._-" for c in value):
        return start, end
    wordlike = len(value) < 12 or value.islower() or value.isupper()
    return NO_VALUE if wordlike else (start, end)


def _spoken(match: re.Match[str]) -> tuple[int, int] | str:
    found = _bare(match)
    return found if any(c.isdigit() for c in match.group("value")) else NO_VALUE


def _authorization(match: re.Match[str]) -> tuple[int, int] | str:
    value = match.group("value").rstrip(".")
    mixed = any(c.isdigit() for c in value) or (len(value) >= 16 and not value[1:].islower())
    if len(value) < 12 or not _plausible(value) or not mixed:
        return NO_VALUE
    return match.start("value"), match.start("value") + len(value)


ASSIGNMENTS: Final = (
    Recogniser(
        "quoted_assignment",
        "SECRET",
        "secrets",
        _KEY_GATE,
        re.compile(
            rf"(?i){_KEY}(?:\\?[\"'`])?[ \t]{{0,4}}(?::=|=>|=|:)[ \t]{{0,4}}"
            rf"[bfru]{{0,2}}\\?[\"'`](?P<value>{_QUOTED}{{4,512}}+)(?=\\?[\"'`])"
        ),
        _quoted,
    ),
    Recogniser(
        "bare_assignment",
        "SECRET",
        "secrets",
        _KEY_GATE,
        re.compile(
            rf"(?i){_KEY}[\"'`]?[ \t]{{0,4}}(?::|=|:=)[ \t]{{0,4}}(?P<value>{_BARE}{{4,512}}+)"
        ),
        _bare,
    ),
    Recogniser(
        "spoken_password",
        "SECRET",
        "secrets",
        _KEY_GATE,
        re.compile(
            r"(?i)(?:password|passcode|passphrase|pwd|api key|secret|token)"
            rf"[ \t]{{1,3}}(?:is|was|to)[ \t:]{{1,4}}[\"'`]?(?P<value>{_BARE}{{4,128}}+)"
        ),
        _spoken,
    ),
    Recogniser(
        "authorization_header",
        "SECRET",
        "secrets",
        r"(?i)bearer\s|basic\s|authorization",
        re.compile(r"(?i)\b(?:bearer|basic)[ \t]{1,4}(?P<value>[A-Za-z0-9._~+/=-]{12,4096}+)"),
        _authorization,
    ),
)
