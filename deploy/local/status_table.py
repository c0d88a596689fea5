"""The status of a stack for people."""

from typing import Any, Final

from deploy.tables import print_table

_COLUMNS: Final = ("part", "state", "pid", "restarts", "lag", "commit age", "address")
_MESSAGE_LINES: Final = 6


def print_status(told: dict[str, Any]) -> None:
    """Print what `deploy.local.status.status` told: a table, and the words of what is down."""
    addresses = {
        "kafka": told["kafka"]["bootstrap"],
        "registry": told["registry"]["url"],
        "clickhouse-server": f"http://{told['clickhouse']['host']}:{told['clickhouse']['port']}",
        "parquet": told["parquet"]["path"],
    }
    rows = [_row(part, addresses.get(part["name"])) for part in told["parts"]]
    print_table(_COLUMNS, rows, whole=("part", "state", "address"))
    for part in told["parts"]:
        if part["message"]:
            lines = part["message"].splitlines()[-_MESSAGE_LINES:]
            print(f"{part['name']}: " + "\n    ".join(lines))
    for part in told["parts"]:
        if part.get("redactions"):
            counts = sorted(part["redactions"].items(), key=lambda entry: (-entry[1], entry[0]))
            shown = ", ".join(f"{kind} {count:,}" for kind, count in counts)
            print(f"{part['name']} replaced since its start: {shown}")
    letters = told["dead_letters"]
    print(f"dead letters: {'unknown, Kafka does not answer' if letters is None else letters}")


def _row(part: dict[str, Any], address: str | None) -> tuple[object, ...]:
    age = part["commit_age_s"]
    shown_age = None if age is None else f"{age:.1f} s"
    figures = (part["pid"], part["restarts"], part["lag"], shown_age)
    return part["name"], part["state"], *figures, address
