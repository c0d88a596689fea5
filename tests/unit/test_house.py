"""What holds of the repository as a whole: lock file, settings table, help, links, file headers."""

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from deploy.cli import COMMANDS
from deploy.operations_table import table
from schemas.errors import REASONS

ROOT = Path(__file__).parents[2]
PACKAGES = ("schemas", "producers", "stream_jobs", "sinks", "deploy")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+) \\$", re.MULTILINE)


def sources() -> list[Path]:
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def lock() -> str:
    return (ROOT / "requirements.lock").read_text()


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_the_lock_satisfies_every_requirement() -> None:
    pins = {canonicalize_name(name): version for name, version in PIN.findall(lock())}
    extras = project()["optional-dependencies"].values()
    for text in [*project()["dependencies"], *(line for extra in extras for line in extra)]:
        wanted = Requirement(text)
        if wanted.name != "feedloop":
            pinned = pins[canonicalize_name(wanted.name)]
            assert wanted.specifier.contains(pinned, prereleases=True), f"{text}: {pinned}"


def test_each_pin_has_a_hash_and_no_host_is_named() -> None:
    blocks = re.split(r"\n(?=\S)", lock().strip())
    pins = [block for block in blocks if not block.startswith("#")]
    assert len(pins) == len(PIN.findall(lock()))
    assert all("--hash=sha256:" in block for block in pins)
    assert "://" not in lock()


def test_make_alone_explains_every_target() -> None:
    text = (ROOT / "Makefile").read_text()
    targets = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    assert targets
    said = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for target in targets[1].split():
        assert f"make {target} " in said


def test_ci_runs_the_readmes_test_command_last() -> None:
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    assert lines[-1] == "make test"
    assert "`make test`" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(ROOT)))
def test_each_source_file_opens_with_what_it_is(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text())), path


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text()):
        assert "://" in target or (path.parent / target).exists(), target


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_documents_name_only_commands_and_targets_that_exist(path: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    code = "\n".join(re.findall(r"```sh\n(.*?)```", path.read_text(), re.DOTALL))
    code += "\n".join(re.findall(r"`([^`\n]+)`", path.read_text()))
    for command in re.findall(r"(?:^|\s|/)feedloop ([a-z]+)", code):
        assert command in COMMANDS, command
    for target in re.findall(r"(?:^|\s)make ([a-z-]+)", code):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_decisions_are_numbered_without_a_gap_and_have_the_three_parts() -> None:
    files = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(f.name[:4]) for f in files] == list(range(1, len(files) + 1))
    for file in files:
        for part in ("**Question.**", "**Options.**", "**Choice.**"):
            assert part in file.read_text(), file.name


def test_operations_shows_every_setting_as_it_is() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    assert table() in text, (
        "docs/operations.md is not up to date: run .venv/bin/python -m deploy.operations_table"
    )


@pytest.mark.parametrize("reason", REASONS)
def test_operations_explains_each_dead_letter(reason: str) -> None:
    assert f"`{reason}`" in (ROOT / "docs" / "operations.md").read_text()
