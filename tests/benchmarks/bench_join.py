"""How fast the join's logic is, without Kafka: `python -m tests.benchmarks.bench_join [EVENTS]`.

One partition; inferences of about 1.1 KB, one signal for every second one, 3 % of them without an
inference; chunks of 1,000 records. The line says µs of CPU an event and events/s of one core.
"""

import random
import sys
import time

from schemas.catalog import parsed
from schemas.codec import encode, frame
from schemas.settings import JoinSettings
from stream_jobs.stage import Chunk
from tests.unit.join_driver import (
    MINUTE,
    SCHEMAS,
    T0,
    TOPIC_OF,
    Driver,
    Read,
    feedback,
    inference,
)

CHUNK = 1_000
STEP_MS = 10


def records(count: int) -> list[tuple[str, Read]]:
    """Return (topic, record) in order of event time."""
    rng = random.Random(7)
    words = ["".join(rng.choices("abcdefghijkl", k=rng.randint(2, 9))) for _ in range(4_000)]
    texts = [" ".join(rng.choices(words, k=130)) for _ in range(500)]
    numbers = {name: number for number, name in SCHEMAS.items()}
    events = []
    for i in range(count * 2 // 3):
        minutes = i * STEP_MS / MINUTE
        fields = {
            "response": texts[i % 500],
            "model_version": f"m{i % 3}",
            "prompt_version": f"p{i % 5}",
            "language": "en",
            "retrieved": [{"doc_id": f"d{i % 50}", "score": 0.5}],
        }
        events.append((minutes, inference(f"i{i}", minutes, f"s{i // 3}", **fields)))
        if i % 2 == 0:
            later = minutes + rng.random() * 5
            about = f"ghost{i}" if rng.random() < 0.03 else f"i{i}"
            events.append((later, feedback(f"f{i}", about, later, f"s{i // 3}")))
    events.sort(key=lambda event: event[0])
    out = []
    offsets = dict.fromkeys(TOPIC_OF.values(), 0)
    for minutes, (name, record) in events:
        topic = TOPIC_OF[name]
        body = frame(numbers[name], encode(parsed(name), record))
        out.append((topic, Read(offsets[topic], T0 + int(minutes * MINUTE), b"s", body)))
        offsets[topic] += 1
    return out


def run(count: int) -> None:
    """Feed everything in chunks, as fetches would bring it."""
    stream = records(count)
    driver = Driver(JoinSettings(arrival_hold_ms=0, session_hold_ms=0, align_wait_ms=0))
    stage, topics = driver.stage, list(driver.log)
    position = dict.fromkeys(topics, 0)
    outputs = 0
    started = time.process_time()
    for start in range(0, len(stream), CHUNK):
        fetched: dict[str, list[Read]] = {topic: [] for topic in topics}
        for topic, record in stream[start : start + CHUNK]:
            fetched[topic].append(record)
        for topic, got in fetched.items():
            position[topic] += len(got)
            stage.offer(Chunk(topic, got, position[topic], at_end=True), driver.now_ms)
        outputs += len(stage.step(driver.now_ms))
        stage.found(dict.fromkeys(stage.wanted()), driver.now_ms)
        stage.snapshot()
        stage.rewind_offsets()
    seconds = time.process_time() - started
    print(
        f"{len(stream):,} events, {outputs:,} outputs: "
        f"{seconds / len(stream) * 1e6:.1f} µs an event, "
        f"{len(stream) / seconds:,.0f} events/s a core"
    )


if __name__ == "__main__":
    run(int(sys.argv[1]) if len(sys.argv) > 1 else 300_000)
