"""How the problems of a world bear on one session: prompt version, words, documents, luck."""

from dataclasses import dataclass
from random import Random

from producers.world.model import BadDocument, InputShift, PromptRegression, Segment, World


@dataclass(frozen=True)
class Conditions:
    """What holds for a session from its start to its end."""

    segment: Segment
    prompt_version: str
    shifted: bool  # long questions in another language
    document: str | None  # that every answer of the session draws on
    negative: float  # probability that a judgement is negative


def conditions(world: World, rng: Random, segment: Segment, at: float) -> Conditions:
    """Return the conditions of a session of `segment` that starts at share `at` of the duration."""
    prompt_version, shifted, document = segment.prompt_version, False, None
    fine = 1.0 - world.habits.negative
    for problem in world.problems:
        if (problem.tenant_id, problem.segment) != (segment.tenant_id, segment.name):
            continue
        begun = at >= problem.at
        match problem:
            case PromptRegression() if begun:
                prompt_version = problem.prompt_version
                fine = min(fine, 1.0 - problem.negative)
            case BadDocument() if rng.random() < problem.share:
                document = problem.doc_id
                fine = min(fine, 1.0 - problem.negative) if begun else fine
            case InputShift() if begun:
                shifted = rng.random() < problem.share
    return Conditions(segment, prompt_version, shifted, document, 1.0 - fine)
