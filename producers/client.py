"""What a service sends its events with; never blocks its caller.

    client = FeedbackClient(tenant_id="acme")
    inference_id = client.inference(session_id="s-1", model_version="m-7", prompt_version="p-3",
                                    latency_ms=812, input_tokens=96, output_tokens=210,
                                    messages=[{"role": "user", "content": question}],
                                    response=answer)
    client.thumbs(inference_id, "s-1", up=True)

A call checks and encodes the event (microseconds) and queues it; threads behind do the rest. With
the broker or the registry away events wait in bounded memory; when that is full, new ones go to
the `overflow`, which by default drops them, counted (`stats().refused`). Safe to use from many
threads. After a fork the child makes a client of its own: threads don't survive a fork.
"""

import atexit
import logging
import os
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self

from producers.courier import Courier, Delivery
from producers.envelope import Envelope, seal
from producers.overflow import Drop, Overflow
from producers.shortcuts import Shortcuts
from producers.tally import Stats, Tally
from schemas.errors import ConfigError, InvalidRecord
from schemas.records import Author, FeedbackKind, InteractionKind, Status
from schemas.settings import Settings, load_settings

log = logging.getLogger("feedloop.producer")
CLOSE_S: Final = 5.0  # how long the end of the process waits for deliveries


class FeedbackClient(Shortcuts):
    """Sends inferences, feedback and interactions to Kafka.

    `tenant_id` and `source` fill events that name none. `on_delivery` is told the fate of every
    event in a background thread. Settings default to environment and `feedloop.toml`.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        tenant_id: str | None = None,
        source: str = "unknown",
        on_delivery: Callable[[Delivery], None] | None = None,
        overflow: Overflow | None = None,
    ) -> None:
        self._settings = load_settings() if settings is None else settings
        self._tenant_id = tenant_id
        self._source = source
        self._overflow: Overflow = Drop() if overflow is None else overflow
        self._tally = Tally()
        self._pid = os.getpid()
        self._closed = False
        _warm_up(self._settings)
        self._courier = Courier(self._settings, self._tally, on_delivery)
        atexit.register(self.close)

    def inference(
        self,
        *,
        session_id: str,
        model_version: str,
        prompt_version: str,
        latency_ms: int,
        input_tokens: int,
        output_tokens: int,
        inference_id: str | None = None,
        tenant_id: str | None = None,
        user_id: str | None = None,
        event_time: int | None = None,
        segment: str | None = None,
        status: Status = "ok",
        error_type: str | None = None,
        cost_usd: float | None = None,
        language: str | None = None,
        prompt_topic: str | None = None,
        attributes: Mapping[str, str] | None = None,
        retrieved: Sequence[str | Mapping[str, Any]] = (),
        messages: Sequence[Mapping[str, str]] = (),
        response: str = "",
    ) -> str:
        """Send one answer of the model; return its inference_id (made here if not given).

        `event_time`: ms since 1970 UTC, default now. `retrieved`: document ids, or {"doc_id",
        "score"}; `messages`: {"role", "content"}. Raises InvalidRecord.
        """
        number = inference_id or str(uuid.uuid4())
        self._send(
            "inference",
            {
                "inference_id": number,
                "session_id": session_id,
                "user_id": user_id,
                "tenant_id": tenant_id or self._tenant_id,
                "event_time": event_time,
                "model_version": model_version,
                "prompt_version": prompt_version,
                "segment": segment,
                "status": status,
                "error_type": error_type,
                "latency_ms": latency_ms,
                "input_tokens": input_tokens,
                "output_tokens": output_tokens,
                "cost_usd": cost_usd,
                "language": language,
                "prompt_topic": prompt_topic,
                "attributes": dict(attributes or {}),
                "retrieved": [{"doc_id": d} if isinstance(d, str) else d for d in retrieved],
                "messages": list(messages),
                "response": response,
            },
        )
        return number

    def feedback(  # type: ignore[override]  # the general form of the base, spelled out
        self,
        *,
        inference_id: str,
        session_id: str,
        kind: FeedbackKind,
        value: float | None = None,
        event_id: str | None = None,
        tenant_id: str | None = None,
        user_id: str | None = None,
        event_time: int | None = None,
        author: Author = "user",
        source: str | None = None,
        retracts: str | None = None,
        label: str | None = None,
        comment: str | None = None,
        correction: str | None = None,
    ) -> str:
        """Send one explicit signal; return its event_id (made here if not given).

        Raises InvalidRecord.
        """
        number = event_id or str(uuid.uuid4())
        self._send(
            "feedback",
            {
                "event_id": number,
                "inference_id": inference_id,
                "session_id": session_id,
                "user_id": user_id,
                "tenant_id": tenant_id or self._tenant_id,
                "event_time": event_time,
                "kind": kind,
                "value": value,
                "author": author,
                "source": source or self._source,
                "retracts": retracts,
                "label": label,
                "comment": comment,
                "correction": correction,
            },
        )
        return number

    def interaction(  # type: ignore[override]  # the general form of the base, spelled out
        self,
        *,
        session_id: str,
        kind: InteractionKind,
        inference_id: str | None = None,
        value: float | None = None,
        event_id: str | None = None,
        tenant_id: str | None = None,
        user_id: str | None = None,
        event_time: int | None = None,
        target: str | None = None,
        edited_text: str | None = None,
    ) -> str:
        """Send one implicit signal; return its event_id (made here if not given).

        Raises InvalidRecord.
        """
        number = event_id or str(uuid.uuid4())
        self._send(
            "interaction",
            {
                "event_id": number,
                "inference_id": inference_id,
                "session_id": session_id,
                "user_id": user_id,
                "tenant_id": tenant_id or self._tenant_id,
                "event_time": event_time,
                "kind": kind,
                "value": value,
                "target": target,
                "edited_text": edited_text,
            },
        )
        return number

    def stats(self) -> Stats:
        """Return what became of the events so far."""
        return self._tally.stats()

    @property
    def problem(self) -> str | None:
        """Why events wait in memory (broker or registry away, topic missing), or None."""
        return self._courier.problem

    def flush(self, timeout_s: float = 10.0) -> int:
        """Wait until all that was accepted is delivered or failed; return how many are not yet."""
        return self._tally.wait_idle(timeout_s)

    def close(self, timeout_s: float = CLOSE_S) -> int:
        """Flush, then stop; return how many events were lost because time ran out."""
        if self._closed or os.getpid() != self._pid:
            return 0
        self._closed = True
        atexit.unregister(self.close)
        left = self.flush(timeout_s)
        self._courier.stop(timeout_s)
        if left:
            log.error("closed with %d events undelivered: %s", left, self.problem or "no time left")
        return left

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _send(self, kind: str, fields: dict[str, Any]) -> None:
        now_ms = time.time_ns() // 1_000_000
        if fields["event_time"] is None:
            fields["event_time"] = now_ms
        try:
            envelope = seal(kind, fields, self._settings.stage, now_ms)
        except InvalidRecord:
            self._tally.add("invalid")
            raise
        self._queue(envelope)

    def _queue(self, envelope: Envelope) -> None:
        if os.getpid() != self._pid:
            raise ConfigError(
                f"this FeedbackClient belongs to process {self._pid}, its threads did not survive "
                "the fork; make one in each process, after the fork"
            )
        if not self._closed:
            # Counted first: a delivery must not be counted before its acceptance.
            self._tally.add("accepted")
            if self._courier.offer(envelope):
                return
            self._tally.take_back()
        if not self._closed and self._overflow.take(envelope):
            self._tally.add("spilled")
        elif self._tally.add("refused") == 1:
            log.error("the queue is full, events are being dropped: %s", self.problem or "too fast")


def _warm_up(settings: Settings) -> None:
    """Pay for parsing schemas and building decoders now and not in the first call."""
    who = {"session_id": "-", "tenant_id": "-", "event_time": 1_000_000_000_000}
    inference = {
        "inference_id": "-",
        **who,
        "model_version": "-",
        "prompt_version": "-",
        "status": "ok",
        "latency_ms": 0,
        "input_tokens": 0,
        "output_tokens": 0,
    }
    now_ms = who["event_time"]
    assert isinstance(now_ms, int)
    seal("inference", inference, settings.stage, now_ms)
    said = {"event_id": "-", "inference_id": "-", **who, "kind": "comment", "author": "user"}
    seal("feedback", {**said, "source": "-"}, settings.stage, now_ms)
    seal("interaction", {"event_id": "-", **who, "kind": "copy"}, settings.stage, now_ms)
