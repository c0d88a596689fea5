"""What people say of actions: durations, places, ids cut short, and what `show` prints."""

from typing import Any

import pytest

from deploy.action_controls import control, duration_ms, pairs, place_of, states_of
from deploy.action_lines import details, line, result_line
from schemas.catalog import parsed
from schemas.codec import decode, encode
from schemas.errors import ConfigError
from stream_jobs.act.mutes import Mutes
from tests.conformance import samples
from tests.integration.producing import action


def whole(record: dict[str, Any]) -> dict[str, Any]:
    """Return the record with its defaults, as a reader gets it."""
    return decode(parsed("Action"), encode(parsed("Action"), record))


@pytest.mark.parametrize(
    ("text", "ms"), [("30m", 1_800_000), ("12h", 43_200_000), ("7d", 604_800_000)]
)
def test_how_long(text: str, ms: int) -> None:
    assert duration_ms(text) == ms


@pytest.mark.parametrize("text", ["", "0h", "12", "h", "-1d", "1w"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="30m, 12h or 7d"):
        duration_ms(text)


def test_where() -> None:
    assert pairs(["segment=web", "doc_id=a=b"]) == {"segment": "web", "doc_id": "a=b"}
    with pytest.raises(ConfigError, match="segment=web"):
        pairs(["web"])


ACTIONS = [
    action(0, action_id="aaaaaa-1", sequence=1, state="renewed"),
    action(0, action_id="aaaaaa-1"),
    action(0, action_id="aaaaaa-1"),  # a repeat
    action(0, action_id="aaaaaa-2"),
]


def test_an_action_is_found_by_the_beginning_of_its_id() -> None:
    assert [one["sequence"] for one in states_of(ACTIONS, "aaaaaa-1")] == [0, 1]


@pytest.mark.parametrize(
    ("action_id", "said"), [("aaa", "at least 6"), ("aaaaaa", "could be"), ("bbbbbb", "no action")]
)
def test_an_id_that_names_none_or_many_is_refused(action_id: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        states_of(ACTIONS, action_id)


def test_a_mute_of_an_action_silences_its_rule_where_it_was_and_fits_the_schema() -> None:
    found = action(key={"segment": "web", "prompt_version": "p2"})
    record = control("muted", "acme", "me", 5, rule=found["rule"], key=place_of(found), until=10)
    mutes = Mutes()
    assert mutes.take(decode(parsed("ActionResult"), encode(parsed("ActionResult"), record)))
    web = {"tenant_id": "acme", "segment": "web"}
    assert mutes.silent(found["rule"], web, 9)
    assert not mutes.silent(found["rule"], web, 10)
    assert not mutes.silent(found["rule"], {**web, "segment": "app"}, 9)


def test_of_a_bad_document_only_the_document_is_muted() -> None:
    evidence = {**action()["evidence"], "metric": "doc_negative_rate"}
    found = action(key={"segment": "web", "doc_id": "d7"}, evidence=evidence)
    assert place_of(found) == {"segment": "web", "doc_id": "d7"}


def test_all_that_an_action_carries_is_shown() -> None:
    said = "\n".join(details(whole(samples.action(0))))
    for word in ("a-0", "partial", "queue: away", "3 about slow", "“slow”", "d-1: 1 of 2", "why?"):
        assert word in said


def test_a_measured_effect_is_one_line() -> None:
    said = line(whole({**samples.action(1), "state": "measured"}))
    assert "helped: negative_rate 50.0 % → ?, difference -50.0 to +10.0 points" in said


def test_a_result_is_one_line() -> None:
    record = {
        **control("executed", "acme", "team", 1_790_000_000_000, detail="done"),
        "new_model_version": None,
        "new_prompt_version": "p3",
    }
    assert result_line(record) == "2026-09-21 14:13:20Z executed by team: new version p3; done"
