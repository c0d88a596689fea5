"""What one team's product knows: its index, its prompt, its model; pure.

The three parts are mended in different ways, and each only by what a team really has: the source
of a document, a correction that names the fact, examples to train on.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from deploy.experiment.world import BY_NAME, SUBJECTS, Subject, World, fact

KNOWN: Final = 0.94
"""Share of right answers when the product knows the fact."""
UNKNOWN: Final = 0.30
"""The same when it doesn't: half an answer is sometimes enough."""
LEAST_EXAMPLES: Final = 20
"""Training on so many rated conversations about a subject teaches it."""


@dataclass(frozen=True)
class Product:
    """One version of the product. Changing it gives a new one."""

    index: dict[str, int] = field(default_factory=dict)  # doc_id → edition in the index
    prompt: tuple[str, ...] = field(default_factory=tuple)  # what was added to the prompt
    trained: frozenset[str] = frozenset(s.name for s in SUBJECTS if s.source != "model")
    model_number: int = 1
    prompt_number: int = 1

    @property
    def model_version(self) -> str:
        """Return the name of the model."""
        return f"m-{self.model_number}"

    @property
    def prompt_version(self) -> str:
        """Return the name of the prompt."""
        return f"p-{self.prompt_number}"

    def right(self, subject: Subject, world: World, day: int) -> float:
        """Return the probability that an answer about `subject` is right on `day`."""
        edition = world.edition(subject, day)
        knows = {
            "document": self.index.get(subject.doc_id, 0) >= edition,
            "prompt": edition == 0 or any(fact(subject, edition) in line for line in self.prompt),
            "model": subject.name in self.trained,
        }[subject.source]
        return KNOWN if knows else UNKNOWN

    def indexed(self, doc_ids: Iterable[str], world: World, day: int) -> "Product":
        """Return the product after reading these documents from their source again."""
        names = [doc_id.removeprefix("kb-") for doc_id in doc_ids]
        fresh = {f"kb-{n}": world.edition(BY_NAME[n], day) for n in names if n in BY_NAME}
        return replace(self, index={**self.index, **fresh})

    def told(self, corrections: Sequence[str]) -> "Product":
        """Return the product with these corrections in its prompt, as a new prompt version."""
        new = [text for text in dict.fromkeys(corrections) if text not in self.prompt]
        if not new:
            return self
        prompt = (*self.prompt, *new)
        return replace(self, prompt=prompt, prompt_number=self.prompt_number + 1)

    def trained_on(self, prompts: Iterable[str]) -> "Product":
        """Return the product with a model trained on these conversations."""
        seen: Counter[str] = Counter()
        for prompt in prompts:
            seen.update(s.name for s in SUBJECTS if any(t in prompt for t in s.things))
        learnt = {name for name, count in seen.items() if count >= LEAST_EXAMPLES}
        return replace(self, trained=self.trained | learnt, model_number=self.model_number + 1)
