"""What a SQL text is: its first word, its FORMAT, where the rows of an INSERT begin. Pure.

Only as much of ClickHouse's grammar as the HTTP interface needs: words outside of strings,
quoted names, comments and brackets. The rest is the engine's business.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_TOKEN: Final = re.compile(
    rb"""
    (?P<gap>   \s+ | --[^\n]* | \#[ !][^\n]* | /\*.*?\*/ )
  | (?P<quote> '(?:[^'\\]|\\.)*' | "(?:[^"\\]|\\.)*" | `(?:[^`\\]|\\.)*` )
  | (?P<here>  \$(?P<tag>\w*)\$ .*? \$(?P=tag)\$ )
  | (?P<word>  \w+ )
  | (?P<sign>  . )
    """,
    re.VERBOSE | re.DOTALL,
)
_OPEN: Final = (b"(", b"[", b"{")
_CLOSE: Final = (b")", b"]", b"}")
_NO_ROWS_FOLLOW: Final = frozenset((b"SELECT", b"WITH", b"FROM", b"WATCH"))
_READS: Final = frozenset(
    ("SELECT", "WITH", "SHOW", "DESC", "DESCRIBE", "EXPLAIN", "EXISTS", "FROM", "VALUES", "CHECK")
)
_ABOUT_TABLES: Final = frozenset(("SHOW", "DESC", "DESCRIBE", "EXISTS"))


@dataclass(frozen=True)
class Statement:
    """One statement; `rows` is None unless it is an INSERT whose rows are in the text."""

    sql: bytes  # of an INSERT with rows: up to where FORMAT or VALUES stood
    kind: str  # the first word in capitals, "" of an empty text
    format: str | None = None  # as written in the text
    rows: bytes | None = None
    several: bool = False  # there is a second statement

    @property
    def reads(self) -> bool:
        """Whether it only reads."""
        return self.kind in _READS

    @property
    def may_take_long(self) -> bool:
        """Whether it reads rows; a client asks DESCRIBE before an INSERT, which must not wait."""
        return self.reads and self.kind not in _ABOUT_TABLES


@dataclass(frozen=True)
class _Word:
    text: bytes  # in capitals; b";" is the only sign that counts as one
    start: int
    end: int


def parse(text: bytes) -> Statement:
    """Return what the statement `text` is; any bytes are accepted."""
    words = _top_level(text)
    first = next(words, None)
    if first is None:
        return Statement(text, "")
    kind = first.text.decode("latin-1")
    if kind == "INSERT":
        return _parse_insert(text, words)
    return _parse_other(text, kind, words)


def _top_level(text: bytes) -> Iterator[_Word]:
    """Yield the words that stand in no bracket; brackets around a whole query don't count."""
    depth, seen = 0, False
    for token in _TOKEN.finditer(text):
        if token.lastgroup == "gap":
            continue
        sign = token.group("sign")
        if sign in _OPEN and seen:
            depth += 1
        elif sign in _CLOSE and depth:
            depth -= 1
        elif depth == 0 and (token.group("word") is not None or sign == b";"):
            seen = True
            yield _Word(token.group().upper(), token.start(), token.end())
        elif depth == 0 and sign not in _OPEN and sign not in _CLOSE:
            yield _Word(b"", token.start(), token.end())


def _parse_insert(text: bytes, words: Iterator[_Word]) -> Statement:
    for word in words:
        if word.text in _NO_ROWS_FOLLOW:
            break
        if word.text == b"VALUES":
            return Statement(text[: word.start], "INSERT", "Values", text[word.end :])
        if word.text == b"FORMAT":
            name = next(words, None)
            if name is not None and name.text:
                written = text[name.start : name.end].decode("latin-1")
                rows = text[_rows_start(text, name.end) :]
                return Statement(text[: word.start], "INSERT", written, rows)
    return Statement(text, "INSERT")


def _rows_start(text: bytes, position: int) -> int:
    """Return where the rows begin: after the blanks and one line end that follow the format."""
    while text[position : position + 1] in (b" ", b"\t", b"\f"):
        position += 1
    if text[position : position + 1] == b"\r":
        position += 1
    return position + 1 if text[position : position + 1] == b"\n" else position


def _parse_other(text: bytes, kind: str, words: Iterator[_Word]) -> Statement:
    rest = list(words)
    ends = [index for index, word in enumerate(rest) if word.text == b";"]
    several = any(word.text != b";" for word in rest[ends[0] :]) if ends else False
    last = rest[: ends[0]] if ends else rest
    return Statement(text, kind, _format_of(text, last), None, several)


def _format_of(text: bytes, words: list[_Word]) -> str | None:
    """Return the name after FORMAT, which ends the statement or is followed by SETTINGS."""
    for index in range(len(words) - 2, -1, -1):
        after = words[index + 2].text if index + 2 < len(words) else b"SETTINGS"
        if words[index].text == b"FORMAT" and after == b"SETTINGS":
            return text[words[index + 1].start : words[index + 1].end].decode("latin-1")
    return None
