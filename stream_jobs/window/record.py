"""Sums as the Avro record of `sums.avsc`, with the maps that could grow without bound capped.

Of documents the record keeps those with the most negatives (then ratings, then inferences, then by
name), of pairs those with the most negatives (then ratings), of languages and topics the most
frequent; the others move to `__other__`. Totals stay exact; below the cap, each count is exact too.
Past it, a document's count is what the partitions that kept it saw: at least a lower bound.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from stream_jobs.window.sums import BINS, COUNTS, MAPS, MOMENTS, Sums

OTHER: Final = "__other__"
MAX_DOCS: Final = 256
MAX_PAIRS: Final = 512
MAX_LANGUAGES: Final = 32
MAX_TOPICS: Final = 64
MOMENT_PARTS: Final = ("n", "sum", "sum_squares")


def sums_to_record(sums: Sums) -> dict[str, Any]:
    """Return the Avro record, with maps capped and empty histograms left out."""
    record: dict[str, Any] = {name: getattr(sums, name) for name in COUNTS}
    for name in MAPS:
        record[name] = dict(sorted(getattr(sums, name).items()))
    _cap(record, ("doc_negatives", "doc_rated", "docs"), MAX_DOCS)
    _cap(record, ("doc_pair_negatives", "doc_pair_rated"), MAX_PAIRS)
    _cap(record, ("languages",), MAX_LANGUAGES)
    _cap(record, ("topics",), MAX_TOPICS)
    for name in MOMENTS:
        record[name] = dict(zip(MOMENT_PARTS, getattr(sums, name), strict=True))
    for name, edges in BINS.items():
        record[name] = _dense(getattr(sums, name), len(edges) + 1)
    record["examples"] = sorted(sums.examples, key=lambda key: (sums.examples[key], key))
    return record


def sums_from_record(record: Mapping[str, Any]) -> Sums:
    """Return the sums of an Avro record (a dict with the fields of `sums.avsc`).

    Raises ValueError if a histogram has other bins than ours.
    """
    sums = Sums()
    for name in COUNTS:
        setattr(sums, name, record[name])
    for name in MAPS:
        setattr(sums, name, dict(record[name]))
    for name in MOMENTS:
        setattr(sums, name, [record[name][part] for part in MOMENT_PARTS])
    for name, edges in BINS.items():
        if bins := record[name]:
            setattr(sums, name, _sparse(bins, len(edges) + 1))
    for inference_id in record["examples"]:
        sums.add_example(inference_id)
    return sums


def _cap(record: dict[str, Any], names: tuple[str, ...], limit: int) -> None:
    """Cap the maps `names` to the same keys, those heaviest in the first map, then the next."""
    maps: list[dict[str, int]] = [record[name] for name in names]

    def weight(key: str) -> tuple[int, ...]:
        return tuple(abs(counts.get(key, 0)) for counts in maps)

    kept = _largest({key for counts in maps for key in counts}, limit, weight)
    for name, counts in zip(names, maps, strict=True):
        record[name] = _capped(counts, kept)


def _largest(
    keys: Iterable[str], limit: int, weight: Callable[[str], tuple[int, ...]]
) -> set[str] | None:
    """Return the `limit` heaviest keys, ties by name; None if all fit."""
    names = sorted(set(keys) - {OTHER})
    if len(names) <= limit:
        return None
    return set(sorted(names, key=weight, reverse=True)[:limit])


def _capped(counts: dict[str, int], kept: set[str] | None) -> dict[str, int]:
    if kept is None:
        return counts
    out = {key: count for key, count in counts.items() if key in kept}
    rest = sum(counts.values()) - sum(out.values())
    if rest:
        out[OTHER] = rest
    return out


def _dense(bins: Mapping[int, int], size: int) -> list[int]:
    """Return a count for each bin; empty if there is none at all."""
    if not bins:
        return []
    counts = [0] * size
    for index, count in bins.items():
        counts[index] = count
    return counts


def _sparse(counts: list[int], size: int) -> dict[int, int]:
    """Return the bins that aren't empty; raises ValueError if these are not our bins."""
    if len(counts) != size:
        raise ValueError(f"a histogram has {len(counts)} bins, expected {size}")
    return {index: count for index, count in enumerate(counts) if count}
