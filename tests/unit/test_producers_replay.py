"""Which dead letters are sent again."""

from typing import Any

from producers.replay import Selection, select


def letter(number: int, reason: str) -> dict[str, Any]:
    return {
        "dead_letter_id": f"d{number}",
        "stage": "webhook",
        "reason": reason,
        "topic": "feedloop.actions",
        "partition": 0,
        "offset": number,
        "event_time": 5,
    }


def test_an_action_that_a_receiver_refused_is_not_sent_to_everybody_again() -> None:
    letters = [letter(0, "undeliverable"), letter(1, "undecodable"), letter(1, "undecodable")]
    assert [one["offset"] for one in select(letters, Selection())] == [1]
    assert select(letters, Selection(reason="undeliverable")) == []
