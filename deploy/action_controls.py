"""What a person says of actions: found by id, and written as records of action-results."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from producers.results import Results
from schemas.errors import ConfigError
from schemas.registry import Registry
from schemas.settings import Settings

Record = dict[str, Any]
UNITS: Final = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}
LEAST_ID: Final = 6  # characters of an id that must be given


def duration_ms(text: str) -> int:
    """Return `30m`, `12h` or `7d` in ms. Raises ConfigError for anything else."""
    found = re.fullmatch(r"([1-9]\d{0,5})([mhd])", text.strip())
    if found is None:
        raise ConfigError(f"{text!r} is no duration; expected e.g. 30m, 12h or 7d")
    return int(found[1]) * UNITS[found[2]]


def pairs(texts: Iterable[str]) -> dict[str, str]:
    """Return `name=value` texts as a mapping. Raises ConfigError for anything else."""
    made: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise ConfigError(f"{text!r} is no name=value; expected e.g. segment=web")
        made[name] = value
    return made


def states_of(actions: Iterable[Record], action_id: str) -> list[Record]:
    """Return all states of the one action whose id begins with `action_id`, in their order.

    Raises ConfigError if there is none, or more than one.
    """
    if len(action_id) < LEAST_ID:
        raise ConfigError(f"give at least {LEAST_ID} characters of the action's id")
    found = [one for one in actions if one["action_id"].startswith(action_id)]
    ids = sorted({one["action_id"] for one in found})
    if not ids:
        raise ConfigError(f"no action {action_id} in the topic; `feedloop actions` lists them")
    if len(ids) > 1:
        raise ConfigError(f"{action_id} could be {', '.join(ids)}: give more of the id")
    once = {one["sequence"]: one for one in found}
    return [once[number] for number in sorted(once)]


def control(
    state: str,
    tenant_id: str,
    by: str,
    now_ms: int,
    *,
    action_id: str = "",
    rule: str | None = None,
    key: Mapping[str, str] | None = None,
    until: int | None = None,
    detail: str | None = None,
) -> Record:
    """Return the ActionResult that says it."""
    return {
        "action_id": action_id,
        "tenant_id": tenant_id,
        "state": state,
        "event_time": now_ms,
        "by": by,
        "detail": detail,
        "rule": rule,
        "key": dict(key or {}),
        "until": until,
    }


def place_of(action: Mapping[str, Any]) -> dict[str, str]:
    """Return where a mute of an action's rule applies: its product, and the document if it is one.

    Versions are left out: the next one may have the same trouble, and the rule looks at products.
    """
    scope = (
        ("segment", "doc_id")
        if action["evidence"]["metric"] == "doc_negative_rate"
        else ("segment",)
    )
    return {name: action["key"][name] for name in scope if name in action["key"]}


def write(settings: Settings, record: Record) -> None:
    """Write `record` and wait until the broker has it. Raises RegistryDown, BrokerDown."""
    registry = Registry(settings.registry, settings.kafka.topic_prefix)
    Results(settings, registry).send(record, lambda: None)
