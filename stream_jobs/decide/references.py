"""References that people have taken and named, as decide knows them; pure.

They come from a compacted topic, which is read from its start at every start: so they aren't part
of a snapshot. A rule that names one uses the newest version, or the one it says (`march@2`).
"""

from collections.abc import Mapping
from typing import Any

from stream_jobs.decide.sample import Reference, Sample
from stream_jobs.detect.dispersion import Dispersion

Product = tuple[str, str]
"""tenant_id and segment ("" where inferences have none)."""


class References:
    """By name, version and product."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], dict[Product, Reference]] = {}

    def take(self, record: Mapping[str, Any]) -> None:
        """Take a Reference record; one that says `deleted` takes its version away."""
        version = (record["name"], record["version"])
        product = (record["tenant_id"], record["segment"])
        if record["deleted"]:
            self._known.get(version, {}).pop(product, None)
        else:
            self._known.setdefault(version, {})[product] = reference_of(record)

    def newest(self, name: str, scope: Mapping[str, str]) -> str:
        """Return `name@version` of the newest that has the product of `scope`; "" if none has."""
        wanted, _, fixed = name.partition("@")
        versions = [
            version
            for (known, version), products in self._known.items()
            if known == wanted
            and (not fixed or str(version) == fixed)
            and any(_within(product, scope) for product in products)
        ]
        return f"{wanted}@{max(versions)}" if versions else ""

    def find(self, label: str, scope: Mapping[str, str]) -> Reference | None:
        """Return version `name@version` of the product of `scope`, all its segments together."""
        name, _, version = label.partition("@")
        if not version.isdigit():
            return None
        products = self._known.get((name, int(version)), {})
        found = [products[product] for product in sorted(products) if _within(product, scope)]
        return merged(found, label) if found else None


def merged(parts: list[Reference], label: str) -> Reference:
    """Return the sum of references; it varies as much as the one that varies most."""
    total, dispersion = Sample(), dict[str, Dispersion]()
    for part in parts:
        total.merge(part.sample)
        for feature, one in part.dispersion.items():
            if feature not in dispersion or one.factor > dispersion[feature].factor:
                dispersion[feature] = one
    return Reference(total, dispersion, label)


def reference_of(record: Mapping[str, Any]) -> Reference:
    """Return what a Reference record holds."""
    sample = Sample(
        n=record["inferences"],
        versions=dict(record["versions"]),
        features={name: dict(counts) for name, counts in record["features"].items()},
        start_ms=record["from_time"],
    )
    dispersion = {
        name: Dispersion(parts["statistic"], parts["freedom"])
        for name, parts in record["dispersion"].items()
    }
    return Reference(sample, dispersion, f"{record['name']}@{record['version']}")


def _within(product: Product, scope: Mapping[str, str]) -> bool:
    tenant_id, segment = product
    return scope.get("tenant_id") == tenant_id and scope.get("segment", segment) == segment
