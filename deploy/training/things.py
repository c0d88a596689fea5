"""Values that are no names: products, dates, amounts, numbers, headings, lines of code."""

import uuid
from collections.abc import Callable
from random import Random
from typing import Final

from deploy.training.vocabulary import WORDS, word_lists

CUT: Final = "\ufffc"
"""Stands for what the pattern layers have cut out before the model reads a text."""

Thing = Callable[[Random], str]


def things() -> dict[str, Thing]:
    """Return a maker for each kind of thing."""
    lists = word_lists("things.txt")
    code = [line for line in (WORDS / "code.txt").read_text().splitlines() if line.strip()]
    makers: dict[str, Thing] = {kind: _chooser(words) for kind, words in lists.items()}
    makers |= {
        "code": lambda rng: rng.choice(code),
        "contact": lambda _: CUT,
        "n": lambda rng: str(rng.randint(1, rng.choice((9, 40, 99, 500, 9999)))),
        "year": lambda rng: str(rng.randint(1930, 2030)),
        "day": _day,
        "time": _time,
        "isotime": _isotime,
        "money": _money,
        "orderid": _order_id,
        "hash": lambda rng: f"{rng.getrandbits(160):040x}"[: rng.choice((7, 8, 12, 40))],
        "uuid": lambda rng: str(uuid.UUID(int=rng.getrandbits(128))),
        "version": lambda rng: f"{rng.randint(0, 12)}.{rng.randint(0, 30)}.{rng.randint(0, 9)}",
        "code2": lambda rng: "".join(rng.choices("ABCDEGHIKLMNORSTUX", k=2)),
        "ident": lambda rng: _identifier(rng, lists["thing"]),
        "ident_class": lambda rng: _class_name(rng, lists["thing"]),
        "code_error": lambda rng: _code_error(rng, lists["thing"]),
        "path": lambda rng: _path(rng, lists["thing"]),
        "Job": lambda rng: _upper_first(rng.choice(lists["job"])),
    }
    return makers


def _chooser(words: tuple[str, ...]) -> Thing:
    return lambda rng: rng.choice(words)


def _upper_first(text: str) -> str:
    return text[:1].upper() + text[1:]


def _day(rng: Random) -> str:
    lists = word_lists("things.txt")
    month, number = rng.choice(lists["month"]), rng.randint(1, 28)
    year, weekday = rng.randint(1990, 2030), rng.choice(lists["day_plain"])
    forms = (
        weekday,
        f"{month} {number}",
        f"{number} {month} {year}",
        f"{month} {number}, {year}",
        f"{year}-{rng.randint(1, 12):02}-{number:02}",
        f"{number:02}/{rng.randint(1, 12):02}/{year}",
        f"{number}.{rng.randint(1, 12)}.{year}",
        f"{weekday}, {month} {number}",
        f"{weekday[:3]}, {number} {month[:3]} {year}",
        f"next {weekday}",
        f"the {number}th",
        "tomorrow",
        "yesterday",
    )
    return rng.choice(forms)


def _time(rng: Random) -> str:
    hour, minute = rng.randint(0, 23), rng.randint(0, 59)
    forms = (f"{hour}:{minute:02}", f"{hour % 12 + 1} pm", f"{hour % 12 + 1}:{minute:02} AM")
    return rng.choice((*forms, f"{hour:02}:{minute:02}:{rng.randint(0, 59):02}", "noon"))


def _isotime(rng: Random) -> str:
    date = f"{rng.randint(2015, 2030)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
    return (
        f"{date}{rng.choice('T ')}{rng.randint(0, 23):02}:{rng.randint(0, 59):02}:07"
        + rng.choice(("Z", "", ",123", ".482Z", "+02:00"))
    )


def _money(rng: Random) -> str:
    amount = rng.choice((f"{rng.randint(1, 999)}", f"{rng.randint(1, 99)}.99", "1,200", "20k"))
    return rng.choice(
        (f"${amount}", f"€{amount}", f"{amount} EUR", f"{amount} dollars", f"£{amount}")
    )


def _order_id(rng: Random) -> str:
    number = rng.randint(100, 10**9)
    forms = ("{}", "ORD-{}", "#{}", "INV-{}", "A{}", "TCK{}", "{}-B", "PO {}", "XZ{}")
    return rng.choice(forms).format(number)


def _identifier(rng: Random, words: tuple[str, ...]) -> str:
    first, second = rng.choice(words), rng.choice(words)
    return rng.choice(
        (
            f"{first}_{second}",
            f"get_{first}",
            f"{first}{second.title()}",
            first,
            f"{first}-{second}",
        )
    )


def _class_name(rng: Random, words: tuple[str, ...]) -> str:
    end = rng.choice(("Factory", "Manager", "Service", "Handler", "Error", "Repository", ""))
    return rng.choice(words).title() + rng.choice(words).title() + end


def _code_error(rng: Random, words: tuple[str, ...]) -> str:
    kind = rng.choice(
        (
            "ValueError",
            "KeyError",
            "TypeError",
            "RuntimeError",
            "IOError",
            "AssertionError",
            "TimeoutError",
            "NullPointerException",
            "IllegalStateException",
            "ReferenceError",
        )
    )
    word = rng.choice(words)
    said = (
        f"invalid {word}",
        f"'{word}'",
        f"{word} is not defined",
        f"no {word} found",
        f"unsupported operand for {word}",
    )
    return f"{kind}: {rng.choice(said)}"


def _path(rng: Random, words: tuple[str, ...]) -> str:
    parts = [rng.choice(words) for _ in range(rng.randint(1, 3))]
    end = rng.choice((".py", ".log", ".txt", ".json", "/index.html", ".md", ""))
    root = rng.choice(
        (
            "/var/log/",
            "/usr/lib/",
            "src/",
            "./",
            "/home/app/",
            "C:\\Windows\\",
            "~/",
            "/api/v1/",
            "https://example.com/",
        )
    )
    return root + "/".join(parts) + end
