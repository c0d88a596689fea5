"""Simulated traffic: the truth it tells is checked against its records by an account of its own."""

from collections import Counter
from typing import Any

import pytest

from producers.playback import paced
from producers.simulate import Traffic, simulate
from producers.world.scenarios import DEFAULT_EVENTS, SCENARIOS
from producers.world.session import Timed
from producers.world.truth import WindowKey
from schemas.errors import ConfigError
from schemas.ids import abandonment_id
from schemas.polarity import is_rated, polarity
from schemas.records import check_event
from schemas.settings import JoinSettings

START_MS = 1_790_000_000_000
JOIN = JoinSettings()
SEED = 7


@pytest.fixture(scope="module", params=SCENARIOS)
def traffic(request: pytest.FixtureRequest) -> tuple[Traffic, list[Timed]]:
    traffic = simulate(request.param, SEED, 4_000, START_MS)
    return traffic, list(traffic)


Made = tuple[Traffic, list[Timed]]


def inferences(events: list[Timed]) -> dict[str, dict[str, Any]]:
    return {e.fields["inference_id"]: e.fields for e in events if e.kind == "inference"}


def distinct(events: list[Timed]) -> dict[str, Timed]:
    return {e.fields["event_id"]: e for e in events if e.kind != "inference"}


def test_it_makes_as_many_records_as_asked_in_order_of_arrival(traffic: Made) -> None:
    made, events = traffic
    assert len(events) == made.truth.events == 4_000
    assert Counter(e.kind for e in events) == made.truth.sent
    arrivals = [e.arrival_ms for e in events]
    assert arrivals == sorted(arrivals)
    assert arrivals[0] >= START_MS
    assert max(*arrivals, *(e.fields["event_time"] for e in events)) <= made.last_ms


def test_every_record_is_valid(traffic: Made) -> None:
    made, events = traffic
    for event in events:
        check_event(event.kind, event.fields, made.last_ms, 0)


def test_the_same_seed_gives_the_same_records_and_another_seed_others() -> None:
    first, again, other = (list(simulate("demo", s, 800, START_MS)) for s in (1, 1, 2))
    assert first == again
    assert first != other
    later = list(simulate("demo", 1, 800, START_MS + 60_000))
    assert [e.fields["event_time"] - 60_000 for e in later] == [
        e.fields["event_time"] for e in first
    ]


def test_statuses_follow_from_the_records(traffic: Made) -> None:
    made, events = traffic
    known = inferences(events)
    statuses = {}
    for event_id, event in distinct(events).items():
        about = known.get(event.fields["inference_id"])
        lag_ms = event.fields["event_time"] - about["event_time"] if about else 0
        late = lag_ms > JOIN.window_ms
        statuses[event_id] = "orphan" if about is None else ("late" if late else "matched")
        if about is not None:  # far from every border, whatever the order of arrival
            assert about["session_id"] == event.fields["session_id"]
            assert abs(lag_ms - JOIN.window_ms) >= 600_000
            assert late or lag_ms <= JOIN.session_gap_ms - 600_000
    truth = made.truth
    assert statuses == truth.statuses
    assert truth.signals == len(statuses)
    assert truth.duplicates == 4_000 - len(known) - len(statuses)
    assert truth.early == sum(
        e.fields["event_time"] < known[e.fields["inference_id"]]["event_time"]
        for e in distinct(events).values()
        if e.fields["inference_id"] in known
    )
    for count in (truth.duplicates, truth.early, truth.count("late"), truth.count("orphan")):
        assert count > 0


def test_duplicates_are_the_same_signal_again(traffic: Made) -> None:
    _, events = traffic
    seen: dict[str, Timed] = {}
    for event in events:
        if event.kind == "inference":
            continue
        first = seen.setdefault(event.fields["event_id"], event)
        assert first.fields == event.fields


def test_windows_follow_from_the_records(traffic: Made) -> None:
    made, events = traffic
    known, signals = inferences(events), distinct(events)
    windows: dict[WindowKey, Counter[str]] = {}

    def counts(at_ms: int, about: dict[str, Any] | None, tenant_id: str) -> Counter[str]:
        where = (
            (about["model_version"], about["prompt_version"], about["segment"])
            if about
            else ("", "", "")
        )
        key = WindowKey(at_ms // 60_000 * 60_000, tenant_id, *where)
        return windows.setdefault(key, Counter())

    for fields in known.values():
        here = counts(fields["event_time"], fields, fields["tenant_id"])
        here["inferences"] += 1
        names = {"error": "errors", "refused": "refusals", "timeout": "timeouts"}
        here[names.get(fields["status"], "fine")] += 1
    taken_back = {e.fields["retracts"] for e in signals.values() if e.fields["kind"] == "retract"}
    for event_id, event in signals.items():
        fields = event.fields
        about = known.get(fields["inference_id"])
        here = counts(fields["event_time"], about, fields["tenant_id"])
        status = made.truth.statuses[event_id]
        here["orphans" if status == "orphan" else status] += 1
        value = fields.get("value")
        rated = event.kind == "feedback" and is_rated(fields["kind"], value)
        if rated and event_id not in taken_back:
            here[
                {1: "positive", -1: "negative", 0: "neutral"}[polarity(fields["kind"], value)]
            ] += 1
    told = {key: +counts for key, counts in made.truth.windows.items()}
    for found in windows.values():
        found.pop("fine", None)
    assert told == windows
    assert taken_back == made.truth.retracted
    assert taken_back <= signals.keys()


def test_abandonments_follow_from_the_session_rule(traffic: Made) -> None:
    made, events = traffic
    last: dict[str, dict[str, Any]] = {}
    for fields in inferences(events).values():
        current = last.setdefault(fields["session_id"], fields)
        if fields["event_time"] >= current["event_time"]:
            last[fields["session_id"]] = fields
    saved = set()
    for event in distinct(events).values():
        fields = event.fields
        about = last.get(fields["session_id"])
        if about is None or fields["event_time"] > about["event_time"] + JOIN.session_gap_ms:
            continue
        good = polarity(fields["kind"], fields.get("value")) > 0
        if fields["kind"] == "session_end" or (
            good and fields["inference_id"] == about["inference_id"]
        ):
            saved.add(fields["session_id"])
    expected = {
        abandonment_id(f["tenant_id"], f["session_id"], f["inference_id"])
        for session, f in last.items()
        if session not in saved
    }
    assert made.truth.abandonments == expected
    assert made.truth.enriched == made.truth.signals + len(expected)


def test_planted_values_lie_in_the_texts(traffic: Made) -> None:
    made, events = traffic
    texts = "\n".join(str(event.fields) for event in events)
    planted = [(kind, v) for kind, values in made.truth.planted.items() for v in values]
    assert len(planted) > 100
    assert all(value in texts for _, value in planted)
    assert len(made.truth.planted) == 7


def test_planted_values_pass_the_checks_of_their_kind() -> None:
    luhn = pytest.importorskip("stdnum.luhn")
    iban = pytest.importorskip("stdnum.iban")
    ssn = pytest.importorskip("stdnum.us.ssn")
    phonenumbers = pytest.importorskip("phonenumbers")
    made = simulate("steady", SEED, 4_000, START_MS)
    for _ in made:
        pass
    planted = made.truth.planted
    assert all(luhn.is_valid(v.replace(" ", "")) for v in planted["CREDIT_CARD"])
    assert all(iban.is_valid(v) for v in planted["IBAN_CODE"])
    assert all(ssn.is_valid(v) for v in planted["US_SSN"])
    for number in planted["PHONE_NUMBER"]:
        assert phonenumbers.is_valid_number(phonenumbers.parse(number))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_demo_has_enough_before_and_after_each_problem(seed: int) -> None:
    made = simulate("demo", seed, DEFAULT_EVENTS, START_MS)
    events = list(made)
    known = inferences(events)
    assert [e.problem for e in made.truth.expected_actions] == [
        "input_shift",
        "prompt_regression",
        "bad_document",
    ]
    for expected in made.truth.expected_actions:
        here = {i: f for i, f in known.items() if f["segment"] == expected.segment}
        before, after = Counter[int](), Counter[int]()
        for event in distinct(events).values():
            value = event.fields.get("value")
            if event.fields["inference_id"] not in here or event.kind != "feedback":
                continue
            if is_rated(event.fields["kind"], value):
                side = before if event.fields["event_time"] < expected.from_ms else after
                side[polarity(event.fields["kind"], value)] += 1
        if expected.problem == "input_shift":
            dates = [f["event_time"] >= expected.from_ms for f in here.values()]
            assert min(sum(dates), len(dates) - sum(dates)) >= 500
        else:
            assert before.total() >= 375
            assert after.total() >= 150
            assert before[-1] / before.total() < 0.12
            assert after[-1] / after.total() > 0.2


def test_a_shift_changes_language_and_length() -> None:
    made = simulate("shift", SEED, 2_000, START_MS)
    (expected,) = made.truth.expected_actions
    known = inferences(list(made)).values()
    after = [
        f
        for f in known
        if f["segment"] == expected.segment and f["event_time"] >= expected.from_ms + 3_600_000 / 2
    ]
    before = [f for f in known if f["event_time"] < expected.from_ms]
    german = sum(f["language"] == "de" for f in after)
    assert german / len(after) > 0.7
    assert all(f["language"] == "en" for f in before)

    def length(of: list[dict[str, Any]]) -> float:
        return sum(f["input_tokens"] for f in of) / len(of)

    assert length(after) > 1.5 * length(before)


def test_truth_as_json_has_the_numbers_a_check_needs() -> None:
    made = simulate("demo", SEED, 1_000, START_MS)
    for _ in made:
        pass
    truth = made.truth.to_json()
    assert truth["events"] == 1_000
    assert truth["matched"] + truth["late"] + truth["orphans"] == truth["signals"]
    assert truth["inferences"] + truth["signals"] + truth["duplicates"] == 1_000
    assert sum(row.get("inferences", 0) for row in truth["windows"]) == truth["inferences"]


def test_an_unknown_scenario_names_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="steady, regression, bad_document, shift, demo"):
        simulate("chaos", 1, 10, START_MS)


@pytest.mark.parametrize("count", [1, 5, 13, 14, 100])
def test_small_counts_are_exact(count: int) -> None:
    made = simulate("steady", SEED, count, START_MS)
    assert len(list(made)) == made.truth.events == count


class Clock:
    """A clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


EVENTS = [Timed(ms, "interaction", {}) for ms in (5_000, 6_000, 9_000)]


@pytest.mark.parametrize(
    ("pace", "expected"),
    [
        ({}, [0.0, 0.0, 0.0]),
        ({"speed": 10.0}, [0.0, 0.1, 0.4]),
        ({"rate": 2.0}, [0.0, 0.5, 1.0]),
    ],
)
def test_paced_waits_until_each_event_is_due(pace: dict[str, float], expected: list[float]) -> None:
    clock = Clock()
    times = [clock() - 100.0 for _ in paced(EVENTS, clock=clock, sleep=clock.sleep, **pace)]
    assert times == pytest.approx(expected)
