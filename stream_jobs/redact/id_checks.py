"""Check digits and rules of ids that python-stdnum doesn't have."""

from typing import Final

from stream_jobs.redact.recogniser import digits

_NRIC_WEIGHTS: Final = (2, 7, 6, 5, 4, 3, 2)
_NRIC_LETTERS: Final = {
    "S": "JZIHGFEDCBA",
    "T": "JZIHGFEDCBA",
    "F": "XWUTRQPNMLK",
    "G": "XWUTRQPNMLK",
    "M": "XWUTRQPNJLK",
}
_HK_SPACE: Final = 36
_MEDICARE_WEIGHTS: Final = (1, 3, 7, 9, 1, 3, 7, 9)
_ABA_WEIGHTS: Final = (3, 7, 1, 3, 7, 1, 3, 7, 1)


def ssn(value: str) -> bool:
    """No area 000, 666 or 9xx, no group 00, no serial 0000; the numbers of adverts count too."""
    n = digits(value)
    return n[:3] not in ("000", "666") and n[0] != "9" and n[3:5] != "00" and n[5:] != "0000"


def itin(value: str) -> bool:
    """US individual taxpayers: 9xx, and a group that is given out."""
    n = digits(value)
    return n[0] == "9" and n[3:5] not in ("89", "93") and ("50" <= n[3:5] <= "99")


def nino(value: str) -> bool:
    """UK national insurance: a prefix that is given out."""
    prefix = value[:2].upper()
    return (
        prefix not in ("BG", "GB", "NK", "KN", "TN", "NT", "ZZ")
        and not set(prefix) & set("DFIQUV")
        and prefix[1] != "O"
    )


def nric(value: str) -> bool:
    """The check letter of Singapore's NRIC and FIN."""
    upper = value.upper()
    total = sum(w * int(d) for w, d in zip(_NRIC_WEIGHTS, upper[1:8], strict=True))
    total += {"T": 4, "G": 4, "M": 3}.get(upper[0], 0)
    place = total % 11
    return upper[8] == _NRIC_LETTERS[upper[0]][10 - place if upper[0] == "M" else place]


def hong_kong(value: str) -> bool:
    """The check digit of Hong Kong's identity card."""
    signs = "".join(c for c in value.upper() if c.isalnum())
    body = [_HK_SPACE] * (9 - len(signs)) + [int(c, 36) for c in signs[:-1]]
    total = sum(w * n for w, n in zip(range(9, 1, -1), body, strict=True))
    return "0123456789A".find(signs[-1]) == -total % 11


def snils(value: str) -> bool:
    """The check number of Russia's pension insurance."""
    n = [int(c) for c in digits(value)]
    total = sum(w * d for w, d in zip(range(9, 0, -1), n[:9], strict=True))
    return total % 101 % 100 == n[9] * 10 + n[10]


def medicare(value: str) -> bool:
    """The check digit of Australia's Medicare card."""
    n = [int(c) for c in digits(value)]
    return sum(w * d for w, d in zip(_MEDICARE_WEIGHTS, n[:8], strict=True)) % 10 == n[8]


def aba(value: str) -> bool:
    """The check digit of a US bank's routing number."""
    n = [int(c) for c in digits(value)]
    return sum(w * d for w, d in zip(_ABA_WEIGHTS, n, strict=True)) % 10 == 0 and n != [0] * 9


def dea(value: str) -> bool:
    """The check digit of a US prescriber's DEA number."""
    n = [int(c) for c in digits(value)]
    return (n[0] + n[2] + n[4] + 2 * (n[1] + n[3] + n[5])) % 10 == n[6]


def npi(value: str) -> bool:
    """The check digit of a US provider's NPI: Luhn behind the prefix 80840."""
    n = [int(c) for c in reversed("80840" + digits(value))]
    return sum(d if i % 2 == 0 else d * 2 - 9 * (d > 4) for i, d in enumerate(n)) % 10 == 0
