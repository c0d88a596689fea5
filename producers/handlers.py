"""Runs action handlers: each action reaches its handler, and the answer reaches feedloop.

Delivery: at least once. An action's offset is committed after its result is stored, so a process
that dies in between repeats nothing that was reported: results of this name are read again at
start. What died *inside* a handler is called again with the same `action_id`: make the work
idempotent by it. While a handler works or waits, the process keeps its place in the group.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, Final, TypeVar

import msgspec
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from producers.actions import Action, Answer, Declined, Done, action_of
from producers.done import DoneRecord
from producers.handler import Handler, Retry
from producers.history import decoded, history
from producers.results import Results, result_record
from schemas.errors import (
    BrokerDown,
    ConfigError,
    InvalidRecord,
    MissingDataError,
    RetriableError,
    SkippableError,
)
from schemas.registry import Registry
from schemas.settings import Settings, kafka_config, load_settings
from schemas.topics import ACTION_RESULTS, ACTIONS

log = logging.getLogger("feedloop.handlers")
POLL_S: Final = 0.1
PASS_S: Final = 1.0
Returned = TypeVar("Returned")


class Stopped(Exception):
    """Someone asked to stop before the work was done."""


def now_ms() -> int:
    """Return the wall clock in ms."""
    return int(time.time() * 1000)


def run_handlers(
    handlers: Sequence[Handler],
    *,
    group: str,
    settings: Settings | None = None,
    stop: threading.Event | None = None,
    once: bool = False,
    retry: Retry | None = None,
    clock: Callable[[], int] = now_ms,
) -> None:
    """Give actions to `handlers` until `stop` is set; `once`: until all that is there is handled.

    `group` is the consumer group and the name in results (`by`): processes with the same group
    share the work. `clock` dates the results (ms). Raises ConfigError, MissingDataError; waits
    while broker or registry are away.
    """
    stop = threading.Event() if stop is None else stop
    settings = load_settings() if settings is None else settings
    loop = HandlerLoop(handlers, group, settings, stop, retry or Retry(), clock)
    loop.run(once=once)


class HandlerLoop:
    """One consumer, one worker thread; see `run_handlers`."""

    def __init__(
        self,
        handlers: Sequence[Handler],
        group: str,
        settings: Settings,
        stop: threading.Event,
        retry: Retry,
        clock: Callable[[], int],
    ) -> None:
        self._handlers = {handler.kind: handler for handler in handlers}
        if not handlers or len(self._handlers) != len(handlers):
            raise ConfigError("run_handlers needs handlers, at most one of each kind")
        self._by, self._settings, self._stop = group, settings, stop
        self._retry, self._clock = retry, clock
        self._topic = ACTIONS.full(settings.kafka.topic_prefix)
        self._registry = Registry(settings.registry, settings.kafka.topic_prefix)
        self._results = Results(settings, self._registry)
        self._consumer = Consumer(_config(settings, group))
        self._done: dict[int, DoneRecord] = {}  # by partition that is ours
        self._ends: dict[int, int] = {}  # by partition that is read to its end: that end
        self._committed: dict[int, int] = {}
        self._pass_s = 0.0  # when the ends may be committed next, monotonic
        self._waiting: deque[Message] = deque()
        self._busy = False
        self._in_callback = False
        self._failure: Exception | None = None
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="feedloop-handler")

    def run(self, *, once: bool) -> None:
        """Handle actions until stopped, or (`once`) until none is left."""
        self._consumer.subscribe(
            [self._topic], on_assign=self._assigned, on_revoke=self._lost, on_lost=self._lost
        )
        try:
            while not self._stop.is_set():
                self._poll()
                if self._waiting:
                    self._next()
                else:
                    self._pass_ends()
                    if once and self._done and self._ends.keys() >= self._done.keys():
                        return
        except Stopped:
            pass
        finally:
            self._consumer.close()
            self._pool.shutdown(wait=False)

    # --- the group ---

    def _assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        try:
            self._in_callback = True
            for number in [tp.partition for tp in partitions]:
                self._done[number] = self._keep_trying(partial(self._recall, number))
            consumer.assign(partitions)
            # librdkafka keeps in mind that a partition was paused when it left us.
            (consumer.pause if self._busy else consumer.resume)(partitions)
        except Exception as error:  # noqa: BLE001 - librdkafka's thread would lose it
            self._failure = error
        finally:
            self._in_callback = False

    def _lost(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        for tp in partitions:
            for known in (self._done, self._ends, self._committed):
                known.pop(tp.partition, None)
        self._waiting = deque(m for m in self._waiting if m.partition() in self._done)

    def _recall(self, partition: int) -> DoneRecord:
        """Return what is known of the actions of one partition: both topics hash alike."""
        done = DoneRecord(self._by)
        for record in history(self._settings, self._registry, ACTION_RESULTS, partition):
            done.result(record)
        for record in history(self._settings, self._registry, ACTIONS, partition):
            done.action(record)
        return done

    def _poll(self) -> None:
        message = self._consumer.poll(POLL_S)
        if self._failure is not None:
            raise self._failure
        if message is None:
            return
        error = message.error()
        partition = message.partition()
        if error is None:
            self._waiting.append(message)
            self._ends.pop(-1 if partition is None else partition, None)
        elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001
            assert partition is not None
            self._ends[partition] = message.offset() or 0
        elif error.code() == KafkaError._AUTO_OFFSET_RESET:  # noqa: SLF001
            raise MissingDataError(
                f"{self._topic}: group {self._by} wants an offset that is gone: {error.str()}; "
                "accept the gap with kafka-consumer-groups --reset-offsets, then start again"
            )
        elif error.code() in (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC):  # noqa: SLF001
            raise ConfigError(f"no topic {self._topic}: run `feedloop topics apply`")
        elif error.fatal() or error.code() == KafkaError._FATAL:  # noqa: SLF001 - as a poll tells it
            raise BrokerDown(f"{self._topic}: {error.str()}")

    # --- one action ---

    def _next(self) -> None:
        message = self._waiting.popleft()
        number, offset = message.partition(), message.offset()
        assert number is not None
        assert offset is not None
        done = self._done.get(number)
        if done is None:
            return
        self._busy = True
        self._consumer.pause(self._consumer.assignment())
        try:
            self._take(message.value(), done, (self._topic, number, offset))
        finally:
            self._busy = False
            self._consumer.resume(self._consumer.assignment())
        self._commit(number, offset + 1)

    def _take(self, body: bytes | None, done: DoneRecord, source: tuple[str, int, int]) -> None:
        try:
            action = self._keep_trying(lambda: self._read(body))
        except SkippableError as error:
            refused = error
            log.warning("%s[%d] offset %d is no action: %s", *source, error)
            self._keep_trying(
                lambda: self._results.set_aside(
                    self._by, source, refused, self._clock(), self._meanwhile
                )
            )
            return
        handler = self._handlers.get(action.kind)
        if handler is None or not done.wants(handler, action):
            return
        if done.over(handler, action):
            answer: Answer = Declined("the problem had cleared before the work began")
            self._report(done, action, "declined", answer)
            return
        if not done.accepted(action):
            self._report(done, action, "accepted")
        self._work(handler, action, done)

    def _read(self, body: bytes | None) -> Action:
        record = decoded(self._registry, ACTIONS, body)
        try:
            return action_of(record)
        except msgspec.ValidationError as error:
            raise InvalidRecord("invalid", f"not an action: {error}") from None

    def _work(self, handler: Handler, action: Action, done: DoneRecord) -> None:
        for attempt in range(1, self._retry.attempts + 1):
            try:
                answer = self._call(handler, action)
            except Stopped:
                raise
            except Exception as error:
                log.exception("%s: attempt %d on %s", handler.kind, attempt, action.action_id)
                detail = f"attempt {attempt} of {self._retry.attempts}: {_said(error)}"
                if attempt < self._retry.attempts:
                    self._sleep(self._retry.wait_s(attempt))
            else:
                state = "declined" if isinstance(answer, Declined) else "executed"
                self._report(done, action, state, answer)
                return
        self._report(done, action, "failed", Done(detail=detail))

    def _call(self, handler: Handler, action: Action) -> Answer:
        """Return what the handler returns; meanwhile the group hears from us."""
        future: Future[Answer] = self._pool.submit(handler, action)
        while not future.done():
            self._poll()  # partitions are paused: this serves the group
        answer = future.result()
        if answer is not None and not isinstance(answer, Done | Declined):
            raise TypeError(
                f"a handler returned {type(answer).__name__}; expected Done, Declined or None"
            )
        return answer

    def _report(self, done: DoneRecord, action: Action, state: str, answer: Answer = None) -> None:
        said = Done(detail=answer.detail) if isinstance(answer, Declined) else answer
        record = result_record(action, state, self._by, self._clock(), said)
        self._keep_trying(lambda: self._results.send(record, self._meanwhile))
        done.result(record)

    def _pass_ends(self) -> None:
        """Commit past the marker that ends a transaction, so that the group's lag becomes 0."""
        passed = [(p, end) for p, end in self._ends.items() if end > self._committed.get(p, 0)]
        if passed and time.monotonic() >= self._pass_s:
            self._pass_s = time.monotonic() + PASS_S  # one that failed is tried again, not at once
            for partition, end in passed:
                self._commit(partition, end)

    def _commit(self, partition: int, offset: int) -> None:
        if partition not in self._done:
            return  # another member has it now; it finds our result in the topic
        try:
            self._consumer.commit(
                offsets=[TopicPartition(self._topic, partition, offset)], asynchronous=False
            )
        except KafkaException as error:
            # Nothing is lost: the record comes again, and its result is in the topic.
            log.warning("offset %d of %s[%d]: %s", offset, self._topic, partition, error)
        else:
            self._committed[partition] = offset

    # --- waiting ---

    def _keep_trying(self, action: Callable[[], Returned]) -> Returned:
        """Return what `action` returns, however long broker or registry are away."""
        while True:
            try:
                return action()
            except RetriableError as error:
                log.warning("%s; trying again", error)
                self._sleep(error.retry_after_s)

    def _sleep(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._meanwhile()

    def _meanwhile(self) -> None:
        if self._stop.is_set():
            raise Stopped
        if self._busy and not self._in_callback:  # there polling isn't allowed
            self._poll()
        else:
            self._stop.wait(POLL_S)


def _config(settings: Settings, group: str) -> dict[str, Any]:
    return {
        **kafka_config(settings.kafka),
        "group.id": group,
        "auto.offset.reset": "earliest",
        "isolation.level": "read_committed",
        "enable.auto.commit": False,
        "enable.partition.eof": True,
        "session.timeout.ms": settings.stage.session_timeout_ms,
        "heartbeat.interval.ms": max(1, settings.stage.session_timeout_ms // 5),
    }


def _said(error: Exception) -> str:
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
