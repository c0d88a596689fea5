"""Every setting, its unit and its default; read once from environment, file and defaults.

A setting `window_ms` of section `join` is `FEEDLOOP_JOIN_WINDOW_MS` in the environment and
`window_ms = …` under `[join]` in `feedloop.toml`. The environment wins over the file, the file
over the defaults. Secrets are meant for the environment; they never show in `repr`.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from schemas.errors import ConfigError

ENV_PREFIX: Final = "FEEDLOOP_"
FILE_NAME: Final = "feedloop.toml"


class Secret(msgspec.Struct, frozen=True):
    """A string that doesn't show itself in logs; `.value` is the string."""

    value: str = ""

    def __repr__(self) -> str:
        return "Secret('***')" if self.value else "Secret('')"

    __str__ = __repr__

    def __bool__(self) -> bool:
        return bool(self.value)


class KafkaSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where Kafka is and how to get in."""

    bootstrap: str = "127.0.0.1:9092"  # host:port[,host:port…] of the brokers
    security_protocol: str = "PLAINTEXT"  # PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL
    sasl_mechanism: str = ""  # PLAIN, SCRAM-SHA-256, SCRAM-SHA-512
    sasl_username: str = ""  # who we are, if the broker asks
    sasl_password: Secret = Secret()  # from the environment, never a file in the tree
    ssl_ca_location: str = ""  # PEM file of who signed the brokers; empty: the system's
    topic_prefix: str = "feedloop."  # in front of every topic, group and transactional id
    partitions: int = 4  # of every session-keyed topic when `topics apply` makes them
    replication: int = 1  # of every topic that `topics apply` makes; 3 in production


class RegistrySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The schema registry (any with the Confluent API)."""

    url: str = "http://127.0.0.1:8081/apis/ccompat/v7"  # base of the Confluent API
    username: str = ""  # empty: no login
    password: Secret = Secret()  # from the environment


class ClickHouseSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The hot store."""

    host: str = "127.0.0.1"  # of the HTTP interface
    port: int = 8123  # of the HTTP interface
    username: str = "default"  # of ClickHouse
    password: Secret = Secret()  # from the environment
    database: str = "default"  # where the tables are; it must exist
    secure: bool = False  # HTTPS in place of HTTP
    body_ttl_days: int = 90  # texts older than this are dropped from the hot store
    cluster: str = ""  # name of a replicated cluster; empty: one server
    timeout_s: int = 60  # an insert or query that takes longer is tried again


class ParquetSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The cold store."""

    path: str = ".feedloop/parquet"  # a folder on a file system with hard links and fsync
    snapshot_days: int = 90  # snapshots to train on are deleted when they are older; 0: never


class SinkSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the sinks batch: a batch of one partition is written when one of these is reached."""

    batch_rows: int = 20_000  # of one partition
    batch_bytes: int = 32 << 20  # of one partition, as read from Kafka
    clickhouse_linger_ms: int = 500  # how long a row waits for its batch; more if inserts take long
    parquet_linger_ms: int = 5_000  # the same; longer, because each batch is a file


class StageSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every stage has."""

    commit_interval_ms: int = 200  # between commits while there is work; more if they take long
    session_timeout_ms: int = 10_000  # silence after which a dead worker's partitions move
    slot: str = ""  # this worker's own name, kept over restarts; empty: a new member each time
    max_checkpoint_bytes: int = 262_144  # a larger checkpoint is a fatal error
    future_bound_ms: int = 300_000  # an event dated later than now + this is a dead letter
    max_record_bytes: int = 900_000  # a larger event is a dead letter


class RedactSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Redaction (see docs/redaction.md)."""

    keys: Secret = Secret()  # "k1:base64…[,k2:base64…]"; the first is used for new pseudonyms
    keys_file: str = ""  # a file with the same, one key a line
    spacy_model: str = "feedloop"  # comes with it; or a pipeline's name or folder, or none
    max_text_chars: int = 200_000  # longer texts are replaced whole
    treatments: str = ""  # per type, e.g. "PHONE_NUMBER=partial,PERSON=label"; wins over the rules
    rules_file: str = ""  # YAML: own patterns, context words, allow lists, treatments
    topic_model: str = ""  # file of `feedloop embed fit`; empty: prompts get no topic


class JoinSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The join (see stream_jobs/join)."""

    window_ms: int = 3_600_000  # event time an inference waits in the buffer for its signals
    lateness_ms: int = 60_000  # how far the watermark stays behind the largest event time
    orphan_ttl_ms: int = 600_000  # how long a signal waits for an inference not yet seen
    orphan_max_hold_ms: int = 86_400_000  # wall clock bound of that wait if inferences stop
    arrival_hold_ms: int = 600_000  # the same waits, also counted by arrival (for backfills)
    session_gap_ms: int = 1_800_000  # silence after which a session counts as abandoned
    session_hold_ms: int = 10_000  # the same, by arrival: a bulk load brings hours in a second
    idle_timeout_ms: int = 30_000  # silence after which event time goes on with the wall clock
    buffer_bytes: int = 67_108_864  # of inferences in memory a partition; older ones are on disk
    spill_dir: str = ""  # folder for those; empty: the system's for temporary files
    max_waiting: int = 50_000  # signals a partition that may wait; then it reads no more of them
    align_wait_ms: int = 3_000  # how long a record of the past waits for a topic that seems empty


class DecideSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Windows, detection, actions (see stream_jobs/detect, stream_jobs/act)."""

    window_ms: int = 60_000  # length of the tumbling windows, of join and decide alike
    rules_file: str = ""  # YAML; empty: the rules shipped with feedloop
    idle_timeout_ms: int = 60_000  # a partition silent this long no longer holds windows open
    contents_wait_ms: int = 3_000  # how long an action waits for what the stores know of it


class EmbedSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Vectors of texts, for `feedloop search`."""

    model: str = ""  # file, or module:function of your own embedder; empty: fitted on your texts


class WebhookSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Actions posted to a URL (see docs/actions.md); off while `url` is empty."""

    url: str = ""  # where each action is posted
    secret: Secret = Secret()  # signs each body (HMAC-SHA256); from the environment
    token: Secret = Secret()  # sent as a bearer token, for receivers that ask for one
    template: str = "json"  # json, slack or github
    kinds: str = ""  # only these kinds of action, e.g. "rollback,alert"; empty: all
    attempts: int = 12  # then the action becomes a dead letter; they span about 35 minutes
    timeout_s: float = 10.0  # for one answer
    max_age_hours: float = 24.0  # an action that lay longer in the topic isn't sent


class ProducerSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """FeedbackClient."""

    max_queued: int = 100_000  # events in memory before new ones are refused
    max_queued_bytes: int = 64 << 20  # the same in bytes
    linger_ms: int = 20  # how long an event may wait for its batch


class LocalSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The stack that `feedloop up` runs on this machine."""

    cache_dir: str = ""  # of the downloaded jars; empty: ~/.cache/feedloop
    kafka_heap_mb: int = 512  # Java heap of the local broker
    registry_heap_mb: int = 256  # Java heap of the local registry


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All settings, by section."""

    kafka: KafkaSettings = KafkaSettings()
    registry: RegistrySettings = RegistrySettings()
    clickhouse: ClickHouseSettings = ClickHouseSettings()
    parquet: ParquetSettings = ParquetSettings()
    sink: SinkSettings = SinkSettings()
    stage: StageSettings = StageSettings()
    redact: RedactSettings = RedactSettings()
    join: JoinSettings = JoinSettings()
    decide: DecideSettings = DecideSettings()
    embed: EmbedSettings = EmbedSettings()
    webhook: WebhookSettings = WebhookSettings()
    producer: ProducerSettings = ProducerSettings()
    local: LocalSettings = LocalSettings()


SECTIONS: Final[Mapping[str, type[msgspec.Struct]]] = {
    field.name: field.type for field in msgspec.structs.fields(Settings)
}


def load_settings(
    environ: Mapping[str, str] | None = None,
    file: Path | None = None,
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
) -> Settings:
    """Return the settings from `overrides`, then `environ`, then `file`, then defaults.

    `environ` defaults to the process environment, `file` to `feedloop.toml` in the working
    directory if there is one. `overrides` is {section: {setting: value}} and wins.
    Raises ConfigError that names the setting, its value and what is expected.
    """
    merged = _from_file(file)
    for section, values in _from_environ(os.environ if environ is None else environ).items():
        merged.setdefault(section, {}).update(values)
    for section, over in (overrides or {}).items():
        merged.setdefault(section, {}).update(over)
    return Settings(**{name: _section(name, merged.get(name, {})) for name in SECTIONS})


def _section(name: str, values: dict[str, Any]) -> Any:
    kind = SECTIONS[name]
    secrets = {f.name for f in msgspec.structs.fields(kind) if f.type is Secret}
    plain = {
        key: {"value": value} if key in secrets and isinstance(value, str) else value
        for key, value in values.items()
    }
    try:
        return msgspec.convert(plain, kind, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(
            f"settings, section [{name}]: {error}. Known settings: "
            + ", ".join(f"{ENV_PREFIX}{name}_{f}".upper() for f in kind.__struct_fields__)
        ) from None


def _from_file(file: Path | None) -> dict[str, dict[str, Any]]:
    path = Path(FILE_NAME) if file is None else file
    if not path.exists():
        if file is not None:
            raise ConfigError(f"settings file {file} does not exist")
        return {}
    try:
        tables = tomllib.loads(path.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from None
    unknown = sorted(set(tables) - set(SECTIONS))
    if unknown:
        raise ConfigError(f"{path}: unknown section {unknown[0]!r}; known: {', '.join(SECTIONS)}")
    return {name: dict(table) for name, table in tables.items()}


def _from_environ(environ: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for name, value in environ.items():
        if not name.startswith(ENV_PREFIX):
            continue
        section, _, setting = name[len(ENV_PREFIX) :].lower().partition("_")
        if section in SECTIONS and setting:
            found.setdefault(section, {})[setting] = value
    return found


def environ_of(settings: Settings) -> dict[str, str]:
    """Return the environment variables that make a child process load the same settings."""
    env: dict[str, str] = {}
    for name in SECTIONS:
        section = getattr(settings, name)
        for field in section.__struct_fields__:
            value = getattr(section, field)
            text = value.value if isinstance(value, Secret) else str(value)
            env[f"{ENV_PREFIX}{name}_{field}".upper()] = text
    return env


def kafka_config(kafka: KafkaSettings) -> dict[str, Any]:
    """Return the librdkafka properties that every client of ours starts from."""
    config: dict[str, Any] = {"bootstrap.servers": kafka.bootstrap}
    if kafka.security_protocol != "PLAINTEXT":
        config["security.protocol"] = kafka.security_protocol
    if kafka.sasl_mechanism:
        config["sasl.mechanism"] = kafka.sasl_mechanism
        config["sasl.username"] = kafka.sasl_username
        config["sasl.password"] = kafka.sasl_password.value
    if kafka.ssl_ca_location:
        config["ssl.ca.location"] = kafka.ssl_ca_location
    return config


def clickhouse_config(store: ClickHouseSettings) -> dict[str, Any]:
    """Return the address and login that every clickhouse-connect client of ours starts from."""
    return {
        "host": store.host,
        "port": store.port,
        "username": store.username,
        "password": store.password.value,
        "database": store.database,
        "secure": store.secure,
    }
