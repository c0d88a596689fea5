"""The loop experiment without its pipeline: facts, products, people, reviewers, handlers, score."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from deploy.experiment.humans import MENDING_DAYS, SUSPICIOUS, Humans
from deploy.experiment.loop_team import LoopTeam, NothingToDo, handlers
from deploy.experiment.people import Asked, People
from deploy.experiment.product import KNOWN, LEAST_EXAMPLES, UNKNOWN, Product
from deploy.experiment.report import csv, plot, repairs_table
from deploy.experiment.score import Score, repairs, summary
from deploy.experiment.world import BY_NAME, CHANGES, SUBJECTS, Change, World, fact
from producers.actions import Action, Declined, Done
from schemas.records import check_event

WORLD = World()
START_MS = 1_780_000_000_000
DOCUMENT, POLICY, TOPIC = CHANGES[0], CHANGES[1], CHANGES[2]


def people(sessions: int = 200) -> People:
    return People(7, WORLD, START_MS, sessions)


def test_changes_name_subjects_whose_knowledge_lies_there() -> None:
    where = {"stale document": "document", "changed policy": "prompt", "new topic": "model"}
    assert all(BY_NAME[c.subject].source == where[c.kind] for c in CHANGES)
    assert all(BY_NAME[c.subject].since == c.day for c in CHANGES if c.kind == "new topic")
    assert len({thing for s in SUBJECTS for thing in s.things}) == 3 * len(SUBJECTS)


@pytest.mark.parametrize("change", [DOCUMENT, POLICY, TOPIC], ids=lambda c: c.kind)
def test_a_change_hurts_until_it_is_mended_in_its_own_way(change: Change) -> None:
    subject, day = BY_NAME[change.subject], change.day
    product = Product()
    assert product.right(subject, WORLD, day - 1) == (UNKNOWN if subject.since else KNOWN)
    assert product.right(subject, WORLD, day) == UNKNOWN
    mended = {
        "document": product.indexed([subject.doc_id], WORLD, day),
        "prompt": product.told([f"It is {WORLD.fact(subject, day)}."]),
        "model": product.trained_on([f"about the {subject.things[1]}"] * LEAST_EXAMPLES),
    }
    for source, other in mended.items():
        assert other.right(subject, WORLD, day) == (KNOWN if source == subject.source else UNKNOWN)


def test_little_helps_little() -> None:
    topic, policy = BY_NAME[TOPIC.subject], BY_NAME[POLICY.subject]
    few = Product().trained_on([topic.things[0]] * (LEAST_EXAMPLES - 1))
    assert few.right(topic, WORLD, TOPIC.day) == UNKNOWN
    old = Product().told([fact(policy, 0), "No!"])
    assert old.right(policy, WORLD, POLICY.day) == UNKNOWN
    assert Product().indexed(["kb-nobody", "kb-orders-01"], WORLD, 40).index == {}


def test_versions_follow_changes() -> None:
    assert Product().told(["a", "a"]).prompt_version == "p-2"
    assert Product().told(["a"]).told(["a"]).prompt_version == "p-2"
    assert Product().trained_on([]).model_version == "m-2"


def test_a_day_is_the_same_for_all_teams_but_for_what_their_products_know() -> None:
    mended = Product().indexed([f"kb-{DOCUMENT.subject}"], WORLD, 40)
    one, other = people().day("a", Product(), 40), people().day("b", mended, 40)
    assert [a.subject for a in one.answers] == [b.subject for b in other.answers]
    differ = {
        a.subject.name
        for a, b in zip(one.answers, other.answers, strict=True)
        if a.right != b.right
    }
    assert differ == {DOCUMENT.subject}
    assert not {a.inference_id for a in one.answers} & {b.inference_id for b in other.answers}


def test_every_event_is_a_valid_one_and_tells_no_truth() -> None:
    day = people().day("a", Product(), 120)
    ids: list[str] = []
    for _, kind, fields in day.events:
        check_event(kind, fields, START_MS + 200 * 86_400_000, 0)
        ids.append(fields.get("event_id") or fields["inference_id"])
        assert not {"right", "subject"} & set(fields)
    assert len(ids) == len(set(ids))
    assert day.events == sorted(day.events, key=lambda event: event[0])


def test_wrong_answers_are_blamed_and_right_ones_seldom() -> None:
    rates: dict[bool, list[float]] = {True: [], False: []}
    for day in range(60, 66):
        played = people(400).day("a", Product(), day)
        right = {a.inference_id: a.right for a in played.answers}
        for _, _, fields in played.events:
            if fields.get("kind") == "thumbs":
                rates[right[fields["inference_id"]]].append(fields["value"] < 0)
    assert sum(rates[False]) / len(rates[False]) > 0.7
    assert sum(rates[True]) / len(rates[True]) < 0.1


def wrong(subject: str, count: int) -> list[Asked]:
    return [Asked(str(n), BY_NAME[subject], right=False) for n in range(count)]


def test_reviewers_mend_what_they_saw_twice_some_days_later() -> None:
    humans, day = Humans(WORLD), DOCUMENT.day + 2
    humans.review(wrong(DOCUMENT.subject, SUSPICIOUS - 1), day - 7)
    assert humans.planned == []
    humans.review(wrong(DOCUMENT.subject, 1), day)
    product = humans.mend(Product(), day + MENDING_DAYS - 1)
    assert product == Product()
    product = humans.mend(product, day + MENDING_DAYS)
    assert product.right(BY_NAME[DOCUMENT.subject], WORLD, day + MENDING_DAYS) == KNOWN


def test_the_score_is_what_was_lost() -> None:
    score = Score()
    change = CHANGES[0]
    subject = BY_NAME[change.subject]
    for day in range(100):
        bad = change.day <= day < change.day + 10
        score.add([Asked("i", subject, right=not bad or n < 1) for n in range(4)])
    assert score.start == 1.0
    assert score.decay == 0.0
    assert score.repair_days(change) == 10 - 1  # a week with one bad day is mostly good
    assert score.mean_loss == pytest.approx(100 * (10 * 3 / 4) / 72)
    done, days = repairs(score, [change])
    assert (done, days) == (1, 9)
    never = Score()
    for day in range(50):
        never.add([Asked("i", subject, right=day < change.day)])
    assert repairs(never, [change]) == (0, 50 - change.day)
    told = summary({"a": score}, {"a": {"review": 2}})
    assert told["a"]["actions"] == 2
    assert csv({"a": score}).count("\n") == 101
    assert "● b" not in plot({"a": score})


def test_changes_that_never_came_are_not_listed_as_never_mended() -> None:
    score = Score()
    for _ in range(50):
        score.add([Asked("i", BY_NAME[CHANGES[0].subject], right=True)])
    assert repairs_table({"a": score}).row_count == sum(change.day < 50 for change in CHANGES) == 2


def action(kind: str, **contents: Any) -> Action:
    return Action(
        action_id="a1",
        sequence=0,
        rule="r",
        kind=kind,
        state="opened",
        tenant_id="closed_loop",
        key={"segment": "orders"},
        episode_start=0,
        event_time=0,
        severity="warning",
        evidence={},
        examples=[],
        parameters={},
        contents={"clusters": [], "documents": [], "dataset": None, "missing": [], **contents},
    )


def said(text: str, kind: str = "correction") -> dict[str, Any]:
    return {"comments": [{"inference_id": "i", "kind": kind, "text": text}]}


def test_handlers_use_what_the_action_carries(tmp_path: Path) -> None:
    team = LoopTeam(WORLD, tmp_path, day=POLICY.day)
    policy, document = BY_NAME[POLICY.subject], BY_NAME[DOCUMENT.subject]
    with pytest.raises(NothingToDo):
        team.handle(action("prompt_tuning", clusters=[said("bad", "comment")]))
    true = f"The {policy.things[0]} is now by {WORLD.fact(policy, POLICY.day)}."
    answer = team.handle(action("prompt_tuning", clusters=[said(true)]))
    assert isinstance(answer, Done)
    assert answer.new_prompt_version == "p-2"
    assert team.product.right(policy, WORLD, POLICY.day) == KNOWN
    team.handle(action("rag_reindex", documents=[{"doc_id": document.doc_id}]))
    assert team.product.right(document, WORLD, POLICY.day) == KNOWN


def test_training_reads_the_dataset_that_the_action_names(tmp_path: Path) -> None:
    topic = BY_NAME[TOPIC.subject]
    turns = [[{"role": "user", "content": f"How does the {topic.things[0]} work?"}]]
    (tmp_path / "inferences").mkdir()
    pq.write_table(
        pa.table({"messages": turns * LEAST_EXAMPLES}), tmp_path / "inferences/f.parquet"
    )
    files = [{"path": "inferences/f.parquet"}, {"path": "signals/none.parquet"}]
    (tmp_path / "manifest.json").write_text(json.dumps({"files": files}))
    team = LoopTeam(WORLD, tmp_path, day=TOPIC.day)
    with pytest.raises(NothingToDo, match="away"):
        team.handle(action("retrain", missing=["away"]))
    answer = team.handle(action("retrain", dataset={"manifest": "manifest.json", "rows": 20}))
    assert isinstance(answer, Done)
    assert answer.new_model_version == "m-2"
    assert team.product.right(topic, WORLD, TOPIC.day) == KNOWN
    with pytest.raises(NothingToDo, match="nothing new"):
        team.handle(action("retrain", dataset={"manifest": "manifest.json", "rows": 20}))
    assert team.product.model_version == "m-2"


def test_who_does_not_answer_declines(tmp_path: Path) -> None:
    without = LoopTeam(WORLD, tmp_path, without="retrain")
    assert isinstance(without.handle(action("retrain")), Declined)
    (retrain,) = [h for h in handlers({"other": without}) if h.kind == "retrain"]
    assert isinstance(retrain(action("retrain")), Declined)
