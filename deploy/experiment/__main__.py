"""python -m deploy.experiment: six simulated months of three teams through the real pipeline."""

import json
import logging
import os
import sys
import time
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import Progress

from deploy.cli import INTERRUPTED
from deploy.context import settings_for
from deploy.experiment.people import DAY_MS
from deploy.experiment.play import Plan, Play, results_of, told_by_actions
from deploy.experiment.report import csv, show
from deploy.experiment.score import BEFORE, summary
from deploy.experiment.world import DAYS
from deploy.hot_store import connect
from deploy.local.launch import Plan as StackPlan
from deploy.local.launch import halt, start
from deploy.local.layout import Layout
from deploy.local.temporary import stack_for
from deploy.search.topic_fit import fit_topics
from schemas.errors import FeedloopError

HOUR_MS: Final = 3_600_000
_PIPE_WIDTH: Final = 140
SETTINGS: Final = {
    # Six months pass in minutes, so windows are wide and nothing waits long by the wall clock.
    "DECIDE_WINDOW_MS": str(3 * HOUR_MS),
    "JOIN_ALIGN_WAIT_MS": "250",
    "JOIN_ARRIVAL_HOLD_MS": "20000",
    "JOIN_SESSION_HOLD_MS": "2000",
    "KAFKA_PARTITIONS": "1",
    "STAGE_COMMIT_INTERVAL_MS": "400",
    "STAGE_SESSION_TIMEOUT_MS": "180000",  # on a busy machine nobody is taken for dead too soon
    "SINK_PARQUET_LINGER_MS": "10000",
    "REDACT_SPACY_MODEL": "none",  # nobody is named in these texts: patterns and lists suffice
    "CLICKHOUSE_BODY_TTL_DAYS": "400",  # the first day lies half a year back
    "DECIDE_RULES_FILE": str(Path(__file__).with_name("rules.yaml")),
}
TEACH_FROM: Final = 7
"""The topic model is fitted on the prompts from this day until the first change."""
TOPICS: Final = 24


def main(
    seed: Annotated[int, typer.Option(help="Another seed is another half year.")] = 7,
    days: Annotated[int, typer.Option(min=40, max=DAYS, help="How many days.")] = DAYS,
    sessions: Annotated[int, typer.Option(min=50, help="A day and team.")] = 400,
    ablation: Annotated[
        bool, typer.Option(help="Also the loop without one kind of action each.")
    ] = True,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write accuracy by day as CSV.")
    ] = None,
    keep: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep the stack's data here.")
    ] = None,
) -> None:
    """Compare a static product, one reviewed by people, and one that answers feedloop's actions.

    The last line is one JSON object; docs/experiment.md says what is assumed.
    """
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_PIPE_WIDTH)
    logging.getLogger("feedloop.handlers").setLevel(logging.CRITICAL)  # failures are in results
    os.environ |= {f"FEEDLOOP_{name}": value for name, value in SETTINGS.items()}
    start_ms = (time.time_ns() // 1_000_000 // DAY_MS - days - 1) * DAY_MS
    plan = Plan(seed, days, sessions, start_ms, ablation)
    with stack_for("experiment", keep) as folder:
        settings = settings_for(folder)
        play = Play(settings, plan)
        with Progress(console=console, transient=True) as bar:
            task = bar.add_task("days", total=days)
            play.run(0, min(BEFORE, days), lambda day: bar.update(task, completed=day + 1))
            _teach(folder, plan)
            play.run(BEFORE, days, lambda day: bar.update(task, completed=day + 1))
        told: dict[str, Any] = dict(summary(play.scores, told_by_actions(settings)))
        told["closed_loop"]["results"] = dict(sorted(results_of(settings, "closed_loop").items()))
    show(console, play.scores, told)
    if out is not None:
        out.write_text(csv(play.scores))
    print(json.dumps({"seed": seed, "days": days, "sessions": sessions, **told}), flush=True)


def _teach(folder: Path, plan: Plan) -> None:
    """Fit the topic model on the calm days, and start the stages again with it."""
    layout = Layout(folder.absolute())
    file = folder / "topics.npz"
    from_ms, to_ms = (plan.start_ms + day * DAY_MS for day in (TEACH_FROM, BEFORE))
    model, _ = fit_topics(connect(settings_for(folder)), from_ms, to_ms, TOPICS)
    file.write_bytes(model.to_bytes())
    os.environ["FEEDLOOP_REDACT_TOPIC_MODEL"] = str(file.absolute())
    halt(layout)
    start(layout, StackPlan(follow_parent=True), lambda _: None)


if __name__ == "__main__":
    try:
        typer.run(main)
    except FeedloopError as error:
        print(f"loop-experiment: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
