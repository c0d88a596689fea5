r"""A template: one line of a bank, e.g. `[Dear|Hello] {person},`, expanded at random.

`[a|b|c]` is one of several, nested as you like; `{kind}` is a value; `\n` and `\t` are line break
and tab; `\\[`, `\\]` and `\\|` stand for themselves, and so does a brace that holds no kind.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from deploy.training.sample import Piece, Sample, assemble

Maker = Callable[[Random], list[Piece]]
"""Makes one value of a kind."""

_TOKEN: Final = re.compile(r"\\[nt\[\]|]|\{[A-Za-z_0-9]+\}|[\[\]|]|[^\\\[\]|{]+|.", re.DOTALL)
_ESCAPES: Final = {"\\n": "\n", "\\t": "\t"}


@dataclass(frozen=True)
class Slot:
    """The place of a value."""

    kind: str


@dataclass(frozen=True)
class Choice:
    """One of several sequences."""

    options: "tuple[tuple[str | Slot | Choice, ...], ...]"


Node = str | Slot | Choice


@dataclass(frozen=True)
class Template:
    """A parsed line."""

    nodes: tuple[Node, ...]

    def fill(self, rng: Random, makers: dict[str, Maker]) -> Sample:
        """Return the line with its choices made and its values put in. KeyError: unknown kind."""
        return assemble(_expand(self.nodes, rng, makers))


def _expand(nodes: Sequence[Node], rng: Random, makers: dict[str, Maker]) -> Iterator[Piece]:
    for node in nodes:
        if isinstance(node, str):
            yield node, None
        elif isinstance(node, Slot):
            yield from makers[node.kind](rng)
        else:
            yield from _expand(rng.choice(node.options), rng, makers)


def parse(line: str) -> Template:
    """Return the template that `line` writes. Raises ValueError for a bracket without its other."""
    tokens = _TOKEN.findall(line)
    options, at = _parse(tokens, 0)
    if at != len(tokens):
        raise ValueError(f"a ] too many in {line!r}: write \\] for a bracket of the text")
    return Template(options[0] if len(options) == 1 else (Choice(options),))


def _parse(tokens: list[str], at: int) -> tuple[tuple[tuple[Node, ...], ...], int]:
    options: list[list[Node]] = [[]]
    while at < len(tokens) and tokens[at] != "]":
        part = tokens[at]
        at += 1
        if part == "|":
            options.append([])
        elif part == "[":
            inner, at = _parse(tokens, at)
            if at == len(tokens):
                raise ValueError(f"a [ without its ] before {''.join(tokens)!r}")
            at += 1
            options[-1].append(Choice(inner))
        else:
            options[-1].append(_leaf(part))
    return tuple(tuple(option) for option in options), at


def _leaf(token: str) -> Node:
    if len(token) > 2 and token[0] == "{" and token[-1] == "}":
        return Slot(token[1:-1])
    if len(token) == 2 and token[0] == "\\":
        return _ESCAPES.get(token, token[1])
    return token


def read_bank(path: Path) -> list[Template]:
    """Return the templates of a bank: one a line, empty lines left out."""
    return [parse(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
