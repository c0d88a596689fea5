"""Keys: every fault is a ConfigError that names the key and the next step, never its value."""

import base64
from dataclasses import dataclass
from pathlib import Path

import pytest

from schemas.errors import ConfigError
from schemas.settings import RedactSettings, Secret
from stream_jobs.redact.keys import parse_keys
from stream_jobs.redact.keys_file import load_keys


def encoded(letter: bytes, length: int = 32) -> str:
    return base64.b64encode(letter * length).decode()


ONE, TWO = f"k1:{encoded(b'a')}", f"k2:{encoded(b'b')}"


def test_the_first_key_is_the_current_one() -> None:
    keys = parse_keys(f"{ONE},{TWO}")
    assert [key.name for key in keys.all] == ["k1", "k2"]
    assert keys.current.value == b"a" * 32


def test_one_key_a_line_with_remarks() -> None:
    assert parse_keys(f"# new\n{ONE}\n\n  # old, with a comma\n{TWO}\n") == parse_keys(
        f"{ONE},{TWO}"
    )


def test_a_key_never_shows() -> None:
    keys = parse_keys(ONE)
    assert encoded(b"a") not in repr(keys)
    assert "aaaa" not in repr(keys)


@dataclass(frozen=True)
class Fault:
    name: str
    text: str
    says: str


FAULTS = [
    Fault("none", "", "FEEDLOOP_REDACT_KEYS_FILE"),
    Fault("only remarks", "# k1:x\n", "FEEDLOOP_REDACT_KEYS"),
    Fault("short", f"k1:{encoded(b'z', 31)}", "'k1' has 31 bytes, it needs 32"),
    Fault("not base64", f"k1:{encoded(b'z')}!", "'k1' is not base64"),
    Fault("no name", encoded(b"z"), "key number 1 has no name"),
    Fault("bad name", f"K-1:{encoded(b'z')}", "key number 1 has no name"),
    Fault("second bad", f"{ONE},zz", "key number 2 has no name"),
    Fault("twice", f"{ONE},{ONE}", "'k1' is used twice"),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_faults(fault: Fault) -> None:
    with pytest.raises(ConfigError, match=fault.says) as caught:
        parse_keys(fault.text)
    assert encoded(b"z", 31)[:20] not in str(caught.value)


def test_from_the_settings_or_the_file(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(f"{TWO}\n")
    from_file = load_keys(RedactSettings(keys_file=str(file)))
    assert from_file.current.name == "k2"
    both = load_keys(RedactSettings(keys=Secret(ONE), keys_file=str(file)))
    assert both.current.name == "k1"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"FEEDLOOP_REDACT_KEYS_FILE .*can't be read"):
        load_keys(RedactSettings(keys_file=str(tmp_path / "none")))


def test_no_keys_at_all() -> None:
    with pytest.raises(ConfigError, match="FEEDLOOP_REDACT_KEYS or FEEDLOOP_REDACT_KEYS_FILE"):
        load_keys(RedactSettings())
