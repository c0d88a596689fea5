"""All effects that one decide partition measures, fed with closed windows; pure."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from stream_jobs.act.effect import TIME, Effect, Target, evidence_counts, target_of
from stream_jobs.act.episodes import Episode, Episodes, record_of
from stream_jobs.decide.metrics import FRACTIONS
from stream_jobs.window.sums import Sums
from stream_jobs.window.windows import WindowKey

Tenants = dict[str, list[tuple[WindowKey, Sums]]]
"""A window's sums by tenant: each effect looks at one."""

RATE: Final = "negative_rate"
"""What is compared where the alarm was about no rate (drift, latency)."""


class EffectsState(msgspec.Struct, array_like=True):
    """A snapshot: effects that are measured, and (k, n) since the opening of open episodes."""

    effects: list[Effect] = []
    fresh: dict[str, list[int]] = {}


class Effects:
    """Starts at `executed`, ends with a verdict."""

    def __init__(self, state: EffectsState | None = None) -> None:
        state = state or EffectsState()
        self._effects = list(state.effects)
        self._fresh = dict(state.fresh)  # action_id → (k, n)

    def start(self, episode: Episode, result: Mapping[str, Any]) -> None:
        """Begin to measure what `result` (an executed ActionResult) did; once per action."""
        if any(effect.action["action_id"] == episode.action_id for effect in self._effects):
            return
        target = target_of(episode.scope, episode.key, _metric(episode), result)
        before = evidence_counts(episode.evidence, target)
        if target.dimension == TIME:  # else it may have been the new version's already
            k, n = self._fresh.get(episode.action_id, [0, 0])
            before = [before[0] + k, before[1] + n]
        action = record_of(episode, "measured", result["event_time"]) | {"examples": []}
        self._effects.append(Effect(action, target, result["event_time"], before, [0, 0]))

    def feed(
        self, window: tuple[int, int], keys: Mapping[WindowKey, Sums], episodes: Episodes
    ) -> list[dict[str, Any]]:
        """Take a closed window (start, end); return `measured` records of verdicts."""
        tenants = _by_tenant(keys)
        self._remember(window, tenants, episodes)
        said: list[dict[str, Any]] = []
        kept: list[Effect] = []
        for effect in self._effects:
            old, new = _counts(effect.target, tenants)
            verdict = effect.feed(window, old, new)
            if verdict is None:
                kept.append(effect)
                continue
            action = effect.action
            sequence = episodes.next_sequence(action["action_id"], action["sequence"])
            said.append(action | {"sequence": sequence, "event_time": window[1], "effect": verdict})
        self._effects = kept
        return said

    def _remember(self, window: tuple[int, int], tenants: Tenants, episodes: Episodes) -> None:
        fresh = {
            episode.action_id: self._fresh[episode.action_id]
            for episode in episodes.cleared()
            if episode.action_id in self._fresh
        }
        for episode in episodes.all():
            k, n = self._fresh.get(episode.action_id, [0, 0])
            if window[0] >= episode.start_ms:
                target = target_of(episode.scope, episode.key, _metric(episode), {})
                more = _counts(target, tenants)[1]
                k, n = k + more[0], n + more[1]
            fresh[episode.action_id] = [k, n]
        self._fresh = fresh

    def state(self) -> EffectsState:
        """Return a snapshot."""
        return EffectsState(self._effects, self._fresh)


def _metric(episode: Episode) -> str:
    metric: str = episode.evidence["metric"]
    return metric if metric in FRACTIONS or metric == "doc_negative_rate" else RATE


def _by_tenant(keys: Mapping[WindowKey, Sums]) -> Tenants:
    tenants: Tenants = {}
    for key, sums in sorted(keys.items()):
        tenants.setdefault(key.tenant_id, []).append((key, sums))
    return tenants


def _counts(target: Target, tenants: Tenants) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return (k, n) of the old and the new answers of a window."""
    old, new = [0, 0], [0, 0]
    for key, sums in tenants.get(target.scope["tenant_id"], ()):
        parts = key._asdict()
        if any((parts[name] or "") != value for name, value in target.scope.items()):
            continue
        version = parts.get(target.dimension)
        if target.dimension == TIME or version == target.after:
            arm = new
        elif target.before in ("", version):
            arm = old
        else:
            continue
        k, n = _fraction(target, sums)
        arm[0], arm[1] = arm[0] + k, arm[1] + n
    return (old[0], old[1]), (new[0], new[1])


def _fraction(target: Target, sums: Sums) -> tuple[int, int]:
    if target.doc_id:
        return sums.doc_negatives.get(target.doc_id, 0), sums.doc_rated.get(target.doc_id, 0)
    metric = RATE if target.metric == "doc_negative_rate" else target.metric
    return FRACTIONS[metric](sums)
