"""Metric records: the sums of a window and key with the rates that follow, and measured effects."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from schemas.ids import derive
from stream_jobs.window.record import sums_to_record
from stream_jobs.window.sketches import quantile
from stream_jobs.window.sums import BINS, MILLION, Sums
from stream_jobs.window.windows import WindowKey

Fraction = tuple[int, int]

FRACTIONS: Final[dict[str, Callable[[Sums], Fraction]]] = {
    "negative_rate": lambda sums: (sums.negative, sums.rated),
    "error_rate": lambda sums: (sums.errors + sums.timeouts, sums.inferences),
    "refusal_rate": lambda sums: (sums.refusals, sums.inferences),
    "abandonment_rate": lambda sums: (sums.kinds.get("abandonment", 0), sums.inferences),
    "edit_rate": lambda sums: (sums.kinds.get("edit", 0), sums.inferences),
    "regenerate_rate": lambda sums: (sums.kinds.get("regenerate", 0), sums.inferences),
}
"""Each rate as (k, n) of one Sums. Signals count at their own time, so k may exceed n."""


class Quantile(NamedTuple):
    """A quantile that is read from a histogram of `Sums`; `unit` of the bins make one of ours."""

    bins: str
    q: float
    unit: float = 1.0

    def of(self, bins: Mapping[int, int]) -> float | None:
        """Return it, from counts by bin."""
        value = quantile(BINS[self.bins], bins, self.q)
        return None if value is None else value / self.unit


QUANTILES: Final = {
    "latency_p50_ms": Quantile("latency_bins", 0.5),
    "latency_p95_ms": Quantile("latency_bins", 0.95),
    "cost_p50_usd": Quantile("cost_bins", 0.5, MILLION),
    "cost_p95_usd": Quantile("cost_bins", 0.95, MILLION),
}


def metric_record(
    start: int, window_ms: int, key: WindowKey, sums: Sums, revision: int
) -> dict[str, Any]:
    """Return the Metric; a rate is None where there is nothing to divide by."""
    rates = {name: _rate(*fraction(sums)) for name, fraction in FRACTIONS.items()}
    quantiles = {name: q.of(getattr(sums, q.bins)) for name, q in QUANTILES.items()}
    return {
        "metric_id": derive("metric", start, window_ms, *key, revision),
        "window_start": start,
        "window_ms": window_ms,
        **key._asdict(),
        "revision": revision,
        **rates,
        **quantiles,
        "sums": sums_to_record(sums),
    }


def effect_metric(action: Mapping[str, Any]) -> dict[str, Any]:
    """Return the Metric of a `measured` action: its effect, with no sums of its own.

    Its window is from the work on; its version is the new one, if versions were compared.
    """
    effect = action["effect"]
    version = {effect["dimension"]: effect["after"]}
    return {
        "metric_id": derive("effect", action["action_id"], effect["since"]),
        "window_start": effect["since"],
        "window_ms": effect["until"] - effect["since"],
        "tenant_id": action["tenant_id"],
        "model_version": version.get("model_version", ""),
        "prompt_version": version.get("prompt_version", ""),
        "segment": action["key"].get("segment", ""),
        "revision": 0,
        **dict.fromkeys((*FRACTIONS, *QUANTILES)),
        "sums": sums_to_record(Sums()),
        "action_id": action["action_id"],
        "effect": effect,
    }


def _rate(k: int, n: int) -> float | None:
    return k / n if n > 0 else None
