"""Bodies on disk: the same answers as from memory, bounded, nothing left behind."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import SinkDown
from stream_jobs.join.bodies import InMemory
from stream_jobs.runtime import spill
from stream_jobs.runtime.spill import Spill

MOVES = st.lists(st.tuples(st.sampled_from(("add", "add", "forget")), st.integers(0, 40)))


@given(MOVES, st.integers(0, 60), st.integers(1, 30), st.integers(1, 80))
def test_it_holds_what_a_list_would(
    moves: list[tuple[str, int]], most: int, write: int, segment: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spill, "WRITE_BYTES", write)
        patch.setattr(spill, "SEGMENT_BYTES", segment)
        made, model = Spill(most), InMemory()
        everything: list[bytes] = []
        first = 0
        for verb, number in moves:
            if verb == "add":
                body = b"%d." % len(everything) * (number % 5)
                assert made.add(body) == model.add(body) == len(everything)
                everything.append(body)
            else:
                first = max(first, min(number, len(everything)))
                made.forget(first)
                model.forget(first)
            for at in range(first, len(everything)):
                assert made.get(at) == model.get(at) == everything[at]
            assert made._young_bytes <= most + 40


def test_memory_is_bounded_and_files_are_freed(tmp_path: Path) -> None:
    made = Spill(4 << 20, str(tmp_path))
    for number in range(200_000):
        made.add(b"%0500d" % number)
    assert made._young_bytes <= 4 << 20
    assert list(tmp_path.iterdir()) == []  # no name, so nothing is left when the process dies
    assert made.get(0) == b"%0500d" % 0
    assert made.get(123_456) == b"%0500d" % 123_456
    assert len(made._segments) == 2
    made.forget(199_000)
    assert made._segments == []
    assert made.get(199_000) == b"%0500d" % 199_000


FILL = """
import signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from stream_jobs.runtime.spill import Spill
made = Spill(1000, sys.argv[1])
for number in range(10_000):
    made.add(b"x" * 100)
"""


def test_a_disk_without_room_says_what_to_do(tmp_path: Path) -> None:
    """No file may grow past 3 KB: the system refuses the write, as a full disk would."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (3_000, 3_000))

    done = subprocess.run(
        [
            sys.executable,
            "-c",
            FILL,
            str(tmp_path),
        ],
        preexec_fn=limit,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert SinkDown.__name__ in done.stderr
    assert "FEEDLOOP_JOIN_SPILL_DIR" in done.stderr
