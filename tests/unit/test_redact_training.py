"""The generated training text: lines that parse, marks that fit, the same from the same seed."""

import re
from pathlib import Path
from random import Random

import pytest

from deploy.training.corpus import BANKS, Corpus, makers
from deploy.training.noise import cut_out
from deploy.training.sample import LABELS, Mark, Sample, join, pieces
from deploy.training.template import Choice, Slot, Template, parse, read_bank
from deploy.training.things import CUT
from deploy.training.vocabulary import family_names, given_names, split_of, towns
from tests.benchmarks.redact.names_corpus import HERE, corpus


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    return Corpus(3).take(400)


@pytest.fixture(scope="module")
def known() -> set[str]:
    return set(makers("train", 1))


def test_a_template_with_choices_values_and_escapes() -> None:
    template = parse(r"[Dear|[Hello|Hi]] {person},\n\[{n}\] {not a kind}")
    made = {"person": lambda _: [("Dr ", None), ("Who", "PERSON")], "n": lambda _: [("7", None)]}
    texts = {template.fill(Random(seed), made).text for seed in range(40)}
    ends = " Dr Who,\n[7] {not a kind}"
    assert texts == {f"Dear{ends}", f"Hello{ends}", f"Hi{ends}"}
    [mark] = template.fill(Random(0), made).marks
    assert mark.label == "PERSON"


@pytest.mark.parametrize("line", ["[a|b", "a]", "[[a]"])
def test_a_bracket_without_its_other_is_told(line: str) -> None:
    with pytest.raises(ValueError, match=r"\]"):
        parse(line)


def kinds(nodes: tuple) -> set[str]:
    found = {node.kind for node in nodes if isinstance(node, Slot)}
    for node in nodes:
        if isinstance(node, Choice):
            found.update(*(kinds(option) for option in node.options))
    return found


@pytest.mark.parametrize(
    "bank", sorted([*BANKS.glob("*.txt"), *HERE.glob("*.txt")]), ids=lambda p: p.stem
)
def test_each_line_of_a_bank_asks_for_known_values(bank: Path, known: set[str]) -> None:
    templates = read_bank(bank)
    assert templates
    for template in templates:
        assert isinstance(template, Template)
        assert {k for k in kinds(template.nodes) if not k.startswith("item_")} <= known


@pytest.mark.long
def test_marks_are_names_in_order_and_apart(samples: list[Sample]) -> None:
    assert {mark.label for sample in samples for mark in sample.marks} == set(LABELS)
    for text, marks in samples:
        at = 0
        for mark in marks:
            assert at <= mark.start < mark.end <= len(text)
            assert text[mark.start : mark.end].strip()
            at = mark.end
    shares = sum(bool(sample.marks) for sample in samples) / len(samples)
    assert 0.3 < shares < 0.9


def test_held_out_names_are_in_no_training_list() -> None:
    for lists in (given_names, family_names, towns):
        train = {name.casefold() for names in lists("train") for name in names}
        held_out = {name.casefold() for names in lists("held_out") for name in names}
        assert not train & held_out
        assert len(held_out) > 500
    assert {split_of(name) for names in given_names("held_out") for name in names} == {"held_out"}


def test_held_out_lines_are_no_training_lines() -> None:
    def bare(line: str) -> str:
        return re.sub(r"\W+", " ", line).lower()

    trained = {bare(line) for bank in BANKS.glob("*.txt") for line in bank.read_text().splitlines()}
    for bank in HERE.glob("*_bank.txt"):
        assert not trained & {bare(line) for line in bank.read_text().splitlines() if "{" in line}


def test_held_out_spans_are_what_they_say() -> None:
    marked = corpus(1, 200)
    assert marked == corpus(1, 200)
    assert {kind for _, spans in marked for _, _, kind in spans} == {
        *("PERSON", "LOCATION", "ORGANIZATION"),
    }
    assert all(0 <= a < b <= len(text) for text, spans in marked for a, b, _ in spans)


def test_cutting_out_and_joining_keep_the_marks_right() -> None:
    sample = Sample("I am Jo of Ghent", (Mark(5, 7, "PERSON"), Mark(11, 16, "LOCATION")))
    assert join([("", sample), ("\n", sample)]).marks[2:] == (
        Mark(22, 24, "PERSON"),
        Mark(28, 33, "LOCATION"),
    )
    assert pieces(sample)[1] == ("Jo", "PERSON")
    texts = {cut_out(sample, Random(seed)).text for seed in range(30)}
    assert f"I am {CUT} of {CUT}" in texts
    assert len(texts) > 2
