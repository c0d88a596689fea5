"""How long a call of FeedbackClient takes its caller: broker up, broker down, queue full.

Run `python -m tests.benchmarks.bench_client`; it starts a broker and a registry of its own. The
promise is 1 ms at p99.9, from the first call on; exit code 1 if a row is above. Each row is one
client with fresh threads; the first 100 calls are part of it, made while the client is still
connecting. Calls come at about a thousand a second, as a busy service makes them, so that the
threads behind run between and during calls. The first row is a control: the same check and encoding
with no client and no thread. What it shows at p99.9 beyond some 100 µs is the machine, not us.
"""

import logging
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.java import find_java
from deploy.local.kafka import Kafka
from deploy.local.maven import default_cache, fetch_jars
from deploy.local.ports import free_port
from deploy.local.registry import Registry
from deploy.topics import apply_topics
from producers import FeedbackClient
from producers.envelope import seal
from schemas.settings import (
    KafkaSettings,
    ProducerSettings,
    RegistrySettings,
    Settings,
    StageSettings,
)
from tests.running import running

CALLS = 10_000
PAUSE_S = 0.0005
BOUND_US = 1_000
AWAY = "127.0.0.1:1"
QUESTION = [{"role": "user", "content": "How do I send the headphones back? " * 12}]
ANSWER = "You can return them within 30 days. " * 20


def control() -> list[float]:
    """Return the duration of each check and encoding alone, µs."""
    fields = {
        "inference_id": "i",
        "session_id": "s",
        "tenant_id": "acme",
        "event_time": time.time_ns() // 1_000_000,
        "model_version": "m-7",
        "prompt_version": "p-3",
        "latency_ms": 812,
        "input_tokens": 96,
        "output_tokens": 210,
        "messages": QUESTION,
        "response": ANSWER,
    }
    taken = []
    for _ in range(CALLS):
        begun = time.perf_counter()
        seal("inference", fields, StageSettings(), time.time_ns() // 1_000_000)
        taken.append((time.perf_counter() - begun) * 1e6)
        time.sleep(PAUSE_S)
    return taken


def measure(client: FeedbackClient) -> list[float]:
    """Return the duration of each call, µs, in order; every fifth is a rating."""
    taken = []
    inference_id = ""
    for number in range(CALLS):
        begun = time.perf_counter()
        if number % 5 == 4:
            client.thumbs(inference_id, f"s{number // 5 % 500}", up=True)
        else:
            inference_id = client.inference(
                session_id=f"s{number // 5 % 500}",
                model_version="m-7",
                prompt_version="p-3",
                latency_ms=812,
                input_tokens=96,
                output_tokens=210,
                messages=QUESTION,
                response=ANSWER,
            )
        taken.append((time.perf_counter() - begun) * 1e6)
        time.sleep(PAUSE_S)
    return taken


def report(name: str, taken: list[float]) -> float:
    """Print one row; return p99.9 in µs."""
    ordered = sorted(taken)
    p50, p99, p999 = (ordered[int(len(ordered) * q)] for q in (0.5, 0.99, 0.999))
    first = max(taken[:100])
    print(
        f"{name:<26} {p50:>8.0f} {p99:>8.0f} {p999:>8.0f} {ordered[-1]:>8.0f} "
        f"{taken[0]:>11.0f} {first:>12.0f}"
    )
    return p999


def away(settings: Settings, **producer: int) -> Settings:
    """Return `settings` with neither broker nor registry to be found."""
    return Settings(
        kafka=KafkaSettings(bootstrap=AWAY, topic_prefix=settings.kafka.topic_prefix),
        registry=RegistrySettings(url="http://127.0.0.1:1"),
        producer=ProducerSettings(**producer),
    )


@contextmanager
def servers() -> Iterator[Settings]:
    """Yield the settings of a broker and a registry that end with the block."""
    jars, java, port = fetch_jars(default_cache(), print), find_java(), free_port()
    with tempfile.TemporaryDirectory(prefix="feedloop-bench-") as name:
        folder = Path(name)
        broker = Kafka(folder / "kafka", port, free_port({port}), java, jars.kafka)
        registry = Registry(folder / "registry", free_port(), java, jars.registry)
        with running(broker), running(registry):
            yield Settings(
                kafka=KafkaSettings(bootstrap=broker.bootstrap),
                registry=RegistrySettings(url=registry.url),
            )


def case(name: str, settings: Settings) -> float:
    """Measure one client, print its row and return p99.9 in µs."""
    client = FeedbackClient(settings, tenant_id="acme")
    p999 = report(name, measure(client))
    up = settings.kafka.bootstrap != AWAY
    client.flush(30 if up else 0)
    stats = client.stats()
    client.close(0)
    assert (stats.delivered if up else stats.queued + stats.refused) == CALLS, stats
    return p999


def main() -> int:
    """Print the table; return the exit code."""
    logging.disable()  # what the clients say of a broker that is away is no news here
    with servers() as settings:
        apply_topics(settings)
        print(f"{CALLS:,} calls, µs a call; load of the machine {os.getloadavg()[0]:.1f}")
        columns = f"{'p50':>8} {'p99':>8} {'p99.9':>8} {'max':>8}"
        print(f"{'':<26} {columns} {'first call':>11} {'of first 100':>12}")
        report("control: no client", control())
        slowest = max(
            case("broker up", settings),
            case("broker and registry down", away(settings)),
            case("down, queue full", away(settings, max_queued=100)),
        )
    kept = slowest < BOUND_US
    print(f"p99.9 at most {slowest:,.0f} µs, promised {BOUND_US:,}: {'kept' if kept else 'BROKEN'}")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
