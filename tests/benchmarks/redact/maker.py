"""Random values from templates, seeded: what a generator of a kind of value is written with."""

import random
import string
from collections.abc import Callable
from datetime import date, timedelta

DIGITS, UPPER, LOWER, HEX = (
    string.digits,
    string.ascii_uppercase,
    string.ascii_lowercase,
    "0123456789abcdef",
)
SETS = {"#": DIGITS, "?": UPPER, "^": LOWER, "~": HEX, "*": DIGITS + UPPER + LOWER}


class Maker(random.Random):
    """A random generator that fills templates: # digit, ? capital, ^ small letter, ~ hex, * any."""

    def fill(self, template: str) -> str:
        return "".join(self.choice(SETS[c]) if c in SETS else c for c in template)

    def chars(self, count: int, alphabet: str = SETS["*"]) -> str:
        return "".join(self.choices(alphabet, k=count))

    def day(self, form: str, first: int = 1940, last: int = 2005) -> str:
        """Return a day between two years, as `strftime` writes it in `form`."""
        start = date(first, 1, 1)
        return (start + timedelta(days=self.randrange((date(last, 12, 31) - start).days))).strftime(
            form
        )

    def until(self, valid: Callable[[str], bool], *templates: str) -> str:
        """Return the first filling of one of `templates` that is `valid`; `%` in it is a day's."""
        template = self.choice(templates)
        for _ in range(200_000):
            value = self.fill(self.day(template) if "%" in template else template)
            if valid(value):
                return value
        raise ValueError(f"nothing like {template} is valid")


Kind = Callable[[Maker], str]


def like(*templates: str) -> Kind:
    """Return a generator of fillings of `templates`."""

    def make(m: Maker) -> str:
        template = m.choice(templates)
        return m.fill(m.day(template) if "%" in template else template)

    return make


def valid(check: Callable[[str], bool], *templates: str) -> Kind:
    """Return a generator of fillings of `templates` that `check` finds valid, as is or bare."""

    def passes(value: str) -> bool:
        return check(value) or check("".join(c for c in value if c.isalnum()))

    return lambda m: m.until(passes, *templates)
