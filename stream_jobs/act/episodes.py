"""Episodes: a problem is said once, again if it grows or lasts, and once when it is over.

opened → escalated (severity rises) → renewed (after the cooldown, while it lasts) → cleared (once
calm for as long as the rule asks). Where it is muted nothing but `cleared` is said; one that a
person acknowledged is not renewed; the cooldown of one that was worked on begins anew.
The action_id is the UUIDv5 of rule, scope and start: a consumer that acts once per action_id acts
once per episode. One cause gives one action: while an episode of a product names a version or a
document, what another rule finds there with the same cause opens nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from schemas.ids import derive
from stream_jobs.act.evidence import DRIFT, Cause
from stream_jobs.act.mutes import Mutes
from stream_jobs.act.rules import Rule

SEVERITIES: Final = ("info", "warning", "critical")
MOST_RESULTS: Final = 8
MOST_CLEARED: Final = 64  # that are remembered: a late `executed` still gets its effect

Scope = tuple[str, ...]
"""tenant_id, segment, and what else the rule looks at: model_version, prompt_version, doc_id."""


class Finding(msgspec.Struct, kw_only=True):
    """What one rule says of one scope after a window."""

    scope: dict[str, str]  # with tenant_id
    active: bool
    severity: str = "warning"
    causes: list[Cause] = []
    evidence: dict[str, Any] = {}
    examples: list[str] = []
    parameters: dict[str, str] = {}


class Episode(msgspec.Struct, array_like=True):
    """An open one; `said_ms` is when its last action was."""

    rule: str
    scope: dict[str, str]
    start_ms: int
    said_ms: int
    action_id: str
    kind: str
    key: dict[str, str]
    severity: str
    causes: list[Cause]
    evidence: dict[str, Any]
    examples: list[str]
    parameters: dict[str, str]
    sequence: int = 0
    results: list[tuple[str, int]] = []  # (state, event_time) as consumers reported them
    calm_ms: int = 0  # since when it has been calm; 0: it isn't
    worked_ms: int = 0  # when a consumer last executed it
    acknowledged: bool = False


class Episodes:
    """The open episodes of one decide partition, by rule and scope."""

    def __init__(
        self,
        episodes: Sequence[Episode] = (),
        cleared: Sequence[Episode] = (),
        mutes: Mutes | None = None,
    ) -> None:
        self._open = {_id(episode.rule, episode.scope): episode for episode in episodes}
        self._cleared = list(cleared)
        self.mutes = mutes or Mutes()

    def all(self) -> list[Episode]:
        """Return the open ones, in a fixed order."""
        return [self._open[key] for key in sorted(self._open)]

    def find(self, rule: str, scope: dict[str, str]) -> Episode | None:
        """Return the open episode of a rule and scope."""
        return self._open.get(_id(rule, scope))

    def within(self, scope: dict[str, str]) -> list[Episode]:
        """Return the open ones whose scope doesn't contradict `scope`, in a fixed order."""
        return [
            episode
            for episode in self.all()
            if all(episode.scope.get(name, value) == value for name, value in scope.items())
        ]

    def take(self, rule: Rule, finding: Finding, now_ms: int) -> dict[str, Any] | None:
        """Take a finding at event time `now_ms`; return the action record it leads to, if any."""
        episode = self.find(rule.name, finding.scope)
        silent = self.mutes.silent(rule.name, finding.scope, now_ms)
        if episode is None:
            if silent or not finding.active or self._explained(finding):
                return None
            return self._open_one(rule, finding, now_ms)
        if not finding.active:
            episode.calm_ms = episode.calm_ms or now_ms
            return self._clear(rule, episode, now_ms)
        episode.calm_ms = 0
        episode.causes = episode.causes or list(finding.causes)  # the same cause, found later
        return None if silent else self._again(rule, episode, finding, now_ms)

    def _again(
        self, rule: Rule, episode: Episode, finding: Finding, now_ms: int
    ) -> dict[str, Any] | None:
        if SEVERITIES.index(finding.severity) > SEVERITIES.index(episode.severity):
            episode.severity = finding.severity
            return self._say(episode, "escalated", finding, now_ms)
        quiet_ms = now_ms - max(episode.said_ms, episode.worked_ms)
        if quiet_ms >= rule.cooldown_ms and not episode.acknowledged:
            return self._say(episode, "renewed", finding, now_ms)
        return None

    def settle(self, rules: Iterable[Rule], now_ms: int) -> list[dict[str, Any]]:
        """Clear what has been calm for long enough at event time `now_ms`."""
        known = {rule.name: rule for rule in rules}
        calm = [one for one in self.all() if one.calm_ms and one.rule in known]
        said = [self._clear(known[one.rule], one, now_ms) for one in calm]
        return [one for one in said if one is not None]

    def _clear(self, rule: Rule, episode: Episode, now_ms: int) -> dict[str, Any] | None:
        if now_ms - episode.calm_ms < rule.clear_after_ms:
            return None
        del self._open[_id(episode.rule, episode.scope)]
        self._cleared = [*self._cleared, episode][-MOST_CLEARED:]
        return self._say(episode, "cleared", Finding(scope=episode.scope, active=False), now_ms)

    def cleared(self) -> list[Episode]:
        """Return those that ended last, the oldest first."""
        return list(self._cleared)

    def next_sequence(self, action_id: str, otherwise: int) -> int:
        """Return the number of a further state of an action, open or not; counts it."""
        for episode in (*self._open.values(), *self._cleared):
            if episode.action_id == action_id:
                episode.sequence += 1
                return episode.sequence
        return otherwise + 1

    def result(self, record: Mapping[str, Any], now_ms: int | None = None) -> Episode | None:
        """Note an ActionResult on its episode and return it; None if it isn't known any more.

        `now_ms` (event time) bounds the time of a consumer whose clock is ahead.
        """
        for episode in (*self._open.values(), *self._cleared):
            if episode.action_id == record["action_id"]:
                _note(episode, record, now_ms)
                return episode
        return None

    def _explained(self, finding: Finding) -> bool:
        """Whether an open episode of the same product already names one of the causes."""
        causes = set(finding.causes)
        return any(
            causes & set(episode.causes)
            for episode in self._open.values()
            if _same_product(episode.scope, finding.scope)
        )

    def _open_one(self, rule: Rule, finding: Finding, now_ms: int) -> dict[str, Any]:
        kind, key = _decide(rule, finding)
        scope = finding.scope
        episode = Episode(
            rule=rule.name,
            scope=scope,
            start_ms=now_ms,
            said_ms=now_ms,
            action_id=derive("action", rule.name, *_pairs(scope), now_ms),
            kind=kind,
            key=key,
            severity=finding.severity,
            causes=list(finding.causes),
            evidence=finding.evidence,
            examples=finding.examples,
            parameters={**rule.parameters, **finding.parameters},
        )
        self._open[_id(rule.name, scope)] = episode
        return record_of(episode, "opened", now_ms)

    def _say(self, episode: Episode, state: str, finding: Finding, now_ms: int) -> dict[str, Any]:
        now_ms = max(now_ms, episode.said_ms)  # a late window doesn't take an episode back in time
        episode.sequence += 1
        episode.said_ms = now_ms
        if finding.evidence:
            episode.evidence = {
                **finding.evidence,
                "contributions": finding.evidence["contributions"]
                or episode.evidence["contributions"],
            }
        episode.examples = finding.examples or episode.examples
        return record_of(episode, state, now_ms)


def _decide(rule: Rule, finding: Finding) -> tuple[str, dict[str, str]]:
    """Return the kind of action and what it is about, from the causes the rule knows."""
    known = {cause.dimension: cause for cause in finding.causes}
    kind = next(
        (rule.by_cause[dimension] for dimension in rule.by_cause if dimension in known),
        rule.by_cause["otherwise"],
    )
    key = {name: value for name, value in finding.scope.items() if name != "tenant_id"}
    key.update({c.dimension: c.value for c in finding.causes if c.dimension != DRIFT})
    return kind, key


def record_of(episode: Episode, state: str, now_ms: int) -> dict[str, Any]:
    """Return the Action record of an episode as it is, without contents and effect."""
    return {
        "action_id": episode.action_id,
        "sequence": episode.sequence,
        "rule": episode.rule,
        "kind": episode.kind,
        "state": state,
        "tenant_id": episode.scope["tenant_id"],
        "key": dict(episode.key),
        "episode_start": episode.start_ms,
        "event_time": now_ms,
        "severity": episode.severity,
        "evidence": episode.evidence,
        "examples": list(episode.examples),
        "parameters": dict(episode.parameters),
    }


def _pairs(scope: dict[str, str]) -> Scope:
    return tuple(f"{name}={scope[name]}" for name in sorted(scope))


def _id(rule: str, scope: dict[str, str]) -> Scope:
    return (rule, *_pairs(scope))


def _same_product(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Whether two scopes may be about the same answers: a whole tenant has all of its segments."""
    return one["tenant_id"] == other["tenant_id"] and (
        one.get("segment") == other.get("segment") or "segment" not in one or "segment" not in other
    )


def _note(episode: Episode, record: Mapping[str, Any], now_ms: int | None) -> None:
    noted = (record["state"], record["event_time"])
    if noted not in episode.results:
        episode.results = [*episode.results, noted][-MOST_RESULTS:]
    if record["state"] == "acknowledged":
        episode.acknowledged = True
    if record["state"] == "executed":
        time_ms = record["event_time"] if now_ms is None else min(record["event_time"], now_ms)
        episode.worked_ms = max(episode.worked_ms, time_ms)
