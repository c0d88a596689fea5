"""Ids of topics become names of folders and files: they must stay one name, inside the store."""

from pathlib import Path

import pytest
from confluent_kafka import Uuid

from sinks.intents import Source
from sinks.ledger import Ledger
from sinks.offsets import url_safe

PLAIN = "rU7N/pFRpOMr8tO1e9Rfg"
LEADING = "/DHcTC5QCuI80qlrpynsw+"


@pytest.mark.parametrize("topic_id", [PLAIN, LEADING])
def test_a_safe_id_is_one_name_that_decodes_to_the_same(topic_id: str) -> None:
    safe = url_safe(topic_id)
    assert Path(safe).name == safe
    assert len(safe) == len(topic_id)
    assert safe.replace("_", "/").replace("-", "+") == topic_id


@pytest.mark.parametrize("topic_id", [PLAIN, LEADING])
def test_a_ledger_stays_inside_of_the_store(topic_id: str, tmp_path: Path) -> None:
    root = tmp_path / "store"
    Ledger(root, Source("t", url_safe(topic_id), 0)).take_over()
    assert [path.name for path in tmp_path.iterdir()] == ["store"]
    assert [path.name for path in (root / "_ledger").iterdir()] == [url_safe(topic_id)]


def test_librdkafka_does_give_slashes() -> None:
    """If it ever stops to, `url_safe` can go."""
    assert "/" in str(Uuid(-1, -1))
