"""How many texts a second the pattern layers redact, on one core.

Run `python -m tests.benchmarks.bench_redact`.

Texts are made up from a fixed seed. Each kind is timed five times and the best run counts: the
least disturbed by whatever else the machine does.
"""

import random
import time
from collections.abc import Callable

from schemas.settings import RedactSettings
from stream_jobs.redact.keys import Key, Keys
from stream_jobs.redact.redactor import Redactor

TEXTS = 4000
CHARACTERS = 200
RUNS = 5
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


def text(rng: random.Random, value: str) -> str:
    """Return about CHARACTERS of running text with `value` in its middle."""
    words: list[str] = []
    while sum(len(w) + 1 for w in words) + len(value) < CHARACTERS:
        words.append(rng.choice(WORDS))
    words.insert(len(words) // 2, value)
    return " ".join(words)


def number(rng: random.Random) -> str:
    """Return a number that is nobody's."""
    return rng.choice(
        (str(rng.randint(1, 99)), "2024-05-17", "v2.11.3", str(rng.randint(10**9, 10**10)))
    )


def corpora() -> dict[str, list[str]]:
    """Return the texts of each kind."""
    rng = random.Random(7)
    holds = [text(rng, rng.choice(VALUES)(rng)) for _ in range(TEXTS)]
    plain = [text(rng, "") for _ in range(TEXTS)]
    numbers = [text(rng, number(rng)) for _ in range(TEXTS)]
    half = [pair[i % 2] for i, pair in enumerate(zip(holds, plain, strict=True))]
    letters = [t.replace("a", "ä") for t in plain]
    return {
        "nothing in it": plain,
        "nothing in it, not ASCII": letters,
        "numbers that are nobody's": numbers,
        "half with a value": half,
        "all with a value": holds,
    }


def hostile() -> dict[str, str]:
    """Return texts of 100,000 characters that are nearly something, everywhere."""
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
        "e-mails": "a@b.com ",
        "dates": "2024-01-15 ",
        "local part": "a.b-c+d_e",
        "zeros": "0 ",
        "brackets": "(1) ",
        "words for ids": "ssn 1 ",
    }
    return {name: (part * (100_000 // len(part) + 1))[:100_000] for name, part in parts.items()}


def best(redactor: Redactor, texts: list[str]) -> float:
    """Return the seconds of the fastest run over `texts`."""
    times = []
    for _ in range(RUNS):
        start = time.process_time()
        redactor.redact_texts(texts, "acme")
        times.append(time.process_time() - start)
    return min(times)


def main() -> None:
    """Print the tables."""
    redactor = Redactor(RedactSettings(), Keys((Key("k1", b"0" * 32),)))
    print(f"{'texts of 200 characters':<28}{'texts/s':>10}{'µs/text':>10}{'with spans':>12}")
    for name, texts in corpora().items():
        redactor.redact_texts(texts[:200], "acme")
        seconds = best(redactor, texts)
        hits = sum(bool(spans) for _, spans in redactor.redact_texts(texts, "acme"))
        each = seconds / len(texts)
        print(f"{name:<28}{1 / each:>10,.0f}{each * 1e6:>10.1f}{hits:>12,}")
    print(f"\n{'hostile, 100,000 characters':<28}{'ms':>10}{'spans':>10}")
    for name, nasty in hostile().items():
        start = time.process_time()
        _, spans = redactor.redact_text(nasty, "acme")
        milliseconds = (time.process_time() - start) * 1e3
        print(f"{name:<28}{milliseconds:>10.1f}{len(spans):>10,}")


if __name__ == "__main__":
    main()
