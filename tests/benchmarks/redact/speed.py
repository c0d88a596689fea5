"""Texts to measure the speed of redaction with, and the clock: CPU seconds, best of some runs."""

import random
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path

from stream_jobs.redact.redactor import Redactor

CHARACTERS = 200
RUNS = 3
BATCH = 256
WORDS = """
    the order arrived late and customer asked whether refund could be sent to other account
    because answer from assistant was wrong about delivery date please check again thanks model
    version looks fine summary table page product price total items shipping policy update
""".split()  # noqa: SIM905 - a list of words reads best as words
VALUES: tuple[Callable[[random.Random], str], ...] = (
    lambda r: f"{r.choice(WORDS)}.{r.choice(WORDS)}@example.com",
    lambda r: f"({r.randint(200, 999)}) {r.randint(200, 999)}-{r.randint(1000, 9999)}",
    lambda r: f"+44 20 7946 0{r.randint(100, 999)}",
    lambda r: f"10.{r.randint(0, 255)}.{r.randint(0, 255)}.{r.randint(1, 254)}",
    lambda _: "4111 1111 1111 1111",
    lambda _: "DE89 3704 0044 0532 0130 00",
    lambda r: f"{r.randint(100, 665)}-{r.randint(10, 99)}-{r.randint(1000, 9999)}",
    lambda r: "password=" + "".join(r.choice("abcdefgh12345678!") for _ in range(12)) + "1",
    lambda r: "AKIA" + "".join(r.choice("ABCDEFGHIJ234567") for _ in range(16)),
)
HOSTILE_CHARACTERS = 100_000


def _text(rng: random.Random, value: str) -> str:
    """Return about CHARACTERS of running text with `value` in its middle."""
    words: list[str] = []
    while sum(len(w) + 1 for w in words) + len(value) < CHARACTERS:
        words.append(rng.choice(WORDS))
    words.insert(len(words) // 2, value)
    return " ".join(words)


def _number(rng: random.Random) -> str:
    """Return a number that is nobody's."""
    return rng.choice(
        (str(rng.randint(1, 99)), "2024-05-17", "v2.11.3", str(rng.randint(10**9, 10**10)))
    )


def corpora(count: int) -> dict[str, list[str]]:
    """Return `count` texts of each kind, from a fixed seed."""
    rng = random.Random(7)
    holds = [_text(rng, rng.choice(VALUES)(rng)) for _ in range(count)]
    plain = [_text(rng, "") for _ in range(count)]
    numbers = [_text(rng, _number(rng)) for _ in range(count)]
    half = [pair[i % 2] for i, pair in enumerate(zip(holds, plain, strict=True))]
    return {
        "half with a value": half,
        "nothing in it": plain,
        "nothing in it, not ASCII": [text.replace("a", "ä") for text in plain],
        "numbers that are nobody's": numbers,
        "all with a value": holds,
    }


def joined(lines: Sequence[str]) -> list[str]:
    """Return `lines`, each once, put together to texts of about CHARACTERS."""
    texts = [""]
    for line in lines:
        if len(texts[-1]) + len(line) / 2 > CHARACTERS:
            texts.append("")
        texts[-1] += f" {line}" if texts[-1] else line
    return texts


def hostile(size: int = HOSTILE_CHARACTERS) -> dict[str, str]:
    """Return texts of `size` characters that are nearly something everywhere."""
    parts = {
        "at signs": "a@",
        "dots": "a.",
        "digits": "1",
        "groups of digits": "123-",
        "near phones": "555-123-456 ",
        "colons": "ab:",
        "plus": "+1 2 ",
        "open quotes": "password='",
        "secret keys": "token=",
        "at and dot": "a at b dot ",
        "hexadecimal": "deadbeef-",
        "near IPv4": "1.1.1.",
        "near IBAN": "DE89 3704 ",
        "key headers": "-----BEGIN PRIVATE KEY-----",
        "near JWT": "eyJaaaaaaaaaa.",
        "near URLs": "a://b:",
        "near labels": "<EMAIL_ADDRESS:k1:",
        "hidden characters": "1\u200b",
        "dates": "2024-01-15 ",
        "local part": "a.b-c+d_e",
        "zeros": "0 ",
        "brackets": "(1) ",
        "words for ids": "ssn 1 ",
        "nested quotes": '"\'\\"',
        "table cells": "| ssn | 1 ",
        "one line": "lorem ipsum ",
        "entities": "&#64;&amp;&#x40;&lt;",
        "escapes": "\\u0040\\n\\t",
        "percent signs": "%40%20",
        "quotes of all kinds": "password: “a‘b\"c'd`",
        "open quotes after keys": '"password": "a\\"',
        "nested JSON": '{"user": {"ssn": "',
        "open tags": "<td><ssn ",
        "bearer words": "Authorization: Bearer ",
        "names as keys": "user_name=",
        "handles": "@a_b ",
        "spaces": " ",
        "line breaks": "\n",
        "accents": "e\u0301",
        "full-width digits": "\uff11\uff12\uff13-",
        "near cards": "4111 1111 1111 111",
        "near plates": "plate AB1",
        "born": "born 01/02/",
        "seeds": "abandon ability able ",
    }
    return {name: _filled([part], size) for name, part in parts.items()}


def crowded(size: int = HOSTILE_CHARACTERS) -> dict[str, str]:
    """Return texts of `size` characters that are full of values: of one, then of thousands."""
    parts = {
        "e-mails": "a@b.com ",
        "ids with their word": "ssn 536228145 ",
        "phones under their word": "phone\n4155552671 ",
        "rows of coordinates": "40.712776 -74.005974\n",
        "coordinates in one line": "40.712776 -74.005974 ",
        "e-mails among dates": "2024-01-15 a@b.com ",
        "entities in addresses": "a&#64;b&period;com ",
    }
    return {name: _filled([part], size) for name, part in parts.items()} | {
        name: _filled([make() for _ in range(size // 8)], size) for name, make in _various().items()
    }


def _filled(parts: Sequence[str], size: int) -> str:
    """Return `parts`, again and again, up to `size` characters."""
    return "".join(islice(cycle(parts), size // min(map(len, parts)) + 1))[:size]


def _various() -> dict[str, Callable[[], str]]:
    """Return what makes a part of a crowded text, each part another value."""
    rng = random.Random(13)

    def digits(count: int) -> str:
        return "".join(rng.choices("0123456789", k=count))

    def word() -> str:
        return "".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=7))

    return {
        "e-mails of many": lambda: f"{word()}.{word()}@{word()}.example.com, ",
        "e-mails of many domains": lambda: (
            f"{word()}@{word()}.{rng.choice(('com', 'de', 'co.uk'))}\n"
        ),
        "ids of many": lambda: f"ssn {rng.randint(100, 665)}{digits(2)}{digits(4)} ",
        "ids in a list": lambda: f"social security: {digits(3)}-{digits(2)}-{digits(4)}\n",
        "phones of many": lambda: f"phone\n{rng.randint(200, 999)}{digits(7)} ",
        "phones of the world": lambda: f"+{rng.randint(1, 99)} {digits(3)} {digits(6)} ",
        "cards and accounts": lambda: f"4{digits(15)} DE{digits(20)} ",
        "tokens": lambda: f"token={word()}{digits(6)}{word()} ",
        "addresses of machines": lambda: f"10.{rng.randint(0, 255)}.{rng.randint(0, 255)}.1 ",
        "rows of a table": lambda: f"| {word()} | {digits(9)} | {word()}@x.com |\n",
        "user names": lambda: f"user: {word()}_{digits(2)} ",
        "coordinates of many": lambda: (
            f"{rng.randint(1, 80)}.{digits(6)}, {digits(2)}.{digits(6)}\n"
        ),
    }


def seconds(redactor: Redactor, texts: Sequence[str], runs: int = RUNS) -> float:
    """Return the CPU seconds of the fastest of `runs` over `texts`, in batches as the stage has."""
    times = []
    for _ in range(runs):
        start = time.process_time()
        for at in range(0, len(texts), BATCH):
            redactor.redact_texts(texts[at : at + BATCH], "acme")
        times.append(time.process_time() - start)
    return min(times)


def resident_mb() -> float:
    """Return the memory that this process holds now, in MB; where /proc isn't, its maximum."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(one for one in status.read_text().splitlines() if one.startswith("VmRSS"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def memory(redactor: Redactor, count: int) -> Iterator[tuple[int, float]]:
    """Redact `count` texts, each of them new; yield (texts so far, MB held) eleven times."""
    step = max(count // 10, BATCH)
    done = 0
    rng = random.Random(3)
    while True:
        yield done, resident_mb()
        if done >= count:
            return
        for start in range(0, step, BATCH):
            texts = [
                _text(rng, f"{number:x} user{number}@mail{number % 977}.example")
                for number in range(done + start, done + min(start + BATCH, step))
            ]
            redactor.redact_texts(texts, "acme")
        done += step


def endless(texts: Sequence[str], count: int) -> list[str]:
    """Return `count` texts: `texts` as often as it takes."""
    return list(islice(cycle(texts), count))
