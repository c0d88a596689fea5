"""How long an inference's texts are, read from its Avro body without decoding them; pure."""

from typing import NamedTuple

from schemas.errors import UndecodableRecord

_LONGEST = 70  # bits of the ten bytes that a long has at most


class Lengths(NamedTuple):
    """In bytes of UTF-8."""

    prompt: int  # the last message of role `user`; 0 if there is none
    response: int


def lengths(body: bytes, at: int) -> Lengths:
    """Return the lengths of the texts in `body`, whose `messages` begin at index `at`.

    `response` is the last field. Raises UndecodableRecord if they don't fit, aren't UTF-8, or if
    anything follows: the body is nested in other records as it is, and would spoil them.
    """
    prompt = 0
    try:
        left, at = _block(body, at)
        while left:
            for _ in range(left):
                role, content = _text(body, at)
                start, at = _text(body, content)
                if body[role:content] == b"user":
                    prompt = at - start
            left, at = _block(body, at)
        start, at = _text(body, at)
    except (IndexError, UnicodeDecodeError):
        raise UndecodableRecord("undecodable", "an inference's texts are cut or no text") from None
    if at != len(body):
        raise UndecodableRecord("trailing_bytes", f"{len(body) - at} bytes follow the inference")
    return Lengths(prompt, at - start)


def _text(body: bytes, at: int) -> tuple[int, int]:
    """Return where a string's bytes begin and end."""
    size, at = _long(body, at)
    if size < 0 or at + size > len(body):
        raise IndexError
    body[at : at + size].decode()
    return at, at + size


def _block(body: bytes, at: int) -> tuple[int, int]:
    """Return how many items follow, and where; a negative count is followed by its size."""
    count, at = _long(body, at)
    if count < 0:
        _, at = _long(body, at)
    return abs(count), at


def _long(body: bytes, at: int) -> tuple[int, int]:
    """Return a zigzag number and the index after it. Raises IndexError at the end of the body."""
    byte = body[at]
    value, shift = byte & 0x7F, 7
    while byte & 0x80:
        at += 1
        byte = body[at]
        value |= (byte & 0x7F) << shift
        shift += 7
        if shift > _LONGEST:
            raise IndexError
    return (value >> 1) ^ -(value & 1), at + 1
