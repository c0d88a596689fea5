"""Wires topics to stages, top to bottom: `run_stage(name, settings, health)` is one worker."""

import asyncio
import gc
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import faust
from mode.supervisors import CrashingSupervisor

from schemas.errors import FatalError, FencedError, RetriableError
from schemas.health import Health
from schemas.registry import Registry
from schemas.settings import Settings
from schemas.topics import (
    ACTIONS,
    CHECKPOINTS_DECIDE,
    CHECKPOINTS_JOIN,
    CHECKPOINTS_REDACT,
    DEAD_LETTERS,
    ENRICHED,
    INPUTS,
    METRICS,
    PARTIALS,
    REDACTED,
    group,
)
from stream_jobs.last_words import QuietFormatter, trace_of
from stream_jobs.runtime.caught_up import CaughtUp, SinkProgress
from stream_jobs.runtime.lookup import HotStore
from stream_jobs.runtime.partition import Stage
from stream_jobs.runtime.restore import topic_ids
from stream_jobs.runtime.runner import Lookup, Runner
from stream_jobs.runtime.schema_cache import SchemaCache
from stream_jobs.runtime.spill import Spill
from stream_jobs.runtime.transport import Fetch, transport_of

CRASHED: Final = 2
FATAL: Final = 1
SHUTDOWN_PATIENCE_S: Final = 15.0

Parts = tuple[Stage, Lookup | None]


def redact_stage(settings: Settings, registry: Registry, schemas: SchemaCache) -> Parts:
    """inference, feedback, interaction → *.redacted."""
    from stream_jobs.redact.build import build_redactor  # noqa: PLC0415 - only what a stage needs
    from stream_jobs.redact.stage import RedactConfig  # noqa: PLC0415

    redactor = build_redactor(settings.redact)  # first: without a key nothing else matters
    config = RedactConfig(
        prefix=settings.kafka.topic_prefix,
        future_bound_ms=settings.stage.future_bound_ms,
        max_record_bytes=settings.stage.max_record_bytes,
        dead_letter_schema=registry.id_of(DEAD_LETTERS),
        redactor=redactor,
        schema_of=schemas.get,
        topics=_topics(settings.redact.topic_model),
        align_wait_ms=settings.join.align_wait_ms,
    )
    report = config.tally.report
    return Stage("redact", INPUTS["redact"], CHECKPOINTS_REDACT, config.build, report), None


def _topics(file: str) -> Any:
    if not file:
        return None
    from stream_jobs.embed.topics import load_topics  # noqa: PLC0415

    return load_topics(Path(file))


def join_stage(settings: Settings, registry: Registry, schemas: SchemaCache) -> Parts:
    """*.redacted → enriched and partials."""
    from stream_jobs.join.config import JoinConfig  # noqa: PLC0415
    from stream_jobs.join.stage import JoinStage  # noqa: PLC0415

    counts = topic_ids(settings.kafka, (REDACTED[0], PARTIALS))
    config = JoinConfig(
        prefix=settings.kafka.topic_prefix,
        join=settings.join,
        window_ms=settings.decide.window_ms,
        partitions=counts[REDACTED[0].name][1],
        partials_partitions=counts[PARTIALS.name][1],
        enriched_schema=registry.id_of(ENRICHED),
        partial_schema=registry.id_of(PARTIALS),
        dead_letter_schema=registry.id_of(DEAD_LETTERS),
        schema_of=schemas.get,
        bodies=partial(Spill, settings.join.buffer_bytes, settings.join.spill_dir),
    )
    stage = Stage("join", INPUTS["join"], CHECKPOINTS_JOIN, partial(JoinStage, config))
    store = CaughtUp(
        HotStore(settings.clickhouse).find,
        SinkProgress(settings.kafka),
        settings.join.orphan_max_hold_ms / 1000,
    )
    return stage, store.find


def decide_stage(settings: Settings, registry: Registry, schemas: SchemaCache) -> Parts:
    """partials, action-results, references → metrics and actions."""
    from stream_jobs.decide.logic import DecideConfig  # noqa: PLC0415
    from stream_jobs.decide.stage import DecideStageConfig  # noqa: PLC0415
    from stream_jobs.runtime.contents import ContentsStores  # noqa: PLC0415

    decide = settings.decide
    config = DecideStageConfig(
        prefix=settings.kafka.topic_prefix,
        decide=DecideConfig.load(
            decide.window_ms, decide.idle_timeout_ms, decide.rules_file, decide.contents_wait_ms
        ),
        output_schemas={topic.name: registry.id_of(topic) for topic in (METRICS, ACTIONS)},
        dead_letter_schema=registry.id_of(DEAD_LETTERS),
        schema_of=schemas.get,
    )
    stage = Stage("decide", INPUTS["decide"], CHECKPOINTS_DECIDE, config.build)
    stores = ContentsStores(settings)
    stores.warm_up()
    return stage, stores.find


STAGES: Final[dict[str, Callable[[Settings, Registry, SchemaCache], Parts]]] = {
    "redact": redact_stage,
    "join": join_stage,
    "decide": decide_stage,
}


def run_stage(name: str, settings: Settings, health: Health) -> None:
    """Run stage `name` until SIGTERM or SIGINT; the process ends here.

    Exit code 0 after a signal, 1 for a FatalError, 2 for a crash or when fenced: then a supervisor
    starts a new process, which goes on from the checkpoint.
    """
    # Buffers of bytes and tuples make full collections long and useless: fewer of them.
    gc.set_threshold(50_000, 20, 100)
    try:
        registry = Registry(settings.registry, settings.kafka.topic_prefix)
        schemas = SchemaCache(registry)
        stage, lookup = _patiently(lambda: _make(name, settings, registry, schemas), health)
        runner = Runner(stage, settings, health, schemas, lookup, end_process)
        _run_worker(build_app(stage, settings, runner), runner)
    except Exception as error:  # noqa: BLE001 - every failure ends the process with its code
        end_process(error)


def _make(name: str, settings: Settings, registry: Registry, schemas: SchemaCache) -> Parts:
    """Return the stage's parts once Kafka and the registry answer."""
    stage, lookup = STAGES[name](settings, registry, schemas)
    topic_ids(settings.kafka, (*stage.inputs, stage.checkpoints))
    return stage, lookup


def _patiently(make: Callable[[], Parts], health: Health) -> Parts:
    """Return what `make` returns, however long Kafka or the registry is away."""
    before = signal.signal(signal.SIGTERM, lambda *_: _leave(0))
    while True:
        try:
            made = make()
        except RetriableError as error:
            health.waits("start", str(error))
            time.sleep(error.retry_after_s)
        else:
            health.goes_on("start")
            signal.signal(signal.SIGTERM, before)
            return made


class _App(faust.App):
    """Faust without its folder for tables, which we don't use."""

    def _create_directories(self) -> None:
        """Leave the disk alone: a worker that is killed could not tidy up."""


def build_app(stage: Stage, settings: Settings, runner: Runner) -> faust.App:
    """Return the Faust app of `stage`: one agent that hands each fetch to `runner`."""
    kafka = settings.kafka
    session_s = settings.stage.session_timeout_ms / 1000
    app = _App(
        group(stage.name, kafka.topic_prefix),
        broker="kafka://" + ";kafka://".join(kafka.bootstrap.split(",")),
        broker_credentials=_credentials(settings),
        broker_session_timeout=session_s,
        broker_heartbeat_interval=session_s / 5,
        broker_request_timeout=90.0,  # bounds the restore of all partitions too
        consumer_max_fetch_size=1 << 20,
        stream_buffer_maxsize=4,
        stream_wait_empty=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        store="memory://",
        web_enabled=False,
        agent_supervisor=CrashingSupervisor,
    )
    app.transport = transport_of(runner, settings.stage.slot)(app.conf.broker_consumer, app)
    source = app.topic(
        *(topic.full(kafka.topic_prefix) for topic in stage.inputs),
        key_type=bytes,
        value_type=bytes,
        key_serializer="raw",
        value_serializer="raw",
    )

    async def hand_over(stream: Any) -> None:
        runner.reader = app.consumer
        async for fetch in stream:
            assert isinstance(fetch, Fetch)
            await runner.deliver(fetch)

    app.agent(source, name=stage.name)(hand_over)
    app.task(runner.run)
    return app


def _run_worker(app: faust.App, runner: Runner) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(QuietFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    # While a broker is away it writes ten lines a second; the topic watch says so once.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    loop.run_until_complete(_serve(app, runner, stopped))
    _leave(0)


async def _serve(app: faust.App, runner: Runner, stopped: asyncio.Event) -> None:
    await app.start()
    crashed = asyncio.ensure_future(app.wait_until_stopped())
    waiter = asyncio.ensure_future(stopped.wait())
    await asyncio.wait({crashed, waiter}, return_when=asyncio.FIRST_COMPLETED)
    if not stopped.is_set():
        raise RuntimeError("Faust stopped by itself") from app.crash_reason
    await runner.stop()
    try:
        await asyncio.wait_for(app.stop(), SHUTDOWN_PATIENCE_S)
    except TimeoutError:
        print("feedloop: Faust took too long to stop; all work is committed", file=sys.stderr)


def end_process(error: BaseException) -> None:
    """Say why on standard error and end the process at once: state in memory is given up."""
    if isinstance(error, FatalError):
        print(f"feedloop: {error}", file=sys.stderr)
        _leave(FATAL)
    if isinstance(error, FencedError):
        print(f"feedloop: fenced: {error}", file=sys.stderr)
    else:
        print(trace_of(error), file=sys.stderr)
    _leave(CRASHED)


def _leave(code: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _credentials(settings: Settings) -> Any:
    kafka = settings.kafka
    if kafka.security_protocol == "PLAINTEXT":
        return None
    context = None
    if kafka.security_protocol.endswith("SSL"):
        import ssl  # noqa: PLC0415

        context = ssl.create_default_context(cafile=kafka.ssl_ca_location or None)
    if not kafka.sasl_mechanism:
        return faust.SSLCredentials(context)
    return faust.SASLCredentials(
        username=kafka.sasl_username,
        password=kafka.sasl_password.value,
        ssl_context=context,
        mechanism=kafka.sasl_mechanism,
    )
