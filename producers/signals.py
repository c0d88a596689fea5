"""What a person did, as the fields of an event: thumbs, rating, comment, copy, edit …; pure.

Each function returns the fields that its kind adds; who, where and when are the caller's.
"""

from typing import Any

Fields = dict[str, Any]


def thumbs(*, up: bool) -> Fields:
    """Return the fields of a thumb up or down."""
    return {"kind": "thumbs", "value": 1.0 if up else -1.0}


def rating(value: float) -> Fields:
    """Return the fields of a rating from -1 (bad) to 1 (good)."""
    return {"kind": "rating", "value": value}


def stars(given: int, of: int = 5) -> Fields:
    """Return the fields of a rating of `given` out of 1…`of` stars: one star is -1, all are 1.

    Raises ValueError if `given` is not in 1…`of`, or `of` below 2.
    """
    if not 1 <= given <= of or of < 2:
        raise ValueError(f"{given} stars out of {of}: expected 1 to {of}, of at least 2")
    return rating((given - 1) / (of - 1) * 2 - 1)


def label(text: str, value: float | None = None) -> Fields:
    """Return the fields of a label, e.g. "wrong price"; with a value it counts as a rating."""
    return {"kind": "label", "label": text, "value": value}


def comment(text: str, value: float | None = None) -> Fields:
    """Return the fields of a comment in words; with a value it counts as a rating."""
    return {"kind": "comment", "comment": text, "value": value}


def correction(text: str) -> Fields:
    """Return the fields of a correction: what the answer should have been."""
    return {"kind": "correction", "correction": text}


def retract(event_id: str) -> Fields:
    """Return the fields that take back the signal `event_id`."""
    return {"kind": "retract", "retracts": event_id}


def copy() -> Fields:
    """Return the fields of a copy to the clipboard: the answer was of use."""
    return {"kind": "copy"}


def edit(edited_text: str) -> Fields:
    """Return the fields of an edit: the whole answer as the person left it."""
    return {"kind": "edit", "edited_text": edited_text}


def click(target: str | None = None) -> Fields:
    """Return the fields of a click on something in the answer."""
    return {"kind": "click", "target": target}


def dwell(seconds: float) -> Fields:
    """Return the fields of the time a person stayed with the answer."""
    return {"kind": "dwell", "value": seconds}


def regenerate() -> Fields:
    """Return the fields of a request for another answer to the same question."""
    return {"kind": "regenerate"}


def impression() -> Fields:
    """Return the fields of an answer that was shown."""
    return {"kind": "impression"}


def session_end() -> Fields:
    """Return the fields of a session that its person ended."""
    return {"kind": "session_end"}
