"""The topic model: same in, same out; known subjects are named, an unknown one is `other`."""

from pathlib import Path
from random import Random

import numpy as np
import pytest

from producers.world.texts import talk
from schemas.errors import ConfigError
from stream_jobs.embed.embedder import foreign
from stream_jobs.embed.lexical import Lexical
from stream_jobs.embed.topics import OTHER, TopicModel, load_topics

UNKNOWN = (
    "My drone loses the gimbal calibration in cold weather",
    "Which propeller fits the drone after the firmware upgrade?",
    "The drone drifts to the left while hovering, gimbal error 40",
)


def prompts(count: int, seed: int) -> tuple[list[str], list[str]]:
    rng = Random(seed)
    talks = [talk(rng, 0.0, shifted=False, document=None) for _ in range(count)]
    return [t.question(first=True) for t in talks], [t.subject.name for t in talks]


@pytest.fixture(scope="module")
def model() -> TopicModel:
    return TopicModel.fit(prompts(600, 1)[0])


def test_a_topic_holds_one_subject(model: TopicModel) -> None:
    texts, subjects = prompts(400, 2)
    named: dict[str, list[str]] = {}
    for label, subject in zip(model.label(texts), subjects, strict=True):
        named.setdefault(label, []).append(subject)
    right = sum(max(map(found.count, set(found))) for found in named.values())
    assert right / len(texts) > 0.75
    assert len(named) > 3


def test_prompts_of_the_same_kind_are_rarely_other(model: TopicModel) -> None:
    labels = model.label(prompts(400, 2)[0])
    assert labels.count(OTHER) / len(labels) < 0.05


def test_a_new_subject_is_other(model: TopicModel) -> None:
    assert model.label(UNKNOWN) == [OTHER] * len(UNKNOWN)


def test_nothing_is_in_no_topic(model: TopicModel) -> None:
    assert model.label([]) == []
    assert model.label(["", "…"]) == [OTHER, OTHER]


def test_the_same_prompts_give_the_same_model(model: TopicModel) -> None:
    again = TopicModel.fit(prompts(600, 1)[0])
    assert again.embedder.version == model.embedder.version
    assert again.names == model.names


def test_a_file_labels_as_the_model_did(model: TopicModel, tmp_path: Path) -> None:
    path = tmp_path / "topics.npz"
    path.write_bytes(model.to_bytes())
    texts = prompts(200, 3)[0]
    before, after = model.label(texts), load_topics(path).label(texts)
    assert sum(a != b for a, b in zip(before, after, strict=True)) <= 2  # axes are kept as halves


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not a zip"], ids=["empty", "torn"])
def test_a_damaged_file_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "topics.npz"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="feedloop embed fit"):
        load_topics(path)


def test_too_few_prompts_are_told() -> None:
    with pytest.raises(ConfigError, match="3 texts are too few"):
        TopicModel.fit(UNKNOWN)


def test_near_means_alike() -> None:
    embedder = Lexical.fit(prompts(300, 1)[0])
    a, b, c = embedder.embed(
        [
            "Can I get an invoice for the team plan last month?",
            "I need an invoice for the annual plan, accounting keeps asking",
            "I lost the phone that has the passkey on it",
        ]
    )
    assert a @ b > 2 * a @ c
    assert np.allclose(np.linalg.norm([a, b, c], axis=1), 1, atol=1e-5)


class Own:
    """A team's own embedder."""

    version = "own-1"

    def embed(self, texts: list[str]) -> np.ndarray:
        return np.ones((len(texts), 2), dtype=np.float32)


def test_an_own_embedder_by_name() -> None:
    assert foreign(f"{__name__}:Own").version == "own-1"
    for bad in ("nowhere:Own", f"{__name__}:Nobody", f"{__name__}:dict"):
        with pytest.raises(ConfigError, match="embedder"):
            foreign(bad)
