"""How a national or tax id is recognised: alone, or only beside a word that says what it is.

An id stands *alone* when its shape and check digit together are telling enough for running text;
otherwise it needs one of its words, or random numbers would be taken for ids.
"""

import re
from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any, Final

from stream_jobs.redact.id_checks import itin, nino, ssn
from stream_jobs.redact.recogniser import Check, Recogniser

Valid = Callable[[str], bool]

FORM: Final = "its form"
CHECK_DIGIT: Final = "its check digit"
WRONG: Final = "wrong check digit or form"

_EDGES: Final = (r"(?<![\w.-])", r"(?![\w-]|\.\d)")


def alone(
    kind: str, shape: str, pattern: str, valid: Valid, proof: str = CHECK_DIGIT
) -> Recogniser:
    """Return what finds `pattern` anywhere; `shape` is RE2 for something every match contains."""
    return Recogniser(
        kind.lower(), kind, "patterns", shape, _compiled(pattern), _check(valid), proof=proof,
    )  # fmt: skip


def beside(kind: str, words: str, pattern: str, valid: Valid | None = None) -> Recogniser:
    """Return what finds `pattern` beside one of `words` (divided by |).

    Without `valid` any value with a digit in it will do.
    """
    return Recogniser(
        f"{kind.lower()}_by_word", kind, "patterns", r"\d", _compiled(pattern),
        _check(valid or has_digit), proof=FORM if valid in FORMS else CHECK_DIGIT,
        words=tuple(words.split("|")),
        bias=0 if valid not in FORMS else FORM_BIAS,
    )  # fmt: skip


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"{_EDGES[0]}(?:{pattern}){_EDGES[1]}")


def _check(valid: Valid) -> Check:
    def check(match: re.Match[str]) -> tuple[int, int] | str:
        return match.span() if valid(match.group()) else WRONG

    return check


def has_digit(value: str) -> bool:
    """Whether there is a digit in `value`."""
    return any(c.isdigit() for c in value)


def several_digits(value: str) -> bool:
    """Whether there are at least four digits in `value`."""
    return sum(c.isdigit() for c in value) >= 4


FORM_BIAS: Final = 100
"""An id with a right check digit wins over one that only has the form, wherever their words are."""

FORMS: Final = (None, ssn, itin, nino, several_digits)
"""Checks without a check digit."""


@cache
def _module(name: str) -> Any:
    return import_module(f"stdnum.{name}")


def stdnum(name: str) -> Valid:
    """Return the check of a module of python-stdnum, whatever divides the digits.

    The module is loaded when the first value is checked: few workers see ids of all countries.
    """

    def valid(value: str) -> bool:
        check = _module(name).is_valid
        return bool(check(value) or check("".join(c for c in value if c.isalnum())))

    return valid
