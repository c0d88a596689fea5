"""Whether what the loop found is what the simulator knows to be true; pure.

Every figure of `Found` is measured on the topics and stores; nothing of `Truth` flows into it.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from producers.world.truth import Expected, Truth

_BEFORE_MS: Final = 60_000
"""An episode may start with the window that a problem falls into."""


@dataclass(frozen=True)
class Found:
    """What lies on the topics and in the stores after a drain."""

    sent: int  # records in the raw topics, controls left out
    inferences: int
    enriched: int  # rows of signals, derived abandonments included
    enriched_cold: int  # the same in the Parquet files
    matched: int
    late: int
    orphans: int
    abandonments: int
    duplicates: int
    dead_letters: int
    redactions: int
    leaks: tuple[str, ...]  # types of personal data of which a value is left in a stored text
    waiting: int
    prompts: dict[
        tuple[str, str, str], tuple[int, int]
    ]  # (tenant, segment, prompt): rated, negative
    actions: list[dict[str, Any]] = field(default_factory=list)  # opened, as on the topic

    def summary(self, differences: list[str]) -> dict[str, Any]:
        """Return the last line of the demo."""
        names = ("sent", "inferences", "enriched", "matched", "orphans", "late", "abandonments")
        counts = {name: getattr(self, name) for name in names}
        return {
            **counts,
            "duplicates": self.duplicates,
            "dead_letters": self.dead_letters,
            "redactions": self.redactions,
            "actions": [{"rule": a["rule"], "key": key_of(a)} for a in self.actions],
            "truth_ok": not differences,
        }


def key_of(action: dict[str, Any]) -> dict[str, str]:
    """Return where an action applies, its tenant included."""
    return {"tenant_id": action["tenant_id"], **action["key"]}


def differences(found: Found, truth: Truth) -> list[str]:
    """Return one line for each thing that is not as it should be; [] if all is."""
    expected = {
        "sent": truth.events,
        "inferences": truth.inferences,
        "enriched": truth.enriched,
        "enriched_cold": truth.enriched,
        "matched": truth.count("matched"),
        "late": truth.count("late"),
        "orphans": truth.count("orphan"),
        "abandonments": len(truth.abandonments),
        "duplicates": truth.duplicates,
        "dead_letters": 0,
        "waiting": 0,
    }
    lines = [
        f"{name}: found {getattr(found, name):,}, true is {value:,}"
        for name, value in expected.items()
        if getattr(found, name) != value
    ]
    return [*lines, *_prompts(found, truth), *_personal(found, truth), *_actions(found, truth)]


def _prompts(found: Found, truth: Truth) -> list[str]:
    true = {
        key: (rated, truth.negative_by_prompt[key])
        for key, rated in truth.rated_by_prompt.items()
        if rated
    }
    return [
        f"prompt {' '.join(key)}: found {found.prompts.get(key)}, true is {true.get(key)} "
        "(rated, negative)"
        for key in sorted({*true, *found.prompts})
        if found.prompts.get(key) != true.get(key)
    ]


def _personal(found: Found, truth: Truth) -> list[str]:
    lines = [f"personal data left in a stored text: {kind}" for kind in found.leaks]
    planted = sum(map(len, truth.planted.values()))
    if found.redactions < planted:
        lines.append(f"redactions: found {found.redactions:,}, at least {planted:,} were planted")
    return lines


def _actions(found: Found, truth: Truth) -> list[str]:
    lines = [
        f"no action for {e.problem} in {e.tenant_id} {e.segment}: one of {', '.join(e.kinds)} "
        f"was due, naming {e.names or 'the segment'}"
        for e in truth.expected_actions
        if not any(answers(action, e) for action in found.actions)
    ]
    return lines + [
        f"action without a reason: {action['rule']} {key_of(action)}"
        for action in found.actions
        if not any(_about(action, e) and not _blames(action, e) for e in truth.expected_actions)
    ]


def answers(action: dict[str, Any], expected: Expected) -> bool:
    """Whether `action` is one that `expected` asks for."""
    return (
        _about(action, expected)
        and action["kind"] in expected.kinds
        and all(names(action, name, value) for name, value in expected.names.items())
    )


def _about(action: dict[str, Any], expected: Expected) -> bool:
    return bool(
        action["tenant_id"] == expected.tenant_id
        and action["key"].get("segment") == expected.segment
        and action["event_time"] >= expected.from_ms - _BEFORE_MS
    )


def _blames(action: dict[str, Any], expected: Expected) -> bool:
    """Whether `action` is aimed at somebody else than who is at fault."""
    return any(action["key"].get(name, value) != value for name, value in expected.names.items())


def names(action: dict[str, Any], dimension: str, value: str) -> bool:
    """Whether `action` says that `value` of `dimension` is at fault: by key, parameter or share."""
    if action["key"].get(dimension) == value or action["parameters"].get(dimension) == value:
        return True
    parts = [c for c in action["evidence"]["contributions"] if c["dimension"] == dimension]
    return bool(parts) and max(parts, key=lambda c: float(c["share"]))["value"] == value
