"""The keys of the pseudonyms: parsed and checked, never shown."""

import base64
import binascii
import re
from dataclasses import dataclass, field
from typing import Final

from schemas.errors import ConfigError

MIN_KEY_BYTES: Final = 32
_NAME: Final = re.compile(r"[a-z0-9_]{1,16}")
_NEXT_STEP: Final = (
    'Set FEEDLOOP_REDACT_KEYS or FEEDLOOP_REDACT_KEYS_FILE to "k1:<base64 of 32 random bytes>"; '
    "make a key with: echo k1:$(openssl rand -base64 32)"
)


@dataclass(frozen=True, slots=True)
class Key:
    """A named HMAC key; the name is part of every label, the value never shows."""

    name: str
    value: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Keys:
    """The live keys, at least one; the first makes new pseudonyms."""

    all: tuple[Key, ...]

    @property
    def current(self) -> Key:
        """The key that new pseudonyms are made with."""
        return self.all[0]


def parse_keys(text: str) -> Keys:
    """Return the keys in `text`: "k1:base64[,k2:base64…]", or one a line.

    Empty lines and lines that start with # are passed over. Raises ConfigError, which names the
    key and the fault but never shows a value, for no key at all, a malformed one, one shorter
    than 32 bytes, or a name used twice.
    """
    entries = [
        entry.strip()
        for line in text.splitlines()
        if not line.lstrip().startswith("#")
        for entry in line.split(",")
    ]
    keys = tuple(_parse(entry, place) for place, entry in enumerate(filter(None, entries), 1))
    if not keys:
        raise ConfigError(f"redaction has no key, so it can't make pseudonyms. {_NEXT_STEP}")
    names = [key.name for key in keys]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"redaction key name {name!r} is used twice; name each key once")
    return Keys(keys)


def _parse(entry: str, place: int) -> Key:
    name, colon, encoded = entry.partition(":")
    if not colon or not _NAME.fullmatch(name):
        raise ConfigError(
            f"redaction key number {place} has no name of the form [a-z0-9_], 1 to 16 long, "
            f"before a colon. {_NEXT_STEP}"
        )
    try:
        value = base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise ConfigError(f"redaction key {name!r} is not base64. {_NEXT_STEP}") from None
    if len(value) < MIN_KEY_BYTES:
        raise ConfigError(
            f"redaction key {name!r} has {len(value)} bytes, it needs {MIN_KEY_BYTES}. {_NEXT_STEP}"
        )
    return Key(name, value)
