"""What the stack needs of this machine: Java, Maven, room, ports, a folder of this version."""

import io
import os
import socket
import tarfile
import threading
from pathlib import Path

import pytest

from deploy.context import settings_for
from deploy.local import state
from deploy.local.choose import choose_ports
from deploy.local.discover import the_one
from deploy.local.disk import require_free
from deploy.local.java import find_java
from deploy.local.layout import Layout
from deploy.local.maven import fetch_jars
from deploy.local.ports import HOST, free_port
from deploy.local.process import identify, tail
from deploy.local.state import PartState, ProcessId, StackState
from schemas.errors import ConfigError, CorruptStateError, RetriableError


def program(folder: Path, name: str, script: str) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


def test_no_java(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no Java.*install"):
        find_java({"PATH": str(tmp_path)})


@pytest.mark.parametrize(
    ("line", "version"), [('java version "1.8.0_391"', 8), ('openjdk version "11.0.2"', 11)]
)
def test_java_too_old(tmp_path: Path, line: str, version: int) -> None:
    program(tmp_path, "java", f"echo '{line}' >&2")
    with pytest.raises(ConfigError, match=f"Java {version}, older than 17"):
        find_java({"PATH": str(tmp_path)})


def test_java_home_comes_first(tmp_path: Path) -> None:
    java = program(tmp_path / "bin", "java", "echo 'openjdk version \"21\"' >&2")
    assert find_java({"JAVA_HOME": str(tmp_path), "PATH": ""}) == java


def maven(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    program(folder / "bin", "mvn", script)
    monkeypatch.setenv("PATH", f"{folder / 'bin'}:{os.environ['PATH']}")


def good_maven(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = folder / "apicurio-registry-app-1-all.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.addfile(tarfile.TarInfo("lib/one.jar"), io.BytesIO())
    script = f"""
echo run >> {folder}/runs
for word in "$@"; do case "$word" in -DoutputDirectory=*) out="${{word#*=}}";; esac; done
mkdir -p "$out" && cp {archive} "$out" && touch "$out/kafka.jar"
"""
    maven(folder, monkeypatch, script)


def test_no_maven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ConfigError, match="no Maven"):
        fetch_jars(tmp_path / "cache", print)


def test_a_failed_download_leaves_nothing_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    maven(tmp_path, monkeypatch, "echo '[ERROR] Network is unreachable'; exit 1")
    with pytest.raises(RetriableError, match="Network is unreachable"):
        fetch_jars(tmp_path / "cache", print)
    assert [p.suffix for p in (tmp_path / "cache").iterdir()] == [".lock"]


def test_half_a_download_is_never_taken_for_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good_maven(tmp_path, monkeypatch)
    cache = tmp_path / "cache"
    half = fetch_jars(cache, print).folder
    half.rename(half.with_suffix(".partial"))  # as a killed download leaves it
    (half.with_suffix(".partial") / "kafka" / "kafka.jar").unlink()
    jars = fetch_jars(cache, print)
    assert (jars.folder / "kafka" / "kafka.jar").exists()
    assert (jars.folder / "registry" / "lib" / "one.jar").exists()


def test_two_at_once_download_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good_maven(tmp_path, monkeypatch)
    found = []

    def fetch() -> None:
        found.append(fetch_jars(tmp_path / "cache", print))

    threads = [threading.Thread(target=fetch) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert (tmp_path / "runs").read_text() == "run\n"


def test_no_room(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="MB free; the stores need"):
        require_free(tmp_path, 1 << 62, "the stores")
    require_free(tmp_path, 1, "the stores")


def test_ports_given_remembered_free() -> None:
    remembered = {"kafka": free_port(), "registry": free_port()}
    given = {"registry": free_port(set(remembered.values()))}
    ports = choose_ports(("kafka", "registry", "clickhouse", "worker_join"), given, remembered, ())
    assert ports["kafka"] == remembered["kafka"]
    assert ports["registry"] == given["registry"]
    assert len(set(ports.values())) == 4


def test_a_taken_port_is_refused_by_name_unless_it_is_ours_or_nobody_knows_it() -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=rf"port {port} for kafka .*--kafka-port"):
            choose_ports(("kafka",), {"kafka": port}, {}, ())
        assert choose_ports(("kafka",), {}, {"kafka": port}, {"kafka"}) == {"kafka": port}
        assert choose_ports(("worker_join",), {}, {"worker_join": port}, ()) != {
            "worker_join": port
        }


def test_a_folder_gets_a_version_and_a_key_once(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "data")
    layout.prepare()
    key = layout.keys.read_text()
    assert key.startswith("k1:")
    assert layout.keys.stat().st_mode & 0o777 == 0o600
    layout.prepare()
    assert layout.keys.read_text() == key


def test_data_of_another_version_is_refused(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "data")
    layout.prepare()
    (layout.data / "version").write_text("0\n")
    with pytest.raises(ConfigError, match="another version of feedloop"):
        layout.prepare()
    (layout.data / "version").unlink()
    (layout.data / "kafka").mkdir()
    with pytest.raises(ConfigError, match="folder version none"):
        layout.prepare()


def test_state_there_and_back(tmp_path: Path) -> None:
    assert state.read(tmp_path) is None
    part = PartState(name="kafka", state="running", process=ProcessId(1, 2.5))
    stack = StackState(phase="running", parts=[part], ports={"kafka": 1})
    state.write(tmp_path, stack)
    assert state.read(tmp_path) == stack
    assert state.stopped(stack).parts == [PartState(name="kafka", state="stopped")]
    (tmp_path / state.FILE_NAME).write_text("{")
    with pytest.raises(CorruptStateError, match="remove this file"):
        state.read(tmp_path)


def test_a_process_is_known_by_its_start_too() -> None:
    me = identify(os.getpid())
    assert me is not None
    assert identify(os.getpid()) == me
    assert me != ProcessId(me.pid, me.started + 1)


def test_tail_is_the_end_of_this_run(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert tail(log) == ""
    log.write_text("old\n")
    start = log.stat().st_size
    log.write_text("old\n\nnew 1\n\nnew 2\n")
    assert tail(log, since=start) == "new 1\nnew 2"
    assert tail(log, lines=1) == "new 2"


def test_a_command_without_data_takes_the_one_stack_that_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    assert the_one(Path(".feedloop"), []) == Path(".feedloop")
    assert the_one(Path(".feedloop"), [one]) == one
    assert str(one) in capsys.readouterr().err
    with pytest.raises(ConfigError, match=r"2 run elsewhere: say --data with one of .*one.*two"):
        the_one(Path(".feedloop"), [one, two])


def test_a_command_finds_its_stack(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no stack in .*`feedloop up"):
        settings_for(tmp_path, {})
    explicit = settings_for(tmp_path, {"FEEDLOOP_KAFKA_BOOTSTRAP": "k:1"})
    assert explicit.kafka.bootstrap == "k:1"
    overrides = {"kafka": {"bootstrap": "s:2"}, "clickhouse": {"port": 3}}
    state.write(tmp_path, StackState(phase="running", overrides=overrides))
    found = settings_for(tmp_path, {"FEEDLOOP_CLICKHOUSE_PORT": "4"})
    assert (found.kafka.bootstrap, found.clickhouse.port) == ("s:2", 4)
