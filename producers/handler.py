"""A function that works on actions of one kind, and how patiently it is tried.

    @on_action("rag_reindex")
    def reindex(action: Action) -> Done:
        for document in action.contents["documents"]:
            index.refresh(document["doc_id"])
        return Done(detail="refreshed")

    run_handlers([reindex], group="search-team")

The decorator registers nothing: what runs is what `run_handlers` is given.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from producers.actions import Action, Answer
from schemas.catalog import definition
from schemas.errors import ConfigError


def _symbols(field: str) -> tuple[str, ...]:
    fields = {f["name"]: f["type"] for f in definition("Action")["fields"]}
    return tuple(fields[field]["symbols"])


KINDS: Final = _symbols("kind")
STATES: Final = _symbols("state")


@dataclass(frozen=True)
class Handler:
    """`function` for actions of `kind`; a call of the handler is a call of the function.

    `states` None: called once per action_id while the problem is open (tried again at its next
    change of state if it failed). Else: called once for each change to one of `states`.
    """

    kind: str
    function: Callable[[Action], Answer]
    states: tuple[str, ...] | None = None

    def __call__(self, action: Action) -> Answer:
        """Return what the function returns."""
        return self.function(action)


@dataclass(frozen=True)
class Retry:
    """How often a handler that raises is tried, and how long it waits in between."""

    attempts: int = 5
    first_s: float = 1.0
    most_s: float = 60.0

    def wait_s(self, attempt: int) -> float:
        """Return the wait after failed attempt number `attempt` (from 1): doubling, bounded."""
        return float(min(self.most_s, self.first_s * 2 ** (attempt - 1)))


def on_action(
    kind: str, *, states: Sequence[str] | None = None
) -> Callable[[Callable[[Action], Answer]], Handler]:
    """Return a decorator that makes a function the handler of a kind of action.

    Raises ConfigError if there is no such kind or state.
    """
    if kind not in KINDS:
        raise ConfigError(f"there is no action kind {kind!r}; known: {', '.join(KINDS)}")
    unknown = set(states or ()) - set(STATES)
    if unknown:
        raise ConfigError(f"there is no action state {min(unknown)!r}; known: {', '.join(STATES)}")
    return lambda function: Handler(kind, function, None if states is None else tuple(states))
