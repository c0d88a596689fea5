"""All detectors of one decide partition, one per rule and scope, fed in the order of windows."""

from typing import Any, TypeVar

import msgspec

from stream_jobs.act.episodes import Episodes, Finding
from stream_jobs.act.evidence import VERSIONS
from stream_jobs.act.rules import Rule, ThresholdParameters
from stream_jobs.decide.references import References
from stream_jobs.decide.watch_documents import DocumentWatch
from stream_jobs.decide.watch_drift import DriftWatch
from stream_jobs.decide.watch_rate import RateWatch
from stream_jobs.decide.watch_shift import ShiftWatch
from stream_jobs.decide.watch_silence import SilenceWatch
from stream_jobs.decide.watch_threshold import ThresholdWatch
from stream_jobs.detect.drift import DriftParameters
from stream_jobs.detect.outliers import OutlierParameters
from stream_jobs.detect.rates import RateParameters
from stream_jobs.detect.shift import ShiftParameters
from stream_jobs.detect.silence import SilenceParameters
from stream_jobs.window.sums import Sums
from stream_jobs.window.windows import WindowKey

Watch = TypeVar("Watch")
IMPLICIT = ("abandonment_rate", "edit_rate", "regenerate_rate")
ScopeKey = tuple[str, ...]
"""The rule's name, then the values of its scope but for doc_id."""


class WatchState(msgspec.Struct, array_like=True):
    """A snapshot of `Watches`."""

    rates: list[tuple[ScopeKey, RateWatch]] = []
    documents: list[tuple[ScopeKey, DocumentWatch]] = []
    drifts: list[tuple[ScopeKey, DriftWatch]] = []
    thresholds: list[tuple[ScopeKey, ThresholdWatch]] = []
    shifts: list[tuple[ScopeKey, ShiftWatch]] = []
    silences: list[tuple[ScopeKey, SilenceWatch]] = []


class Watches:
    """Feeds windows to detectors and findings to episodes."""

    def __init__(self, rules: tuple[Rule, ...], state: WatchState | None = None) -> None:
        # Documents first: what one of them explains is no longer the whole product's trouble.
        self._rules = sorted(rules, key=lambda rule: "doc_id" not in rule.scope)
        state = state or WatchState()
        known = {rule.name: type(rule.condition) for rule in rules}
        self._rates = _kept(state.rates, known, RateParameters)
        self._documents = _kept(state.documents, known, OutlierParameters)
        self._drifts = _kept(state.drifts, known, DriftParameters)
        self._thresholds = _kept(state.thresholds, known, ThresholdParameters)
        self._shifts = _kept(state.shifts, known, ShiftParameters)
        self._silences = _kept(state.silences, known, SilenceParameters)
        self.references = References()  # not part of a snapshot: read anew at every start

    def feed(
        self, window: tuple[int, int], keys: dict[WindowKey, Sums], episodes: Episodes
    ) -> list[dict[str, Any]]:
        """Take a closed window (start, end); return the action records it leads to, in order."""
        actions: list[dict[str, Any]] = []
        products: dict[ScopeKey, list[tuple[dict[str, str], dict[WindowKey, Sums]]]] = {}
        for rule in self._rules:
            names = tuple(name for name in rule.scope if name != "doc_id")
            if names not in products:
                products[names] = _scopes(names, keys)
            for scope, versions in products[names]:
                for finding in self._findings(rule, scope, window, versions, episodes):
                    action = episodes.take(rule, finding, window[1])
                    if action is not None:
                        actions.append(action)
                        self._forgive(finding)
        return actions

    def pass_time(self, until_ms: int, episodes: Episodes) -> list[dict[str, Any]] | None:
        """Let event time reach `until_ms` with no window; return the actions of what fell silent.

        None if nothing has changed. An action's time is when the silence had lasted too long,
        however late one looks.
        """
        due: list[tuple[int, ScopeKey, Rule, Finding]] = []
        rules = {rule.name: rule for rule in self._rules}
        for key, watch in self._silences.items():
            rule = rules[key[0]]
            scope = dict(zip(rule.scope, key[1:], strict=True))
            for at, finding in watch.pass_time(rule, scope, until_ms):
                due.append((at, key, rule, finding))
        if not due:
            return None
        actions = []
        for at, _, rule, finding in sorted(due, key=lambda one: one[:2]):
            action = episodes.take(rule, finding, at)
            if action is not None:
                actions.append(action)
        return actions

    def state(self) -> WatchState:
        """Return a snapshot."""
        return WatchState(
            sorted(self._rates.items(), key=_first),
            sorted(self._documents.items(), key=_first),
            sorted(self._drifts.items(), key=_first),
            sorted(self._thresholds.items(), key=_first),
            sorted(self._shifts.items(), key=_first),
            sorted(self._silences.items(), key=_first),
        )

    def _findings(
        self,
        rule: Rule,
        scope: dict[str, str],
        window: tuple[int, int],
        versions: dict[WindowKey, Sums],
        episodes: Episodes,
    ) -> list[Finding]:
        key = (rule.name, *scope.values())
        if isinstance(rule.condition, OutlierParameters):
            documents = self._documents.setdefault(key, DocumentWatch())
            named, caution = self._named(scope, episodes)
            return documents.feed(rule, scope, window, _merged(versions), named, caution)
        finding: Finding | None
        if isinstance(rule.condition, RateParameters):
            rates = self._rates.setdefault(key, RateWatch())
            finding = rates.feed(rule, scope, window, versions, self._blamed(scope, episodes))
            if rule.metric in IMPLICIT and self._explained(rule, scope, episodes):
                rates.forgive()  # people react to a trouble that is known
        elif isinstance(rule.condition, DriftParameters):
            drifts = self._drifts.setdefault(key, DriftWatch())
            finding = drifts.feed(rule, scope, window, versions, self.references)
        elif isinstance(rule.condition, ShiftParameters):
            shifts = self._shifts.setdefault(key, ShiftWatch())
            finding = shifts.feed(rule, scope, window, versions, self.references)
        elif isinstance(rule.condition, SilenceParameters):
            silences = self._silences.setdefault(key, SilenceWatch())
            finding = silences.feed(rule, scope, window, versions)
        else:
            thresholds = self._thresholds.setdefault(key, ThresholdWatch())
            finding = thresholds.feed(rule, scope, window, _merged(versions))
        return [] if finding is None else [finding]

    def _explained(self, rule: Rule, scope: dict[str, str], episodes: Episodes) -> bool:
        """Whether another rule's open action names what is wrong with the product."""
        return any(
            episode.rule != rule.name and episode.causes for episode in episodes.within(scope)
        )

    def _blamed(self, scope: dict[str, str], episodes: Episodes) -> frozenset[str]:
        """Return documents of the product with an open episode of their own."""
        return frozenset(
            episode.scope["doc_id"]
            for episode in episodes.within(scope)
            if "doc_id" in episode.scope
        )

    def _named(self, scope: dict[str, str], episodes: Episodes) -> tuple[frozenset[str], int]:
        """Return documents that open actions of the product name, and 2 if one names a version."""
        causes = [cause for episode in episodes.within(scope) for cause in episode.causes]
        docs = frozenset(cause.value for cause in causes if cause.dimension == "doc_id")
        return docs, 2 if any(cause.dimension in VERSIONS for cause in causes) else 1

    def _forgive(self, finding: Finding) -> None:
        """When a document was found out, what the product's charts had piled up is explained."""
        docs = [cause.value for cause in finding.causes if cause.dimension == "doc_id"]
        if not docs or not finding.active:
            return
        scopes = {r.name: [n for n in r.scope if n != "doc_id"] for r in self._rules}
        for key, documents in self._documents.items():
            scope = zip(scopes[key[0]], key[1:], strict=True)
            if all(finding.scope.get(k, v) == v for k, v in scope):
                documents.forgive(docs[0])
        if "doc_id" not in finding.scope:
            return
        names = {r.name: r.scope for r in self._rules if r.metric == "negative_rate"}
        for key, watch in self._rates.items():
            scope = zip(names.get(key[0], ()), key[1:], strict=False)
            if key[0] in names and all(finding.scope.get(k, v) == v for k, v in scope):
                watch.forgive()


def _scopes(
    names: ScopeKey, keys: dict[WindowKey, Sums]
) -> list[tuple[dict[str, str], dict[WindowKey, Sums]]]:
    """Return a window's sums by the values of a scope, in a fixed order."""
    found: dict[ScopeKey, dict[WindowKey, Sums]] = {}
    for key in sorted(keys):
        parts = key._asdict()
        found.setdefault(tuple(parts[name] for name in names), {})[key] = keys[key]
    return [(dict(zip(names, values, strict=True)), found[values]) for values in sorted(found)]


def _merged(versions: dict[WindowKey, Sums]) -> Sums:
    if len(versions) == 1:
        return next(iter(versions.values()))
    total = Sums()
    for key in sorted(versions):
        total.merge(versions[key])
    return total


def _first(item: tuple[ScopeKey, Any]) -> ScopeKey:
    return item[0]


def _kept(
    rows: list[tuple[ScopeKey, Watch]], known: dict[str, type], kind: type
) -> dict[ScopeKey, Watch]:
    """Return the watches whose rule still is what it was; others start afresh."""
    return {tuple(key): watch for key, watch in rows if known.get(key[0]) is kind}
