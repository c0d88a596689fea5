"""Rules tried on the past tell what decide told, and how false or how late they were."""

from typing import Any

from deploy.history import key_of, sums_of
from stream_jobs.decide.rehearse import Rehearsal, Trouble, rehearse
from stream_jobs.window.record import sums_from_record, sums_to_record
from stream_jobs.window.windows import WindowKey
from tests.unit.test_decide_logic import MINUTE, SHIPPED, World, actions, partials, run
from tests.unit.test_window_sums import head, summed

WORSE = World(1, prompt_from=45)


def windows(outs: list[Any]) -> list[tuple[int, dict[WindowKey, Any]]]:
    """Return the windows that decide wrote, as they are stored."""
    found: dict[int, dict[WindowKey, Any]] = {}
    for out in outs:
        if out.topic == "metrics":
            key = WindowKey(*(out.record[name] for name in WindowKey._fields))
            found.setdefault(out.record["window_start"], {})[key] = sums_from_record(
                out.record["sums"]
            )
    return sorted(found.items())


OUTS = run(SHIPPED, list(partials(WORSE.play(), 1)))


def tried(troubles: list[Trouble] | None) -> Rehearsal:
    return rehearse(SHIPPED.rules, windows(OUTS), MINUTE, troubles=troubles)


def test_a_rehearsal_tells_what_decide_told() -> None:
    done, (live,) = tried(None), actions(OUTS)
    (told,) = done.episodes
    assert (told.rule, told.kind, told.key) == (live["rule"], live["kind"], live["key"])
    assert told.opened_ms == live["event_time"]
    assert (done.windows >= 119, done.products, done.false_alarms) == (True, 1, None)


def test_the_delay_is_from_the_start_of_the_trouble() -> None:
    done = tried([Trouble(45 * MINUTE, "t", "web")])
    (told,) = done.episodes
    assert (told.false, done.false_alarms, done.missed) == (False, 0, 0)
    assert told.delay_ms == told.opened_ms - 45 * MINUTE
    rated = sum(s.rated for at, keys in windows(OUTS) for s in keys.values() if at >= 45 * MINUTE)
    assert told.delay_rated is not None
    assert 0 < told.delay_rated < rated


def test_where_nothing_was_wrong_every_alarm_is_false() -> None:
    done = tried([])
    assert (done.false_alarms, done.missed, done.episodes[0].false) == (1, 0, True)
    assert done.false_alarms_per_week is not None
    assert 70 < done.false_alarms_per_week < 90  # one in about two hours


def test_a_trouble_elsewhere_is_missed_and_the_alarm_false() -> None:
    done = tried([Trouble(45 * MINUTE, "t", "app")])
    assert (done.false_alarms, done.missed) == (1, 1)


def test_no_windows_no_verdict() -> None:
    done = rehearse(SHIPPED.rules, [], MINUTE, troubles=[])
    assert (done.windows, done.episodes, done.false_alarms_per_week) == (0, [], None)


def test_a_row_of_the_store_is_the_sums_it_came_from() -> None:
    sums = summed([head(prompt_bytes=3), head(inference_id="i2", language="de")])
    record = sums_to_record(sums)
    row = {"tenant_id": "t", "model_version": "m", "prompt_version": "", "segment": "s"}
    for name, value in record.items():
        if isinstance(value, dict) and set(value) == {"n", "sum", "sum_squares"}:
            row |= {f"{name}_{part}": number for part, number in value.items()}
        else:
            row[name] = value
    assert sums_of(row) == sums
    assert key_of(row) == WindowKey("t", "m", "", "s")
