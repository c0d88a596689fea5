"""Windows close once and in order; what comes later is a delta; a restart changes nothing."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import CorruptStateError
from stream_jobs.window.windows import OpenWindows
from tests.unit.test_window_sums import head

MINUTE = 60_000


def thumb(windows: OpenWindows, time: int, answer: dict[str, Any] | None) -> None:
    windows.signal(
        time,
        "t",
        "thumbs",
        explicit=True,
        polarity=-1,
        rated=True,
        join_status="orphan" if answer is None else "matched",
        lag_ms=10,
        inference_head=answer,
    )


def spans(records: list[dict[str, Any]]) -> list[tuple[int, int]]:
    return [(r["window_start"] // MINUTE, r["sums"]["inferences"]) for r in records]


def test_a_window_closes_when_the_watermark_reaches_its_end() -> None:
    windows = OpenWindows(MINUTE, 0, 4)
    for time in (0, 59_999, 60_000):
        windows.inference(head(event_time=time))
    assert windows.close(59_999) == []
    assert spans(windows.close(60_000)) == [(0, 2)]
    assert windows.close(60_000) == windows.close(0) == []
    windows.inference(head(event_time=30_000))  # too late: a delta, not a window that opens again
    assert spans(windows.close(120_000)) == [(1, 1)]
    assert spans(windows.drain_late()) == [(0, 1)]
    assert windows.drain_late() == []


def test_a_signal_counts_at_its_own_time_under_its_inference() -> None:
    windows = OpenWindows(MINUTE, 0, 1)
    thumb(windows, 61_000, head(event_time=0, segment=None))
    thumb(windows, 61_000, None)
    keys = [
        (r["window_start"], r["model_version"], r["segment"], r["sums"]["negative"])
        for r in windows.flush()
    ]
    assert keys == [(60_000, "", "", 1), (60_000, "m1", "", 1)]


def test_after_a_flush_later_windows_still_open() -> None:
    windows = OpenWindows(MINUTE, 0, 1)
    windows.inference(head(event_time=0))
    assert spans(windows.flush()) == [(0, 1)]
    assert windows.flush() == []
    windows.inference(head(event_time=1))
    windows.inference(head(event_time=MINUTE))
    assert spans(windows.flush()) == [(0, 1), (1, 1)]


steps = st.lists(
    st.tuples(st.sampled_from(["inference", "signal", "close", "drain"]), st.integers(0, 400_000)),
    max_size=20,
)


def run(given: list[tuple[str, int]], cut: int | None) -> list[Any]:
    windows, out = OpenWindows(MINUTE, 2, 4), []
    for i, (step, time) in enumerate(given):
        if i == cut:
            windows = OpenWindows.restore(windows.snapshot(), MINUTE, 2, 4)
        if step == "inference":
            windows.inference(head(event_time=time))
        elif step == "signal":
            thumb(windows, time, head(event_time=0))
        else:
            out.append(windows.close(time) if step == "close" else windows.drain_late())
    return [*out, windows.flush()]


@given(steps)
def test_a_restart_anywhere_changes_nothing(given: list[tuple[str, int]]) -> None:
    whole = run(given, None)
    assert all(run(given, cut) == whole for cut in range(len(given)))
    records = [r for batch in whole for r in batch]
    counted = sum(r["sums"]["inferences"] for r in records)
    assert counted == sum(step == "inference" for step, _ in given)


@pytest.mark.parametrize("data", [b"", b"\x09abc", b"\x01abc"])
def test_state_that_is_not_ours_is_refused(data: bytes) -> None:
    with pytest.raises(CorruptStateError, match=r"reset|version"):
        OpenWindows.restore(data, MINUTE, 0, 1)


def test_another_window_length_is_refused() -> None:
    data = OpenWindows(MINUTE, 0, 1).snapshot()
    with pytest.raises(CorruptStateError, match="60000"):
        OpenWindows.restore(data, 1000, 0, 1)
