"""Plays the months: each day goes through the real pipeline, then the teams do their work."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.experiment.humans import Humans, sample_of
from deploy.experiment.line import answering
from deploy.experiment.loop_team import LoopTeam, handlers
from deploy.experiment.people import DAY_MS, Asked, Day, People
from deploy.experiment.product import Product
from deploy.experiment.score import WEEK, Score
from deploy.experiment.world import World
from deploy.records import read
from producers.bulk import Bulk
from producers.envelope import seal
from schemas.settings import Settings
from schemas.topics import ACTION_RESULTS, ACTIONS

Progress = Callable[[int], None]
"""Told each day that is over."""


@dataclass(frozen=True)
class Plan:
    """What to play. `sessions` a day and team; `ablation`: also the loop without one kind each."""

    seed: int
    days: int
    sessions: int
    start_ms: int
    ablation: bool = True


class Play:
    """All teams over all days, on a running stack; `on_day` is told each day that is over."""

    def __init__(self, settings: Settings, plan: Plan) -> None:
        self._settings, self._plan = settings, plan
        self._world = World()
        self._people = People(plan.seed, self._world, plan.start_ms, plan.sessions)
        self._humans = Humans(self._world)
        self._read: list[Asked] = []
        cold = Path(settings.parquet.path)
        self._loops = {
            name: LoopTeam(self._world, cold, without)
            for name, without in _loops(ablation=plan.ablation).items()
        }
        self._products = {"static": Product(), "human_only": Product()}
        self.scores = {name: Score() for name in (*self._products, *self._loops)}
        self._day = 0

    def run(self, first: int, last: int, on_day: Progress) -> None:
        """Play the days `first` to `last`, the last one excluded. Raises FatalError."""
        bulk = Bulk(self._settings)
        with answering(handlers(self._loops), self._settings, self._tonight) as line:
            for day in range(first, last):
                self._play_day(bulk, day)
                line.settle(f"day {day}")
                on_day(day)

    def _play_day(self, bulk: Bulk, day: int) -> None:
        self._day = day
        self._products["human_only"] = self._humans.mend(self._products["human_only"], day)
        played: dict[str, Day] = {}
        for name in self.scores:
            team = self._loops.get(name)
            if team is not None:
                team.day = day
            product = self._products[name] if team is None else team.product
            played[name] = self._people.day(name, product, day)
            self.scores[name].add(played[name].answers)
        self._send(bulk, played)
        self._review(played["human_only"].answers, day)

    def _send(self, bulk: Bulk, played: Mapping[str, Day]) -> None:
        now_ms = time.time_ns() // 1_000_000
        events = sorted(
            (event for day in played.values() for event in day.events), key=lambda e: e[0]
        )
        for _, kind, fields in events:
            bulk.send(seal(kind, fields, self._settings.stage, now_ms))
        bulk.finish()

    def _review(self, answers: list[Asked], day: int) -> None:
        self._read += answers
        if day % WEEK == WEEK - 1:
            self._humans.review(sample_of(self._read, f"{self._plan.seed}:{day}"), day)
            self._read = []

    def _tonight(self) -> int:
        """Return the simulated time at which today's work is done."""
        return self._plan.start_ms + (self._day + 1) * DAY_MS


def _loops(*, ablation: bool) -> dict[str, str]:
    """Return {team: the kind of action that it ignores}."""
    teams = {"closed_loop": ""}
    if ablation:
        teams |= {
            "no_prompt_tuning": "prompt_tuning",
            "no_rag_reindex": "rag_reindex",
            "no_retrain": "retrain",
        }
    return teams


def told_by_actions(settings: Settings) -> dict[str, Counter[str]]:
    """Return {tenant: {kind: actions opened}} from the topic."""
    found: dict[str, Counter[str]] = {}
    for record in read(settings, ACTIONS):
        if record["state"] == "opened":
            found.setdefault(record["tenant_id"], Counter())[record["kind"]] += 1
    return found


def results_of(settings: Settings, tenant: str) -> Counter[str]:
    """Return {state: results} of one tenant's actions."""
    return Counter(
        record["state"]
        for record in read(settings, ACTION_RESULTS)
        if record["tenant_id"] == tenant
    )
