"""How many rows a second each sink stores: python -m tests.benchmarks.bench_sinks [ROWS].

Rows of `signals` (enriched records of 1.2 KB, their inferences with three documents) and of
`inferences` (1.1 KB) go through all but Kafka's own part: decoding, columns, the write to
the real store, in batches of 20,000. CPU is this process's; the hot store works in another one.
"""

import gc
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy.local.clickhouse import ClickHouse as Front
from deploy.local.ports import free_port
from schemas.catalog import definition, parsed
from schemas.codec import encode, frame
from schemas.settings import ClickHouseSettings, ParquetSettings
from schemas.writer_schema import WriterSchema
from sinks import Batch, Sink
from sinks.clickhouse import ClickHouse
from sinks.decode import Raw, decode_rows
from sinks.intents import Source
from sinks.parquet import Parquet
from sinks.tables import INFERENCES, SIGNALS, Table
from tests.running import running

BATCH = 20_000
START_MS = 1_790_000_000_000


def inference(number: int) -> dict[str, Any]:
    """Return an answer with a conversation of usual length."""
    return {
        "inference_id": f"inference-{number:026d}",
        "session_id": f"session-{number // 3}",
        "user_id": f"<USER:k1:{number % 1000:016d}>",
        "tenant_id": "acme",
        "event_time": START_MS + number,
        "model_version": "m-1",
        "prompt_version": "p-7",
        "segment": "web",
        "status": "ok",
        "error_type": None,
        "latency_ms": 700,
        "input_tokens": 50,
        "output_tokens": 200,
        "cost_usd": 0.002,
        "language": "en",
        "attributes": {"plan": "free"},
        "retrieved": [{"doc_id": f"doc-{n}", "score": 0.5} for n in range(3)],
        "messages": [{"role": "user", "content": "q" * 300}],
        "response": "a" * 500,
    }


def enriched(number: int) -> dict[str, Any]:
    """Return a thumb down, beside its answer."""
    answer = inference(number)
    same = ("inference_id", "session_id", "user_id", "tenant_id", "event_time")
    signal = {key: answer[key] for key in same} | {
        "event_id": f"event-{number:030d}",
        "kind": "thumbs",
        "value": -1.0,
        "author": "user",
        "source": "chat",
        "comment": "not what I asked" if number % 5 == 0 else None,
    }
    return {
        "enriched_id": f"{number:036d}",
        "join_status": "matched",
        "polarity": -1,
        "lag_ms": 1_000,
        "edit_ratio": None,
        "signal": signal,
        "inference": answer,
    }


def measure(sink: Sink, table: Table, bodies: list[bytes]) -> str:
    """Store `bodies` and return a line of the table."""
    name = str(table.topic.schema)
    writer = WriterSchema(1, json.dumps(definition(name)))
    source = Source(table.topic.name, f"bench-{time.time_ns()}", 0)
    sink.open()
    sink.assigned(source, known=False)
    began, cpu, decoding = time.perf_counter(), time.process_time(), 0.0
    for start in range(0, len(bodies), BATCH):
        raws: list[Raw] = [
            (start + at, START_MS, body) for at, body in enumerate(bodies[start : start + BATCH])
        ]
        before = time.process_time()
        rows, refusals = decode_rows(table, 0, raws, lambda _: writer)
        decoding += time.process_time() - before
        assert not refusals
        sink.write(Batch(table, source, start, start + len(raws) - 1, rows))
    wall, used = time.perf_counter() - began, time.process_time() - cpu
    n = len(bodies)
    return (
        f"| {sink.name} | {table.name} | {n / wall:,.0f} | {used / n * 1e6:.1f} "
        f"| {decoding / n * 1e6:.1f} |"
    )


@contextmanager
def stores(folder: Path) -> Iterator[list[Sink]]:
    """Yield both stores, real ones."""
    front = Front(folder / "clickhouse", free_port())
    with running(front):
        yield [
            ClickHouse(ClickHouseSettings(host=front.host, port=front.port)),
            Parquet(ParquetSettings(path=str(folder / "parquet"))),
        ]


def main(count: int) -> None:
    """Print the table."""
    folder = Path(tempfile.mkdtemp(prefix="feedloop-bench-"))
    samples = {
        SIGNALS: [frame(1, encode(parsed("Enriched"), enriched(n))) for n in range(count)],
        INFERENCES: [frame(1, encode(parsed("Inference"), inference(n))) for n in range(count)],
    }
    gc.freeze()
    print("| store | table | rows/s | CPU µs/row | of it decoding |")
    print("|---|---|---|---|---|")
    try:
        with stores(folder) as both:
            for sink in both:
                for table, bodies in samples.items():
                    print(measure(sink, table, bodies), flush=True)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
