"""Named references: taken from the hot store, kept in their topic, read back and compared."""

from collections.abc import Iterable
from typing import Any, Final

from confluent_kafka import Producer

from deploy.history import Windows
from deploy.records import read
from deploy.topics import partition_counts
from schemas.catalog import parsed
from schemas.codec import encode, frame
from schemas.errors import BrokerDown, ConfigError
from schemas.registry import Registry
from schemas.settings import Settings, kafka_config
from schemas.topics import REFERENCES
from stream_jobs.decide.references import References
from stream_jobs.decide.sample import FEATURES, NUMBERS, Reference, Sample, bins
from stream_jobs.detect.dispersion import Dispersion
from stream_jobs.detect.distances import NAMES as DISTANCES
from stream_jobs.detect.distances import Distance, measured

Record = dict[str, Any]
Product = tuple[str, str]
FLUSH_S: Final = 30.0
LEAST: Final = 100
"""Fewer inferences of a product make no reference."""


def taken(windows: Windows, name: str, version: int, period: tuple[int, int, int]) -> list[Record]:
    """Return a Reference record for each product; pure. `period`: from, to, now (ms)."""
    samples: dict[Product, Sample] = {}
    blocks: dict[Product, Sample] = {}
    dispersion: dict[Product, dict[str, Dispersion]] = {}
    for start, keys in windows:
        for product in sorted({(key.tenant_id, key.segment) for key in keys}):
            block = Sample()
            own = {k: s for k, s in keys.items() if (k.tenant_id, k.segment) == product}
            block.add(start, FEATURES, own)
            _vary(dispersion.setdefault(product, {}), blocks.get(product), block)
            blocks[product] = block
            samples.setdefault(product, Sample()).merge(block)
    return [
        _record(samples[product], dispersion[product], name, version, product, period)
        for product in sorted(samples)
        if samples[product].n >= LEAST
    ]


def _vary(found: dict[str, Dispersion], before: Sample | None, block: Sample) -> None:
    if before is not None:
        for feature, counts in block.features.items():
            found.setdefault(feature, Dispersion()).feed(before.features.get(feature, {}), counts)


def _record(
    sample: Sample,
    dispersion: dict[str, Dispersion],
    name: str,
    version: int,
    product: Product,
    period: tuple[int, int, int],
) -> Record:
    return {
        "name": name,
        "version": version,
        "tenant_id": product[0],
        "segment": product[1],
        "from_time": period[0],
        "to_time": period[1],
        "created_at": period[2],
        "deleted": False,
        "inferences": sample.n,
        "versions": sample.versions,
        "features": {f: {k: v for k, v in c.items() if v} for f, c in sample.features.items()},
        "dispersion": {
            feature: {"statistic": one.statistic, "freedom": one.freedom}
            for feature, one in dispersion.items()
        },
    }


def write(settings: Settings, records: Iterable[Record]) -> None:
    """Write records into every partition of their topic. Raises BrokerDown, RegistryDown."""
    name = REFERENCES.full(settings.kafka.topic_prefix)
    partitions = partition_counts(settings).get(name)
    if not partitions:
        raise ConfigError(f"no topic {name}: run `feedloop topics apply`")
    number = Registry(settings.registry, settings.kafka.topic_prefix).id_of(REFERENCES)
    producer = Producer(kafka_config(settings.kafka) | {"enable.idempotence": True})
    failed: list[str] = []

    def delivered(error: Any, _: Any) -> None:
        if error is not None:
            failed.append(error.str())

    for record in records:
        body = frame(number, encode(parsed("Reference"), record))
        for partition in range(partitions):
            producer.produce(name, body, _key(record), partition, on_delivery=delivered)
    left = producer.flush(FLUSH_S)
    if failed or left:
        raise BrokerDown(f"{name}: {left or len(failed)} records were not stored: {failed[:1]}")


def _key(record: Record) -> bytes:
    parts = (record["name"], str(record["version"]), record["tenant_id"], record["segment"])
    return "\x1f".join(parts).encode()


def stored(settings: Settings) -> list[Record]:
    """Return the Reference records that stand, by name, version and product."""
    found = {_key(record): record for record in read(settings, REFERENCES)}
    kept = [record for record in found.values() if not record["deleted"]]
    return sorted(kept, key=lambda r: (r["name"], r["version"], r["tenant_id"], r["segment"]))


def find(records: Iterable[Record], name: str, scope: dict[str, str]) -> Reference:
    """Return the newest version of `name` (or `name@version`). Raises ConfigError if none is."""
    known = References()
    names = set()
    for record in records:
        known.take(record)
        names.add(f"{record['name']}@{record['version']}")
    found = known.find(known.newest(name, scope), scope)
    if found is None:
        raise ConfigError(
            f"no reference {name} of {scope}; there is {', '.join(sorted(names)) or 'none'}: "
            "feedloop reference create --from … --to … --name …"
        )
    return found


def compared(one: Reference, other: Reference) -> list[tuple[str, str, Distance]]:
    """Return (feature, distance, how far) for every feature that both have; pure."""
    rows = []
    for feature in FEATURES:
        pair = bins(feature, one.sample, other.sample)
        if not pair.comparable:
            continue
        for name in DISTANCES:
            if name != "wasserstein" or feature in NUMBERS:
                places = pair.places or None
                rows.append((feature, name, measured(name, pair.reference, pair.current, places)))
    return rows
