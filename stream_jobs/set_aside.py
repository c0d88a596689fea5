"""The dead letter of a record, as a stage hands it to the runtime."""

from schemas.dead_letters import dead_letter, dead_letter_body
from schemas.errors import SkippableError
from schemas.topics import DEAD_LETTERS
from stream_jobs.stage import Outbound


def set_aside(
    stage: str,
    source: tuple[str, int, int],
    error: SkippableError,
    now_ms: int,
    *,
    schema_id: int | None,
    letter_schema: int,
) -> Outbound:
    """Return the dead letter of the record at `source` (full topic name, partition, offset).

    `schema_id` is the one the record named, None if it named none; `letter_schema` that of dead
    letters. The record's own key may hold anything: the letter's id is the key in its place.
    """
    letter = dead_letter(stage, source, error, now_ms, schema_id)
    body = dead_letter_body(letter, letter_schema)
    return Outbound(DEAD_LETTERS.name, letter["dead_letter_id"].encode(), body)
