"""The records that services send, as types, with every rule a record must keep.

`check_event` is the one gate: `feedloop send`, the client and the first stage use it, so an event
is refused for the same reason wherever it comes in.
"""

import re
from typing import Annotated, Any, Final, Literal, get_args

import msgspec

from schemas.errors import InvalidRecord
from schemas.topics import FEEDBACK, INFERENCE, INTERACTION, Topic

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
Millis = int
Unit = Annotated[float, msgspec.Meta(ge=-1, le=1)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]

Status = Literal["ok", "error", "refused", "timeout", "unknown"]
FeedbackKind = Literal["thumbs", "rating", "label", "comment", "correction", "retract", "unknown"]
Author = Literal["user", "reviewer", "judge", "unknown"]
InteractionKind = Literal[
    "impression",
    "copy",
    "edit",
    "regenerate",
    "click",
    "dwell",
    "session_end",
    "abandonment",
    "unknown",
]
FEEDBACK_KINDS: Final[tuple[str, ...]] = get_args(FeedbackKind)
INTERACTION_KINDS: Final[tuple[str, ...]] = get_args(InteractionKind)

EARLIEST_MS: Final = 946_684_800_000  # 2000-01-01: anything below is most likely seconds


class Retrieved(msgspec.Struct, forbid_unknown_fields=True):
    """One retrieved document."""

    doc_id: Id
    score: float | None = None


class Message(msgspec.Struct, forbid_unknown_fields=True):
    """One turn of a conversation."""

    role: Name
    content: str


class Inference(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One answer of the product's model."""

    inference_id: Id
    session_id: Id
    user_id: Id | None = None
    tenant_id: Id
    event_time: Millis
    model_version: Name
    prompt_version: Name
    segment: Name | None = None
    status: Status = "ok"
    error_type: str | None = None
    latency_ms: Count
    input_tokens: Count
    output_tokens: Count
    cost_usd: Annotated[float, msgspec.Meta(ge=0)] | None = None
    language: Name | None = None
    prompt_topic: str | None = None
    attributes: dict[str, str] = {}
    retrieved: list[Retrieved] = []
    messages: list[Message] = []
    response: str = ""


class Feedback(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What a person (or a judge) said of an answer."""

    event_id: Id
    inference_id: Id
    session_id: Id
    user_id: Id | None = None
    tenant_id: Id
    event_time: Millis
    kind: FeedbackKind
    value: Unit | None = None
    author: Author = "user"
    source: Name = "unknown"
    retracts: Id | None = None
    label: str | None = None
    comment: str | None = None
    correction: str | None = None


class Interaction(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What a person did with an answer."""

    event_id: Id
    inference_id: Id | None = None
    session_id: Id
    user_id: Id | None = None
    tenant_id: Id
    event_time: Millis
    kind: InteractionKind
    value: float | None = None
    target: str | None = None
    edited_text: str | None = None


Event = Inference | Feedback | Interaction
TYPES: Final[dict[str, tuple[type[Event], Topic]]] = {
    "inference": (Inference, INFERENCE),
    "feedback": (Feedback, FEEDBACK),
    "interaction": (Interaction, INTERACTION),
}
"""`type` in the JSON form of an event → its record and the topic it goes to."""


_SYMBOLS: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("inference", "status"): get_args(Status),
    ("feedback", "kind"): FEEDBACK_KINDS,
    ("feedback", "author"): get_args(Author),
    ("interaction", "kind"): INTERACTION_KINDS,
}


_NAME_OF_FIELD: Final = re.compile(r"unknown field `(?P<name>.*)`(?= - at |$)", re.DOTALL)
_PLAIN_NAME: Final = re.compile(r"[a-z][a-z_]{0,39}")


def check_event(
    kind: str,
    fields: dict[str, Any],
    now_ms: int,
    future_bound_ms: int,
    *,
    extra: bool = False,
) -> None:
    """Raise InvalidRecord if `fields` is not a valid event of type `kind`; values are not quoted.

    `future_event_time` if it is dated after now_ms + future_bound_ms, else `invalid`. `extra`:
    fields that we don't know are taken (a newer writer's schema may have them).
    """
    known = TYPES.get(kind)
    if known is None:
        raise InvalidRecord("invalid", f"unknown type; expected one of {', '.join(TYPES)}")
    if extra:
        fields = {name: fields[name] for name in known[0].__struct_fields__ if name in fields}
    try:
        event = msgspec.convert(fields, known[0])
    except msgspec.ValidationError as error:
        raise InvalidRecord("invalid", _without_values(error, kind)) from None
    _check_time(event.event_time, now_ms, future_bound_ms)
    _check_meaning(event)


def _told_if_plain(match: re.Match[str]) -> str:
    plain = _PLAIN_NAME.fullmatch(match["name"]) is not None
    return match.group() if plain else "unknown field (its name may be personal: not shown)"


def _without_values(error: msgspec.ValidationError, kind: str) -> str:
    # "Invalid enum value 'x'" quotes the input, which may be personal: keep path and rule. So does
    # "unknown field `x`"; a name that a programmer would give to a field is shown, for its typo.
    text = _NAME_OF_FIELD.sub(_told_if_plain, str(error))
    if not text.startswith("Invalid enum value"):
        return text
    path = text[text.rfind(" - at ") :] if " - at " in text else ""
    known = _SYMBOLS.get((kind, path.removeprefix(" - at `$.").removesuffix("`")), ())
    expected = "; expected one of " + ", ".join(s for s in known if s != "unknown") if known else ""
    return f"unknown enum value{path}{expected}"


def _check_time(event_time: int, now_ms: int, future_bound_ms: int) -> None:
    if event_time < EARLIEST_MS:
        hint = "; that looks like seconds" if event_time > EARLIEST_MS // 1000 else ""
        raise InvalidRecord(
            "invalid", f"event_time must be milliseconds since 1970 UTC, after the year 2000{hint}"
        )
    if event_time > now_ms + future_bound_ms:
        ahead = (event_time - now_ms) // 1000
        raise InvalidRecord(
            "future_event_time",
            f"event_time is {ahead} s ahead of now, more than the {future_bound_ms // 1000} s "
            "allowed: check the sender's clock",
        )


def _check_meaning(event: Event) -> None:
    if isinstance(event, Inference):
        return
    if event.kind == "unknown":
        raise InvalidRecord("invalid", "kind must not be `unknown` - at `$.kind`")
    if isinstance(event, Interaction):
        return
    if event.kind in ("thumbs", "rating") and event.value is None:
        raise InvalidRecord("invalid", f"{event.kind} needs a value from -1 to 1 - at `$.value`")
    if event.kind == "retract" and event.retracts is None:
        raise InvalidRecord("invalid", "retract needs the event_id it takes back - at `$.retracts`")
    if event.kind == "correction" and event.correction is None:
        raise InvalidRecord("invalid", "correction needs its text - at `$.correction`")
