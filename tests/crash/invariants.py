"""The promises, held against what was found; pure. Sets are compared, not only counted.

1. Signals, with their status, and inferences: each accepted one once, and nothing else.
2. Sums of each window and key, late ones, retracts and corrections included.
3. Actions: the same ones, in the same states, as without faults.
4. Dead letters: those that were planted, no other.
5. Watermarks and committed offsets never move back.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any, NamedTuple

from tests.crash.facts import Found, Mark, Place, Seen, Sums, Truth, Window

SHOWN = 10


class Broken(NamedTuple):
    """A promise that is broken, by whom, and where to look."""

    promise: str
    id: str
    what: str

    def __str__(self) -> str:
        return f"{self.promise}: {self.id}: {self.what}"


def broken(truth: Truth, seen: Seen) -> list[Broken]:
    """Return everything that is not as promised; [] if all is."""
    found = [line for place in seen.places for line in _place(truth, place)]
    return [*found, *_backwards(seen.marks)]


def checked(truth: Truth, seen: Seen) -> int:
    """Return how many single facts `broken` compares."""
    each = len(truth.signals) + len(truth.inferences) + len(truth.windows) + len(truth.actions)
    return each * len(seen.places) + sum(map(len, seen.marks.values()))


def summary(lines: list[Broken]) -> str:
    """Return how many promises are broken, with the first of each kind."""
    by_promise = defaultdict(list)
    for line in lines:
        by_promise[line.promise].append(line)
    return "\n".join(
        f"{promise}: {len(of)} broken\n" + "\n".join(f"  {b.id}: {b.what}" for b in of[:SHOWN])
        for promise, of in by_promise.items()
    )


def _place(truth: Truth, place: Place) -> Iterable[Broken]:
    yield from once(f"signals in {place.name}", truth.signals, place.signals)
    ids = dict.fromkeys(truth.inferences, "")
    yield from once(f"inferences in {place.name}", ids, place.inferences)
    yield from once(f"actions in {place.name}", truth.actions, place.actions)
    letters = {f"{t}[{p}]@{o}": "" for t, p, o in truth.letters}
    yield from once(f"dead letters in {place.name}", letters, place.letters)
    yield from sums(f"window sums in {place.name}", truth.windows, place.windows)
    yield from sums(f"window counts in {place.name}", truth.counted, place.windows)


def once(promise: str, expected: Mapping[str, Any], found: Iterable[Found]) -> Iterable[Broken]:
    """Yield what is missing, there twice, there without reason, or there with another content."""
    by_id: defaultdict[str, list[Found]] = defaultdict(list)
    for one in found:
        by_id[one.id].append(one)
    for id_ in expected.keys() - by_id.keys():
        yield Broken(promise, id_, f"missing; expected {expected[id_]!r}")
    for id_, ones in by_id.items():
        where = ", ".join(one.where for one in ones)
        if id_ not in expected:
            yield Broken(promise, id_, f"nobody sent it: {ones[0].says!r} at {where}")
            continue
        if len(ones) > 1:
            yield Broken(promise, id_, f"{len(ones)} times: {where}")
        for one in ones:
            if one.says != expected[id_]:
                yield Broken(promise, id_, f"{one.says!r}, expected {expected[id_]!r}: {one.where}")


def sums(
    promise: str, expected: Mapping[Window, Sums], found: Mapping[Window, Sums]
) -> Iterable[Broken]:
    """Yield each window and key whose sums differ, in the fields that `expected` knows."""
    names = sorted({name for known in expected.values() for name in known})
    for window in sorted(expected.keys() | found.keys()):
        true, is_ = expected.get(window, {}), found.get(window, {})
        wrong = [n for n in names if (is_.get(n) or 0) != (true.get(n) or 0)]
        if wrong:
            said = "; ".join(f"{n} is {is_.get(n, 0)}, expected {true.get(n, 0)}" for n in wrong)
            yield Broken(promise, " ".join(map(str, window)), said)


def _backwards(marks: Mapping[str, list[Mark]]) -> Iterable[Broken]:
    for name, values in marks.items():
        for before, after in pairwise(values):
            if after.value < before.value:
                what = (
                    f"moved back from {before.value} at {before.seconds:.1f} s to {after.value} "
                    f"at {after.seconds:.1f} s"
                )
                yield Broken("watermarks and offsets never move back", name, what)
