"""The reference and the simulator, which know nothing of each other, agree on what must come."""

from base64 import b64encode

from producers.world.truth import Truth
from schemas.settings import RedactSettings, Secret
from tests.crash.invariants import sums
from tests.crash.reference import truth_of
from tests.crash.traffic import Load

REDACT = RedactSettings(keys=Secret(f"k1:{b64encode(bytes(32)).decode()}"), spacy_model="none")
LOAD = Load(seed=3, events=3_000, rate=500.0, start_ms=1_790_000_040_000)


def test_what_the_stages_logic_finds_is_what_the_simulator_knows() -> None:
    truth = truth_of(LOAD, REDACT)
    traffic = LOAD.traffic()
    for _ in traffic:
        pass
    known: Truth = traffic.truth
    assert len(truth.inferences) == known.inferences
    assert len(truth.signals) == known.enriched
    assert {"matched", "late", "orphan"} == set(truth.signals.values())
    assert list(sums("counts", truth.counted, truth.windows)) == []
    found = sum(
        window["kinds/abandonment"]
        for window in truth.windows.values()
        if window.get("kinds/abandonment")
    )
    assert found == len(known.abandonments)
    assert sum(window.get("retracted", 0) for window in truth.windows.values()) == len(
        known.retracted
    )
    assert sum(window.get("duplicates", 0) for window in truth.windows.values()) == known.duplicates
    assert any(action[0] == "opened" for action in truth.actions.values())
