"""Secrets that only their key gives away: `password=…`, `"token": "…"`, `Bearer …`.

The key must be one that names a secret, the value must look like one: code that reads a secret
from elsewhere (`os.environ[…]`, `${TOKEN}`), type names and fill-ins are no secrets.
"""

import re
from collections.abc import Iterator
from typing import Final

from stream_jobs.redact.recogniser import Recogniser

_KEYS: Final = (
    *("password", "passwd", "passphrase", "passcode", "passwort", "kennwort", "contraseña"),
    *("contrasena", "senha", "mot de passe", "wachtwoord", "hasło", "haslo", "пароль", "pwd"),
    *("secret", "secret_key", "secretkey", "token", "credential", "credentials"),
    *(
        f"{owner}{divider}key"
        for owner in [
            "api",
            "access",
            "auth",
            "account",
            "encryption",
            "signing",
            "private",
            "service",
        ]
        for divider in ("_", "")
    ),
)
"""How the names of secrets end, in small letters, - written as _."""

_KEY_GATE: Final = (
    r"(?i)(?:passw|kennwort|contrasena|senha|mot de passe|wachtwoord|hasło|haslo|пароль"
    r"|passphrase|passcode|pwd|secret|token|credential|(?:api|access|auth|account"
    r"|encryption|signing|private|service)[_-]?key)"
)
_KEY_CHARACTERS: Final = 24
_BARE: Final = r"(?:[^\s\"'`,;<>&\ufffc(){}\[\]]|[&;](?![\s\"'`]|\w{1,32}=|$))"
_QUOTED: Final = r"[^\n\"'`<>\ufffc]"

_DIGIT: Final = re.compile(r"\d")
_SIGN: Final = re.compile(r"[^\w.-]")

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
    low = value.lower().rstrip("=:")  # the next name and its sign: `password='password='`
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
    if not value or not _plausible(value) or (" " in value and not _DIGIT.search(value)):
        return NO_VALUE
    return match.start("value"), match.start("value") + len(value)


def _bare(match: re.Match[str]) -> tuple[int, int] | str:
    """Accept a value that no word and no expression looks like."""
    start, end = match.span("value")
    value = match.group("value").rstrip(".:!?")
    end = start + len(value)
    if len(value) < 4 or not _plausible(value) or match.string[end : end + 1] in ("(", "["):
        return NO_VALUE
    if _DIGIT.search(value) or _SIGN.search(value):
        return start, end
    wordlike = len(value) < 12 or value.islower() or value.isupper()
    return NO_VALUE if wordlike else (start, end)


def _assigned(match: re.Match[str]) -> tuple[int, int] | str:
    return _quoted(match) if "quote" in match.re.groupindex else _bare(match)


def _spoken(match: re.Match[str]) -> tuple[int, int] | str:
    found = _bare(match)
    return found if _DIGIT.search(match.group("value")) else NO_VALUE


def _authorization(match: re.Match[str]) -> tuple[int, int] | str:
    value = match.group("value").rstrip(".")
    mixed = _DIGIT.search(value) is not None or (len(value) >= 16 and not value[1:].islower())
    if len(value) < 12 or not _plausible(value) or not mixed:
        return NO_VALUE
    return match.start("value"), match.start("value") + len(value)


class KeyedValues:
    """Finds values behind the names of secrets, as a pattern would: one pass, nothing twice.

    It looks for what stands between a name and its value, then at the name, then at the value:
    an alternation of all names would be tried at every character.
    """

    def __init__(self, between: str, *values: str) -> None:
        self._between = re.compile(between)
        self._values = [re.compile(value) for value in values]

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        """Yield a match with the group `value` for each named value, from left to right."""
        at = 0
        while (found := self._between.search(text, at)) is not None:
            at = found.end()
            if _ends_in_key(text[max(0, found.start() - _KEY_CHARACTERS) : found.start()]):
                for value in self._values:
                    if (match := value.match(text, at)) is not None:
                        yield match
                        at = match.end()
                        break


def _ends_in_key(lead: str) -> bool:
    return lead.rstrip(" \t\"'`\\").lower().replace("-", "_").endswith(_KEYS)


ASSIGNMENTS: Final = (
    Recogniser(
        "assignment",
        "SECRET",
        "secrets",
        _KEY_GATE,
        KeyedValues(
            r":=|=>|=|:",
            rf"[ \t]{{0,4}}[bfruBFRU]{{0,2}}\\?"
            rf"(?P<quote>[\"'`])"
            rf"(?P<value>{_QUOTED}{{4,512}}+)(?=\\?[\"'`])",
            rf"[ \t]{{0,4}}(?P<value>{_BARE}{{4,512}}+)",
        ),
        _assigned,
        proof="the name before it, and its form",
    ),
    Recogniser(
        "spoken_password",
        "SECRET",
        "secrets",
        _KEY_GATE,
        KeyedValues(
            r"(?i)[ \t](?:is|was|to|ist|es|est)[ \t:]",
            rf"[ \t:]{{0,3}}[\"'`]?(?P<value>{_BARE}{{4,128}}+)",
        ),
        _spoken,
        proof="the words before it, and its form",
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
