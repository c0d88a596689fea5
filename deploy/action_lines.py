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
    why = evidence(action) if action.get("effect") is None else effect(action["effect"])
    return (
        f"{at} {action['severity']:<8} {action['state']:<9} {action['rule']} → {action['kind']} "
        f"[{where}] {why}"
    )


def effect(measured: dict[str, Any]) -> str:
    """Return what the work changed, e.g. `helped: negative_rate 31.0 % → 9.0 % …`."""
    metric = measured["metric"]
    rates = [
        "?" if rate is None else number(metric, rate)
        for rate in (measured["rate_before"], measured["rate_after"])
    ]
    low, high = (f"{measured[f'difference_{end}'] * 100:+.1f}" for end in ("low", "high"))
    return (
        f"{measured['verdict']}: {metric} {rates[0]} → {rates[1]}, difference {low} to {high} "
        f"points, n={measured['n_before']:,} and {measured['n_after']:,}"
    )


def details(action: dict[str, Any]) -> list[str]:
    """Return what an action carries, a line for each part."""
    contents = action["contents"]
    lines = [f"id        {action['action_id']}", f"contents  {contents['state']}"]
    lines += [f"missing   {one}" for one in contents["missing"]]
    for cluster in contents["clusters"]:
        lines.append(f"complaint {cluster['size']} about {', '.join(cluster['terms'])}")
        lines += [f"          “{comment['text']}”" for comment in cluster["comments"]]
    for one in contents["documents"]:
        low, high = (number("rate", one[f"interval_{end}"]) for end in ("low", "high"))
        lines.append(
            f"document  {one['doc_id']}: {one['negative']} of {one['rated']} rated down "
            f"({low} to {high})"
        )
        lines += [f"          asked: “{query}”" for query in one["queries"]]
    lines += [
        f"review    {one['inference_id']} ({one['reason']}, {one['score']:.2f})"
        for one in contents["queue"]
    ]
    if (dataset := contents["dataset"]) is not None:
        lines.append(
            f"dataset   {dataset['manifest']}: {dataset['rows']:,} signals in "
            f"{dataset['files']:,} files, sha256 {dataset['sha256']}"
        )
    if (versions := contents["comparison"]) is not None:
        lines.append(
            f"rollback  {versions['dimension']} {versions['from_version']} → "
            f"{versions['to_version']}: {versions['difference'] * 100:+.1f} points "
            f"({versions['difference_low'] * 100:+.1f} to {versions['difference_high'] * 100:+.1f})"
        )
    if action["examples"]:
        lines.append(f"examples  {', '.join(action['examples'])}")
    return lines


def result_line(result: dict[str, Any]) -> str:
    """Return what somebody did or said about an action."""
    at = datetime.fromtimestamp(result["event_time"] / 1000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    versions = [result[f"new_{name}_version"] for name in ("model", "prompt")]
    parts = [*(f"new version {v}" for v in versions if v), result["detail"] or ""]
    said = "; ".join(part for part in parts if part)
    return f"{at} {result['state']} by {result['by']}" + (f": {said}" if said else "")


def evidence(action: dict[str, Any], shares: int = 1) -> str:
    """Return metric, observed value, baseline, samples, and the `shares` most telling shares."""
    why = action["evidence"]
    metric = why["metric"]
    said = f"{metric} {number(metric, why['observed'])}"
    if why["baseline"] is not None:
        said += f", was {number(metric, why['baseline'])}"
    said += f", n={why['n']:,}"
    return "; ".join([said, *map(contribution, telling(action)[:shares])])


def telling(action: dict[str, Any]) -> list[dict[str, Any]]:
    """Return who carries the change: first what the action names itself, then by share.

    A segment with one model version has it behind all of every change, which says nothing: what
    the action was aimed at comes first.
    """

    def order(part: dict[str, Any]) -> tuple[bool, float]:
        return action["key"].get(part["dimension"]) != part["value"], -part["share"]

    return sorted(action["evidence"]["contributions"], key=order)


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
