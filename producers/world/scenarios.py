"""Worlds by name: steady, each of the three problems alone, and all three in sequence."""

from collections.abc import Callable
from typing import Final

from producers.world.model import (
    HOUR_MS,
    BadDocument,
    Habits,
    InputShift,
    Problem,
    PromptRegression,
    Segment,
    World,
)

WEB: Final = Segment("acme", "web")
MOBILE: Final = Segment("acme", "mobile")
PARTNER: Final = Segment("globex", "partner", weight=1.25)
DEFAULT_EVENTS: Final = 7_500
"""Enough for 400 ratings a segment before a problem begins, and for its detection after it."""

# Ratings are what alarms live on; a short show needs more of them than life brings.
EAGER: Final = Habits(rated=0.7, copy=0.06, click=0.02, dwell=0.02, impression=0.02)


def steady() -> World:
    """Return a product with nothing wrong."""
    return World((WEB, MOBILE, PARTNER))


def regression() -> World:
    """Return a product whose new prompt version is worse."""
    return World((WEB, MOBILE), EAGER, (_regression(0.55),))


def bad_document() -> World:
    """Return a product one of whose documents goes stale."""
    return World((WEB, MOBILE), EAGER, (_bad_document(0.55),))


def shift() -> World:
    """Return a product whose users begin to ask otherwise."""
    return World((WEB, PARTNER), EAGER, (_shift(0.5),))


def demo() -> World:
    """Return a product with all three, one after the other, each in a segment of its own."""
    problems: tuple[Problem, ...] = (_shift(0.5), _regression(0.62), _bad_document(0.66))
    return World((WEB, MOBILE, PARTNER), EAGER, problems, duration_ms=5 * HOUR_MS // 2)


def _regression(at: float) -> PromptRegression:
    return PromptRegression(WEB.tenant_id, WEB.name, at)


def _bad_document(at: float) -> BadDocument:
    return BadDocument(MOBILE.tenant_id, MOBILE.name, at, doc_id="kb-returns-02")


def _shift(at: float) -> InputShift:
    return InputShift(PARTNER.tenant_id, PARTNER.name, at)


SCENARIOS: Final[dict[str, Callable[[], World]]] = {
    "steady": steady,
    "regression": regression,
    "bad_document": bad_document,
    "shift": shift,
    "demo": demo,
}
