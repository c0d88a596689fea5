"""Texts with known spans, from three banks that don't share contexts, and formats hardly.

`development` is what the recognisers were written with; `held_out` was scored again and again while
they were changed; because of `final` nothing was changed but for speed.
A text is one context with one or two values in it, sometimes with numbers that are nobody's.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tests.benchmarks.redact import development, final, held_out
from tests.benchmarks.redact.maker import Kind, Maker

Bank = Literal["development", "held_out", "final"]
MARK = "\ue000"  # where a value goes; stands in no text otherwise
DISTRACTED = 0.25  # share of the texts with a number that is nobody's beside the value
NOTHING = 0.15  # share of the texts with nothing but that


@dataclass(frozen=True)
class Truth:
    """`text[start:end]` is of `type`."""

    start: int
    end: int
    type: str


@dataclass(frozen=True)
class Text:
    """A text and every span in it that redaction should find, in order."""

    text: str
    spans: tuple[Truth, ...]


@dataclass(frozen=True)
class Sort:
    """One type: its generators, its words (none: it stands alone), contexts of its own."""

    kinds: Sequence[Kind]
    words: Sequence[str] = ()
    contexts: Sequence[str] = ()


def types(bank: Bank) -> list[str]:
    """Return the types that `bank` has values of."""
    return sorted({name.strip() for name in _sorts(bank)})


def corpus(seed: int, n: int, bank: Bank) -> list[Text]:
    """Return `n` texts of `bank`, the same for the same `seed`; every type equally often."""
    m = Maker(f"{bank}:{seed}")
    sorts = _sorts(bank)
    names = sorted(sorts)
    texts = []
    for i in range(n):
        if m.random() < NOTHING:
            texts.append(Text(_distraction(m, bank), ()))
        else:
            texts.append(_text(m, bank, names[i % len(names)], sorts))
    return texts


def _module(bank: Bank) -> object:
    return {"development": development, "held_out": held_out, "final": final}[bank]


def _sorts(bank: Bank) -> Mapping[str, Sort]:
    return {name: Sort(*parts) for name, parts in _module(bank).SORTS.items()}  # type: ignore[attr-defined]


def _text(m: Maker, bank: Bank, name: str, sorts: Mapping[str, Sort]) -> Text:
    sort, module = sorts[name], _module(bank)
    shared = module.BESIDE if sort.words else module.ALONE  # type: ignore[attr-defined]
    context = m.choice(sort.contexts or shared)
    word = m.choice(sort.words) if sort.words else ""
    value = m.choice(sort.kinds)(m)
    text = _placed(context, word)
    spans = [Truth(at, at + len(value), name.strip()) for at in [text.index(MARK)]]
    text = text.replace(MARK, value)
    if m.random() < DISTRACTED:
        text += m.choice(("\n", "\n\n")) + _distraction(m, bank)
    return Text(text, tuple(spans))


def _placed(context: str, word: str) -> str:
    """Return `context` with its word, also as a key (`social_security_number`), and the mark."""
    key = "_".join("".join(c for c in word if c.isalnum() or c in " _-").replace("-", " ").split())
    text = context.replace("{w}", word).replace("{k}", key.lower()).replace("{W}", word.title())
    return text.replace("{v}", MARK)


def _distraction(m: Maker, bank: Bank) -> str:
    sentence: str = m.choice(_module(bank).NOTHING)  # type: ignore[attr-defined]
    number: Callable[[Maker], str] = m.choice(_module(bank).NUMBERS)  # type: ignore[attr-defined]
    return sentence.replace("{n}", number(m))
