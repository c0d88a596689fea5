"""Personal data that nobody owns: valid in form, made from the seed; each with its type.

Type names are those that redaction uses (as Presidio names them). The checks that a redactor makes
(check digits, area codes, top-level domains) hold, so that a missed value is a miss.
"""

import string
from collections.abc import Callable
from random import Random
from typing import Final

_FIRST: Final = ("maria", "jonas", "amina", "li", "peter", "sofia", "omar", "grace", "ivan", "nora")
_LAST: Final = (
    "keller",
    "okafor",
    "santos",
    "meyer",
    "tanaka",
    "novak",
    "rossi",
    "dubois",
    "silva",
)
_HOSTS: Final = ("gmail.com", "outlook.com", "posteo.de", "proton.me", "yahoo.co.uk", "orange.fr")
_US_AREAS: Final = ("212", "415", "312", "206", "617", "305", "404", "702")
_BASE32: Final = string.ascii_uppercase + "234567"
_ALNUM: Final = string.ascii_letters + string.digits

Planted = tuple[str, str]
"""(type, value)"""


def email(rng: Random) -> str:
    """Return an e-mail address."""
    number = rng.randrange(1, 9_999)
    return f"{rng.choice(_FIRST)}.{rng.choice(_LAST)}{number}@{rng.choice(_HOSTS)}"


def phone(rng: Random) -> str:
    """Return a phone number of the United States or Germany, as people write them."""
    if rng.random() < 0.5:
        exchange = f"{rng.randrange(2, 5)}{rng.randrange(20, 100):02}"
        return f"+1 {rng.choice(_US_AREAS)}-{exchange}-{rng.randrange(10_000):04}"
    return f"+49 30 {rng.randrange(2_000_000, 9_000_000)}"


def card(rng: Random) -> str:
    """Return a payment card number with its check digit (Luhn)."""
    digits = [4, *(rng.randrange(10) for _ in range(14))]
    doubled = [d * 2 if i % 2 == 0 else d for i, d in enumerate(digits)]
    total = sum(d - 9 if d > 9 else d for d in doubled)
    number = "".join(map(str, digits)) + str(-total % 10)
    return " ".join(number[i : i + 4] for i in range(0, 16, 4))


def iban(rng: Random) -> str:
    """Return a German IBAN of an existing bank code, with its check digits (ISO 7064)."""
    account = f"{rng.choice(('37040044', '10070000', '50010517'))}{rng.randrange(10**10):010}"
    check = 98 - int(f"{account}131400") % 97
    return f"DE{check:02}{account}"


def social_security(rng: Random) -> str:
    """Return a social security number of the United States in a range that is given out."""
    area = rng.choice([n for n in range(1, 772) if n != 666])
    return f"{area:03}-{rng.randrange(1, 100):02}-{rng.randrange(1, 10_000):04}"


def address(rng: Random) -> str:
    """Return a public IPv4 address."""
    first = rng.choice((23, 52, 81, 93, 142, 185))
    return f"{first}.{rng.randrange(1, 255)}.{rng.randrange(1, 255)}.{rng.randrange(1, 255)}"


def secret(rng: Random) -> str:
    """Return a key in the form of a cloud's or a code host's."""
    if rng.random() < 0.5:
        return "AKIA" + "".join(rng.choices(_BASE32, k=16))
    return "ghp" + "_" + "".join(rng.choices(_ALNUM, k=36))


_KINDS: Final[tuple[tuple[str, Callable[[Random], str], tuple[str, ...], int], ...]] = (
    # type, maker, phrases, weight
    ("EMAIL_ADDRESS", email, ("You can reach me at {}.", "My e-mail is {}."), 8),
    ("PHONE_NUMBER", phone, ("Call me on {}.", "My number is {}, any time."), 6),
    ("CREDIT_CARD", card, ("The card is {}.", "I paid with {}."), 2),
    ("IBAN_CODE", iban, ("Please refund to IBAN {}.",), 2),
    ("US_SSN", social_security, ("My social security number is {}.", "SSN {}."), 1),
    ("IP_ADDRESS", address, ("It happens from {} only.", "The server is {}."), 2),
    ("SECRET", secret, ("I use the key {} for it.", "token: {}"), 1),
)
_WEIGHTS: Final = tuple(kind[3] for kind in _KINDS)


def plant(rng: Random) -> tuple[str, Planted]:
    """Return a sentence with a piece of personal data in it, and what was planted."""
    kind, make, phrases, _ = rng.choices(_KINDS, _WEIGHTS)[0]
    value = make(rng)
    return rng.choice(phrases).format(value), (kind, value)
