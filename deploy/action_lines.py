"""An action event as one line for a person; pure."""

from datetime import UTC, datetime
from typing import Any, Final

STYLES: Final = {"critical": "bold red", "warning": "yellow", "info": "cyan"}
"""The colour of a line by severity (rich's names)."""

_RATES: Final = ("rate", "share")


def line(action: dict[str, Any]) -> str:
    """Return time, state, rule, where, and why, e.g. `12:00:03 opened negative-rate …`."""
    where = " ".join([action["tenant_id"], *_pairs(action["key"])])
    at = datetime.fromtimestamp(action["event_time"] / 1000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    return (
        f"{at} {action['severity']:<8} {action['state']:<9} {action['rule']} → {action['kind']} "
        f"[{where}] {evidence(action['evidence'])}"
    )


def evidence(why: dict[str, Any]) -> str:
    """Return metric, observed value, baseline, samples and who carries the change."""
    metric = why["metric"]
    said = f"{metric} {number(metric, why['observed'])}"
    if why["baseline"] is not None:
        said += f", was {number(metric, why['baseline'])}"
    said += f", n={why['n']:,}"
    if why["contributions"]:
        said += f"; {contribution(max(why['contributions'], key=lambda c: c['share']))}"
    return said


def contribution(part: dict[str, Any]) -> str:
    """Return who carries how much of the change, e.g. `81 % from prompt_version p2`."""
    return f"{part['share']:.0%} from {part['dimension']} {part['value']}".replace("%", " %")


def number(metric: str, value: float) -> str:
    """Return a rate as a percentage, anything else with three digits."""
    if metric.endswith(_RATES):
        return f"{value * 100:.1f} %"
    return f"{value:.3g}"


def _pairs(key: dict[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in sorted(key.items()) if name != "tenant_id"]
