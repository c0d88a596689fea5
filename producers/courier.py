"""Carries envelopes to Kafka from a thread of its own; `offer` never waits for the network.

Until the registry has given the schema ids and the broker has shown its topics, envelopes lie in
the backlog. From then on `offer` hands them straight to librdkafka, whose queue is bounded by the
same settings and whose own threads do the work. The courier's thread connects, moves the backlog
over in small bursts (so that it never keeps callers from running), and takes delivery reports.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Producer

from producers.backlog import Backlog
from producers.connection import check_topics, producer_config, schema_ids
from producers.envelope import Envelope
from producers.tally import Tally
from schemas.errors import FatalError, RetriableError
from schemas.registry import Registry
from schemas.settings import Settings

log = logging.getLogger("feedloop.producer")

BURST: Final = 32  # envelopes moved at once: about 0.1 ms in which callers may have to wait
POLL_S: Final = 0.1
CONNECT_S: Final = 2.0
BACKOFF_S: Final = (0.2, 0.5, 1.0, 2.0, 5.0)


@dataclass(frozen=True, slots=True)
class Delivery:
    """The fate of one event: `error` is None when Kafka has it at `partition`, `offset`."""

    topic: str
    event_id: str
    error: str | None
    partition: int | None
    offset: int | None


class Courier:
    """One producer, its backlog and its thread."""

    def __init__(
        self,
        settings: Settings,
        tally: Tally,
        on_delivery: Callable[[Delivery], None] | None,
    ) -> None:
        self.problem: str | None = None  # why events wait, for a person to read
        self._settings = settings
        self._tally = tally
        self._on_delivery = on_delivery
        self._prefix = settings.kafka.topic_prefix
        self._registry = Registry(settings.registry, self._prefix)
        self._ids: dict[str, int] = {}
        self._backlog = Backlog(settings.producer.max_queued, settings.producer.max_queued_bytes)
        self._lock = threading.Lock()
        self._ready = False
        self._broken = False
        self._stop = threading.Event()
        self._producer = self._new_producer()
        self._thread = threading.Thread(target=self._run, name="feedloop-courier", daemon=True)
        self._thread.start()

    def offer(self, envelope: Envelope) -> bool:
        """Return whether `envelope` was queued; False if there is no room."""
        if not self._ready:
            with self._lock:
                if not self._ready:
                    return self._backlog.put(envelope)
        return self._produce(envelope)

    def stop(self, timeout_s: float) -> None:
        """End the thread; what is still queued is lost (flush before)."""
        self._stop.set()
        self._thread.join(timeout_s)
        self._producer.purge()
        self._producer.flush(0)

    def _new_producer(self) -> Producer:
        config = producer_config(self._settings)
        return Producer({**config, "error_cb": self._on_error, "logger": log})

    def _run(self) -> None:
        failures = 0
        while not self._stop.is_set():
            if self._broken:
                self._replace_producer()
            if self._ready:
                self._producer.poll(POLL_S)
            elif self._connect():
                failures = 0
                self._move_backlog()
            else:
                self._producer.poll(0)  # serves librdkafka's log lines and errors
                self._stop.wait(BACKOFF_S[min(failures, len(BACKOFF_S) - 1)])
                failures += 1

    def _connect(self) -> bool:
        try:
            # The broker first: librdkafka looks for it without the interpreter, so callers run on.
            check_topics(self._producer, self._settings, CONNECT_S)
            if not self._ids:
                self._ids = schema_ids(self._registry)
        except (RetriableError, FatalError) as error:
            self._note(str(error))
            return False
        self._note(None)
        return True

    def _move_backlog(self) -> None:
        while not self._stop.is_set() and not self._broken:
            with self._lock:
                full = not self._move_burst()
                if not self._backlog:
                    self._ready = True
                    return
            # Blocking, so that callers get the interpreter; longer if librdkafka has no room.
            self._producer.poll(POLL_S if full else 0.001)

    def _move_burst(self) -> bool:
        for _ in range(min(BURST, len(self._backlog))):
            if not self._produce(self._backlog.peek()):
                return False
            self._backlog.drop_first()
        return True

    def _produce(self, envelope: Envelope) -> bool:
        try:
            self._producer.produce(
                envelope.topic.full(self._prefix),
                envelope.framed(self._ids),
                envelope.key,
                on_delivery=partial(self._report, envelope.event_id)
                if self._on_delivery
                else self._count,
            )
        except BufferError:
            return False
        except KafkaException as error:
            self._note(error.args[0].str())
            return False
        return True

    def _count(self, error: KafkaError | None, _message: Any) -> None:
        if error is None:
            self.problem = None
            self._tally.add("delivered")
        elif self._tally.add("failed") == 1:
            log.error("Kafka gave up events, the first one with: %s", error.str())

    def _report(self, event_id: str, error: KafkaError | None, message: Any) -> None:
        self._count(error, message)
        assert self._on_delivery is not None
        reason = None if error is None else error.str()
        place = (message.partition(), message.offset()) if error is None else (None, None)
        try:
            self._on_delivery(Delivery(message.topic(), event_id, reason, *place))
        except Exception:
            log.exception("the on_delivery callback failed")

    def _on_error(self, error: KafkaError) -> None:
        if error.fatal():
            self._ready = False  # from now on events go to the backlog
            self._broken = True
            self._note(error.str())
        elif error.code() == KafkaError._ALL_BROKERS_DOWN and self._ready:  # noqa: SLF001
            # Constant words: librdkafka's own come in several forms, each would be logged.
            self._note(f"Kafka at {self._settings.kafka.bootstrap} doesn't answer")

    def _replace_producer(self) -> None:
        """Go on with a fresh producer after a fatal error; what the old one held has failed."""
        with self._lock:
            old, self._producer = self._producer, self._new_producer()
            self._broken = False
        old.purge()
        old.flush(CONNECT_S)

    def _note(self, problem: str | None) -> None:
        if problem != self.problem and problem is not None:
            log.warning("events wait in memory: %s", problem)
        self.problem = problem
