"""feedloop reference: what products were like in a named period; drift is measured against it."""

import re
import time
from typing import Annotated, Any

import msgspec
import typer

from deploy.context import DEFAULT_DATA, AsJson, DataDir, settings_for
from deploy.history import Span, windows
from deploy.hot_store import connect
from deploy.moments import moment, period_of
from deploy.references import LEAST, compared, find, stored, taken, write
from deploy.tables import print_table
from schemas.errors import ConfigError

HOUR_MS = 3_600_000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")

Name = Annotated[str, typer.Argument(metavar="NAME", help="A name, or name@version.")]
Tenant = Annotated[str | None, typer.Option("--tenant", metavar="ID", help="Only this tenant.")]
Segment = Annotated[str | None, typer.Option("--segment", metavar="NAME", help="Only this one.")]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    reference = typer.Typer(
        no_args_is_help=True, help="Take, list and compare references for drift rules."
    )
    for command in (create, show, compare, delete):
        reference.command(command.__name__)(command)
    reference.command("list")(list_all)
    app.add_typer(reference, name="reference")


def create(
    since: Annotated[str, typer.Option("--from", metavar="WHEN", help="7d, or an ISO 8601 time.")],
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="What rules call it.")],
    until: Annotated[str, typer.Option("--to", metavar="WHEN", help="Its end; 0s is now.")] = "0s",
    tenant: Tenant = None,
    segment: Segment = None,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Take a reference from a period of the hot store; a name that exists gets a new version.

    Rules that say `reference: NAME` compare with it from their next sample on.
    """
    if not _NAME.fullmatch(name):
        raise ConfigError(f"--name {name}: expected letters, digits, `_`, `.` or `-`, at most 64")
    now_ms = time.time_ns() // 1_000_000
    period = (*period_of(since, until, now_ms), now_ms)
    settings = settings_for(data)
    version = 1 + max((r["version"] for r in stored(settings) if r["name"] == name), default=0)
    span = Span(*period[:2], tenant, segment)
    records = taken(windows(connect(settings), span, HOUR_MS), name, version, period)
    if not records:
        raise ConfigError(
            f"no product had {LEAST} inferences from {moment(period[0])} to {moment(period[1])}: "
            "take a longer period; the view metrics_by_day shows what there is"
        )
    write(settings, records)
    _list(records, as_json)


def list_all(as_json: AsJson = False, data: DataDir = DEFAULT_DATA) -> None:
    """Show all references: names, versions, products, periods."""
    _list(stored(settings_for(data)), as_json)


def _list(records: list[dict[str, Any]], as_json: bool) -> None:
    columns = ("reference", "tenant", "segment", "from", "to", "inferences")
    rows = [
        (
            f"{r['name']}@{r['version']}",
            r["tenant_id"],
            r["segment"],
            moment(r["from_time"]),
            moment(r["to_time"]),
            r["inferences"],
        )
        for r in records
    ]
    _print(columns, rows, as_json)


def show(
    name: Name,
    tenant: Tenant = None,
    segment: Segment = None,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Show what a reference holds: each feature's values and how often they came."""
    rows = [
        (f"{r['name']}@{r['version']}", r["tenant_id"], r["segment"], feature, *_told(counts))
        for r in stored(settings_for(data))
        if name in (r["name"], f"{r['name']}@{r['version']}")
        and tenant in (None, r["tenant_id"])
        and segment in (None, r["segment"])
        for feature, counts in r["features"].items()
    ]
    if not rows:
        raise ConfigError(f"no reference {name}: `feedloop reference list` shows what there is")
    columns = ("reference", "tenant", "segment", "feature", "counted", "values", "most frequent")
    _print(columns, rows, as_json)


def _told(counts: dict[str, int]) -> tuple[int, int, str]:
    frequent = sorted(counts, key=lambda value: -counts[value])[:3]
    return sum(counts.values()), len(counts), ", ".join(f"{v}: {counts[v]}" for v in frequent)


def compare(
    one: Name,
    other: Name,
    tenant: Annotated[str, typer.Option("--tenant", metavar="ID", help="Whose product.")],
    segment: Segment = None,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Show how far each feature moved from one reference to another, by every distance.

    With 95 % intervals. `chi_square` is over its degrees of freedom: 1 is what chance gives;
    `wasserstein` is in standard deviations of the first reference.
    """
    scope = {"tenant_id": tenant} | ({} if segment is None else {"segment": segment})
    records = stored(settings_for(data))
    found = compared(find(records, one, scope), find(records, other, scope))
    columns = ("feature", "distance", "value", "low", "high")
    _print(columns, [(f, d, *(round(v, 6) for v in at)) for f, d, at in found], as_json)


def delete(
    name: Annotated[str, typer.Argument(metavar="NAME@VERSION", help="Which version.")],
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Take a version away; rules that use its name go on with the newest that is left."""
    settings = settings_for(data)
    gone = [r for r in stored(settings) if name == f"{r['name']}@{r['version']}"]
    if not gone:
        raise ConfigError(
            f"no reference {name}: expected NAME@VERSION as `reference list` shows it"
        )
    empty = {"features": {}, "versions": {}, "dispersion": {}, "inferences": 0}
    write(settings, [{**record, **empty, "deleted": True} for record in gone])
    print(f"{name} is gone for {len(gone)} products")


def _print(columns: tuple[str, ...], rows: list[tuple[Any, ...]], as_json: bool) -> None:
    if as_json:
        found = [dict(zip(columns, row, strict=True)) for row in rows]
        print(msgspec.json.encode(found).decode())
    else:
        print_table(columns, rows, whole=columns[:1])
