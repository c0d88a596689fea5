"""Says what each prompt is about, once it is redacted; what the sender said stays."""

from collections.abc import Sequence
from typing import Any, Final, Protocol

FIELD: Final = "prompt_topic"


class Labeller(Protocol):
    """A model of topics."""

    def label(self, prompts: Sequence[str]) -> list[str]:
        """Return the topic of each prompt."""


def label_prompts(model: Labeller, inferences: Sequence[dict[str, Any]]) -> None:
    """Fill in the topic of each inference that has none, in place.

    An inference of an older schema, which has no such field, stays as it is.
    """
    open_ones = [i for i in inferences if FIELD in i and i[FIELD] is None]
    prompts = [prompt_of(inference) for inference in open_ones]
    for inference, topic in zip(open_ones, model.label(prompts), strict=True):
        inference[FIELD] = topic


def prompt_of(inference: dict[str, Any]) -> str:
    """Return what the user asked last; "" if there is no message."""
    messages = inference["messages"]
    said = (m["content"] for m in reversed(messages) if m["role"] == "user")
    prompt: str = next(said, messages[-1]["content"] if messages else "")
    return prompt
