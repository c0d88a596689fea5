"""Keyed, stable stand-ins: equal values of a tenant stay equal, only the key can check one.

`<EMAIL_ADDRESS:k1:q7c4…>`: type, key name, and base32 of the first 10 bytes of
HMAC-SHA256(key, tenant | type | normalised value). 80 bits: a tenant with a million values of a
type has two that collide with probability below 1e-12.
"""

import hmac
import ipaddress
from collections.abc import Callable
from typing import Final

from stream_jobs.redact.folding import fold
from stream_jobs.redact.keys import Key
from stream_jobs.redact.recogniser import digits

DIGEST_BYTES: Final = 10
_SIGNS: Final = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS: Final = [first + second for first in _SIGNS for second in _SIGNS]
_SEPARATOR: Final = "\x1f"  # unit separator: "a|b" and "c" never hash like "a" and "b|c"


def pseudonym(kind: str, value: str, tenant: str, key: Key) -> str:
    """Return the label for `value` under `key`; the same for every spelling of the value."""
    message = _SEPARATOR.join((tenant, kind, normalise(kind, value)))
    digest = hmac.digest(key.value, message.encode("utf-8", "surrogatepass"), "sha256")
    return f"<{kind}:{key.name}:{_base32(digest[:DIGEST_BYTES])}>"


def _base32(raw: bytes) -> str:
    """Return `raw`, ten bytes, in base 32 (RFC 4648) in small letters; b32encode takes thrice."""
    number = int.from_bytes(raw)
    return "".join([_PAIRS[number >> shift & 1023] for shift in range(70, -10, -10)])


def normalise(kind: str, value: str) -> str:
    """Return the one spelling of `value` that its pseudonym is made from."""
    plain = fold(value).text.strip()
    return _NORMALISERS.get(kind, _words)(plain)


def _words(value: str) -> str:
    return " ".join(value.casefold().split())


def _exact(value: str) -> str:
    return value


def _email(value: str) -> str:
    return _words(value.replace("%40", "@"))


def _phone(value: str) -> str:
    number = digits(value).removeprefix("00")
    return "1" + number if len(number) == 10 and "+" not in value else number


def _address(value: str) -> str:
    try:
        return str(ipaddress.ip_interface(value.partition("%")[0]))
    except ValueError:
        return _words(value)


def _compact(value: str) -> str:
    return "".join(c for c in value.casefold() if c.isalnum())


_NORMALISERS: Final[dict[str, Callable[[str], str]]] = {
    "USER_ID": _exact,
    "EMAIL_ADDRESS": _email,
    "PHONE_NUMBER": _phone,
    "IP_ADDRESS": _address,
    "MAC_ADDRESS": _compact,
    "IBAN_CODE": _compact,
    "CRYPTO": _exact,
}
