"""What each event adds to the sums of its window, and what a retract takes away; pure."""

from typing import Any

from schemas.polarity import is_rated, polarity
from schemas.topics import FEEDBACK_REDACTED
from stream_jobs.join.config import JoinConfig
from stream_jobs.join.heads import Event
from stream_jobs.join.signals import KeptSignal
from stream_jobs.window.windows import OpenWindows, WindowKey, key_of

Head = dict[str, Any]
"""An inference's fields up to `retrieved`."""


def open_windows(config: JoinConfig, partition: int, snapshot: bytes) -> OpenWindows:
    """Return the windows of `snapshot`, or none if it is empty. Raises CorruptStateError."""
    if snapshot:
        return OpenWindows.restore(snapshot, config.window_ms, partition, config.partitions)
    return OpenWindows(config.window_ms, partition, config.partitions)


def count_inference(windows: OpenWindows, event: Event) -> None:
    """Count an inference."""
    windows.inference(event.head)
    _count_redactions(windows, event, event.head)


def count_signal(
    windows: OpenWindows,
    event: Event,
    about: Head | None,
    enriched: dict[str, Any],
    *,
    retracted: bool,
) -> None:
    """Count a signal by its own event time, under the key of the inference it is about.

    `enriched`: join_status, polarity, lag_ms, edit_ratio. A signal that was taken back before it
    was counted counts as one of those, and judges nothing; the edit it may be stays one.
    """
    head, kind = event.head, event.head["kind"]
    explicit = event.topic == FEEDBACK_REDACTED.name
    measures: dict[str, Any] = {
        "explicit": explicit,
        "polarity": enriched["polarity"],
        "rated": explicit and is_rated(kind, head["value"]),
        "join_status": enriched["join_status"],
        "lag_ms": enriched["lag_ms"],
        "edit_ratio": enriched["edit_ratio"] if kind == "edit" else None,
        "author": head.get("author"),
    }
    place: tuple[int, str, str] = (head["event_time"], head["tenant_id"], kind)
    windows.signal(*place, inference_head=about, **measures)
    if retracted:
        measures["edit_ratio"] = None  # as in `take_back`, which no longer knows it
        windows.signal(*place, inference_head=about, sign=-1, **measures)
    _count_redactions(windows, event, about)


def take_back(
    windows: OpenWindows, kept: KeptSignal, tenant_id: str, about: Head | None, join_status: str
) -> None:
    """Undo what a counted signal added; `about` is the inference of both, it and its retract."""
    windows.signal(
        kept.event_time,
        tenant_id,
        kept.kind,
        inference_head=about,
        explicit=kept.topic == FEEDBACK_REDACTED.name,
        polarity=kept.polarity,
        rated=kept.rated,
        join_status=join_status,
        lag_ms=None if about is None else kept.event_time - about["event_time"],
        author=kept.author,
        sign=-1,
    )


def count_duplicate(
    windows: OpenWindows, event: Event, about: Head | None, event_time: int
) -> None:
    """Count that a signal was sent again, dated `event_time`."""
    windows.sums(event_time, _key(event, about)).duplicates += 1


def keep(event: Event, inference_key: str, session_key: str) -> KeptSignal:
    """Return what is remembered of a signal."""
    head = event.head
    explicit = event.topic == FEEDBACK_REDACTED.name
    return KeptSignal(
        head["event_time"],
        event.arrival_ms,
        event.offset,
        event.topic,
        head["kind"],
        polarity(head["kind"], head["value"]),
        explicit and is_rated(head["kind"], head["value"]),
        head.get("author"),
        inference_key,
        session_key,
    )


def _count_redactions(windows: OpenWindows, event: Event, about: Head | None) -> None:
    if event.redactions:
        sums = windows.sums(event.head["event_time"], _key(event, about))
        sums.add_redactions(event.redactions)


def _key(event: Event, about: Head | None) -> WindowKey:
    return WindowKey(event.head["tenant_id"]) if about is None else key_of(about)
