"""The body of a delivery, by template: the whole action, or what Slack or GitHub takes; pure."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from sinks.columns import ORIGIN
from sinks.tables import ACTIONS_TABLE

Action = dict[str, Any]
MOST_COMMENTS: Final = 3
COLOURS: Final = {"critical": "#d62728", "warning": "#ff9900", "info": "#1f77b4"}


def action_of(row: Mapping[str, Any]) -> Action:
    """Return the Action record of a row of table `actions`; times in ms since 1970 UTC."""
    action: Action = {}
    for column in ACTIONS_TABLE.columns:
        if column in ORIGIN:
            continue
        place = action
        for name in column.path[:-1]:
            place = place.setdefault(name, {})
        place[column.path[-1]] = _plain(row[column.name])
    if all(value is None for value in action["effect"].values()):
        action["effect"] = None
    for name in ("dataset", "comparison"):
        if all(value is None for value in action["contents"][name].values()):
            action["contents"][name] = None
    return action


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return int(value.timestamp() * 1000)
    if isinstance(value, list):
        if value and isinstance(value[0], tuple):
            return {name: _plain(one) for name, one in value}  # how Arrow gives a map
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return value


def headline(action: Action) -> str:
    """Return one line: state, kind, tenant and where."""
    where = ", ".join(f"{name} {value}" for name, value in sorted(action["key"].items()))
    return f"{action['state']}: {action['kind']} for {action['tenant_id']} ({where or 'all'})"


def why(action: Action) -> str:
    """Return one line of evidence, or of the effect."""
    effect = action["effect"]
    if effect is not None:
        before, after = (_number(effect[f"rate_{end}"]) for end in ("before", "after"))
        return f"{effect['verdict']}: {effect['metric']} {before} → {after}"
    evidence = action["evidence"]
    said = f"{evidence['metric']} {_number(evidence['observed'])}"
    if evidence["baseline"] is not None:
        said += f", was {_number(evidence['baseline'])}"
    return f"{said}, n={evidence['n']}"


def _number(value: float | None) -> str:
    return "?" if value is None else f"{value:.3g}"


def plain(action: Action) -> Any:
    """Return the Action record as it is."""
    return action


def slack(action: Action) -> Any:
    """Return the message of a Slack incoming webhook."""
    quotes = [
        f"> {comment['text']}"
        for cluster in action["contents"]["clusters"]
        for comment in cluster["comments"][:1]
    ][:MOST_COMMENTS]
    when = datetime.fromtimestamp(action["event_time"] / 1000, UTC).isoformat(timespec="seconds")
    lines = [why(action), f"rule {action['rule']}, {when}, `{action['action_id']}`", *quotes]
    return {
        "text": _escaped(headline(action)),
        "attachments": [
            {
                "color": COLOURS.get(action["severity"], COLOURS["info"]),
                "text": "\n".join(map(_slack_line, lines)),
            }
        ],
    }


def _slack_line(line: str) -> str:
    return "> " + _escaped(line[2:]) if line.startswith("> ") else _escaped(line)


def _escaped(text: str) -> str:
    """Return `text` as Slack wants it: users' words must make no link and call nobody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def github(action: Action) -> Any:
    """Return a `repository_dispatch` event: what starts a workflow of GitHub Actions."""
    payload = {
        "action_id": action["action_id"],
        "sequence": action["sequence"],
        "state": action["state"],
        "kind": action["kind"],
        "tenant_id": action["tenant_id"],
        "key": action["key"],
        "evidence": action["evidence"],
        "parameters": action["parameters"],
        "contents": action["contents"],
        "effect": action["effect"],
    }
    return {"event_type": f"feedloop_{action['kind']}", "client_payload": payload}


TEMPLATES: Final[dict[str, Callable[[Action], Any]]] = {
    "json": plain,
    "slack": slack,
    "github": github,
}


def body(template: str, action: Action) -> bytes:
    """Return the body of a delivery as JSON in UTF-8."""
    return json.dumps(TEMPLATES[template](action), ensure_ascii=False).encode()
