"""Episodes: a problem is said once, again if it grows or lasts, and once when it is over.

opened → escalated (severity rises) → renewed (after the cooldown, while it lasts) → cleared.
The action_id is the UUIDv5 of rule, scope and start: a consumer that acts once per action_id acts
once per episode. One cause gives one action: while an episode of a product names a version or a
document, what another rule finds there with the same cause opens nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from schemas.ids import derive
from stream_jobs.act.evidence import DRIFT, Cause
from stream_jobs.act.rules import Rule

SEVERITIES: Final = ("info", "warning", "critical")
MOST_RESULTS: Final = 8

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


class Episodes:
    """The open episodes of one decide partition, by rule and scope."""

    def __init__(self, episodes: Sequence[Episode] = ()) -> None:
        self._open = {_id(episode.rule, episode.scope): episode for episode in episodes}

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
        if episode is None:
            if not finding.active or self._explained(finding):
                return None
            return self._open_one(rule, finding, now_ms)
        if not finding.active:
            del self._open[_id(rule.name, finding.scope)]
            return self._say(episode, "cleared", finding, now_ms)
        if SEVERITIES.index(finding.severity) > SEVERITIES.index(episode.severity):
            episode.severity = finding.severity
            return self._say(episode, "escalated", finding, now_ms)
        if now_ms - episode.said_ms >= rule.cooldown_ms:
            return self._say(episode, "renewed", finding, now_ms)
        return None

    def result(self, record: Mapping[str, Any]) -> bool:
        """Note an ActionResult on its episode; False if none with that action_id is open."""
        for episode in self._open.values():
            if episode.action_id == record["action_id"]:
                noted = (record["state"], record["event_time"])
                if noted not in episode.results:
                    episode.results = [*episode.results, noted][-MOST_RESULTS:]
                return True
        return False

    def _explained(self, finding: Finding) -> bool:
        """Whether an open episode of the same product already names one of the causes."""
        causes = set(finding.causes)
        return any(
            causes & set(episode.causes)
            for episode in self._open.values()
            if _product(episode.scope) == _product(finding.scope)
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
        return _record(episode, "opened", now_ms)

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
        return _record(episode, state, now_ms)


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


def _record(episode: Episode, state: str, now_ms: int) -> dict[str, Any]:
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


def _product(scope: dict[str, str]) -> tuple[str, str]:
    return scope["tenant_id"], scope.get("segment", "")
