"""The table of the last run in docs/redaction.md."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[3] / "docs" / "redaction.md"
MARKED = re.compile(r"(<!-- measured -->\n).*(<!-- end of measured -->)", re.DOTALL)
ROWS = {
    "patterns_f1": ("F1 of patterns, exact spans", "0.98 or more", ".3f"),
    "patterns_leak_recall": ("share of their spans at least touched", "", ".3f"),
    "false_alarms_patterns": ("texts with a false alarm, patterns", "0.001 or less", ".4f"),
    "false_alarms_full": ("texts with a false alarm, names too", "0.02 or less", ".4f"),
    "person_f1": ("F1 of PERSON, exact spans", "0.88 or more", ".3f"),
    "leak_recall": ("share of name spans at least touched", "0.90 or more", ".3f"),
    "patterns_per_s.half with a value": ("texts/s, half with a value", "8,000", ",.0f"),
    "presidio_per_s.half with a value": ("the same texts by Presidio's defaults", "", ",.0f"),
    "patterns_per_s.nothing in it": ("texts/s, nothing in them", "40,000", ",.0f"),
    "full_per_s.mixed": ("texts/s with names, one in every other line", "400", ",.0f"),
    "hostile_ms": ("ms for the worst hostile 100 KB", "50 or less", ".0f"),
    "crowded_ms": ("ms for the worst 100 KB full of values", "", ".0f"),
    "memory_growth_mb": ("MB of growth over the texts for memory", "32 or less", ".1f"),
}
BOTH = re.compile(r"presidio_f1\.(\w+)")


def table(conditions: str, figures: Mapping[str, Any]) -> str:
    """Return the section: the conditions, a row a figure, and the types that Presidio has too."""
    lines = [conditions, "", "| figure | measured | promised |", "|---|---|---|"]
    for name, (words, promise, form) in ROWS.items():
        if name in figures:
            lines.append(f"| {words} | {format(figures[name], form)} | {promise} |")
    both = [m[1] for m in map(BOTH.fullmatch, figures) if m and f"patterns_f1.{m[1]}" in figures]
    if both:
        lines += ["", "F1 by type, for those that Presidio has too:", ""]
        lines += ["| type | feedloop | Presidio |", "|---|---|---|"]
        lines += [
            f"| `{kind}` | {figures[f'patterns_f1.{kind}']:.3f} "
            f"| {figures[f'presidio_f1.{kind}']:.3f} |"
            for kind in sorted(both)
        ]
    return "\n".join(lines)


def write(conditions: str, figures: Mapping[str, Any]) -> None:
    """Put the section into the page."""
    text = table(conditions, figures)
    page = PAGE.read_text()
    PAGE.write_text(MARKED.sub(lambda marks: f"{marks[1]}{text}\n{marks[2]}", page))
