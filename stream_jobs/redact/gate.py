"""Which recognisers a text can hold anything for: one linear pass for all of them together.

Every recogniser names a shape that each of its matches contains. RE2 looks for all shapes at
once, in time linear in the text whatever it holds. A sentinel shape that every text has tells an
empty answer from a failed one; after a failure all recognisers run.
"""

from collections.abc import Sequence
from typing import Final

import re2

from stream_jobs.redact.exempt import EXEMPT_GATE
from stream_jobs.redact.recogniser import Recogniser

MAX_BYTES: Final = 64 << 20
"""Room for the states of the automaton: with too little it starts afresh all the time, slowly."""

_SENTINEL: Final = ""


class Gate:
    """The gate of some recognisers, compiled."""

    def __init__(self, recognisers: Sequence[Recogniser]) -> None:
        self._all = tuple(recognisers)
        self._by_shape: list[list[Recogniser]] = []
        shapes: dict[str, list[Recogniser]] = {}
        for recogniser in recognisers:
            shapes.setdefault(recogniser.gate, []).append(recogniser)
        options = re2.Options()
        options.max_mem = MAX_BYTES
        self._set = re2.Set.SearchSet(options)
        for shape, members in shapes.items():
            self._set.Add(shape)
            self._by_shape.append(members)
        self._exempt: int = self._set.Add(EXEMPT_GATE)
        self._sentinel: int = self._set.Add(_SENTINEL)
        self._set.Compile()

    def open_for(self, text: str) -> tuple[list[Recogniser], bool]:
        """Return the recognisers that may find something in `text`, and whether exemptions may."""
        shapes: list[int] = self._set.Match(text) or []
        if len(shapes) == 1 and shapes[0] == self._sentinel:
            return [], False
        if self._sentinel not in shapes:
            return list(self._all), True
        found: list[Recogniser] = []
        for shape in sorted(shapes):
            if shape < self._exempt:
                found.extend(self._by_shape[shape])
        return found, self._exempt in shapes
