"""Rules: what to watch and what to do, from YAML; every mistake at once, with its line.

`load_rules` takes text, so this file reads nothing itself but the rules that ship beside it.
"""

from importlib.resources import files
from typing import Any, Final, Literal

import msgspec

from schemas.errors import ConfigError
from stream_jobs.detect.distances import NAMES as DISTANCES
from stream_jobs.detect.drift import DriftParameters
from stream_jobs.detect.outliers import OutlierParameters
from stream_jobs.detect.rates import RateParameters
from stream_jobs.detect.shift import ShiftParameters
from stream_jobs.detect.silence import SilenceParameters, quiet_of
from stream_jobs.yaml_lines import Located, Problems

Kind = Literal["prompt_tuning", "rag_reindex", "retrain", "rollback", "review", "alert"]
KINDS: Final = ("prompt_tuning", "rag_reindex", "retrain", "rollback", "review", "alert")
RATES: Final = (
    "negative_rate",
    "error_rate",
    "refusal_rate",
    "abandonment_rate",
    "edit_rate",
    "regenerate_rate",
)
QUANTILES: Final = ("latency_p50_ms", "latency_p95_ms", "cost_p50_usd", "cost_p95_usd")
METRICS: Final = (*RATES, *QUANTILES, "doc_negative_rate", "drift", "inferences")
FEATURES: Final = (
    "prompt_length",
    "response_length",
    "input_tokens",
    "output_tokens",
    "latency_ms",
    "cost",
    "doc_scores",
    "language",
    "topic",
    "docs",
    "signals",
    "status",
    "refusal",
    "segment",
)
SCOPE: Final = ("tenant_id", "segment", "doc_id", "model_version", "prompt_version")
CAUSES: Final = ("model_version", "prompt_version", "doc_id", "language", "otherwise")
CONDITIONS: Final = {
    "cusum": RATES,
    "threshold": (*RATES, *QUANTILES),
    "outlier": ("doc_negative_rate",),
    "drift": ("drift",),
    "shift": QUANTILES,
    "silence": ("inferences",),
}
"""Condition type → the metrics it can watch."""
COMPARING: Final = ("drift", "shift")
"""Conditions that compare samples with a reference."""


class ThresholdParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fixed limit, on blocks of time: passed only if the Wilson bound passes it too."""

    above: float
    clear_below: float | None = None  # default: 90 % of `above`
    over_minutes: int = 10
    sample: int = 50  # rated answers or inferences in a block

    @property
    def clears(self) -> float:
        """The value at or below which the trouble counts as over."""
        return 0.9 * self.above if self.clear_below is None else self.clear_below


Condition = (
    RateParameters
    | ThresholdParameters
    | OutlierParameters
    | DriftParameters
    | ShiftParameters
    | SilenceParameters
)
_PARAMETERS: Final[dict[str, type[Any]]] = {
    "cusum": RateParameters,
    "threshold": ThresholdParameters,
    "outlier": OutlierParameters,
    "drift": DriftParameters,
    "shift": ShiftParameters,
    "silence": SilenceParameters,
}


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule, checked. `by_cause` has `otherwise`; without causes it has nothing else."""

    name: str
    metric: str
    scope: tuple[str, ...]
    condition: Condition
    by_cause: dict[str, str]
    features: tuple[str, ...] = ()
    reference: str = ""  # of a drift or shift rule: a named one, `name` or `name@version`
    sliding_days: float = 0.0  # or the days before; neither: the product's own first sample
    cooldown_ms: int = 86_400_000
    clear_after_ms: int = 0  # how long it must be calm before it counts as over
    escalate_at: float = 4.0  # critical once the lower bound passes this many baselines
    parameters: dict[str, str] = {}


_RULE_KEYS: Final = {
    "name",
    "metric",
    "features",
    "reference",
    "scope",
    "condition",
    "action",
    "cooldown_minutes",
    "clear_after_minutes",
    "escalate_at",
    "parameters",
}


def shipped_rules() -> tuple[Rule, ...]:
    """Return the rules that come with feedloop."""
    text = files("stream_jobs.act").joinpath("rules.yaml").read_text(encoding="utf-8")
    return load_rules(text, "rules.yaml")


def load_rules(text: str, name: str = "rules") -> tuple[Rule, ...]:
    """Return the rules of a YAML text; `name` is the file's, for messages.

    Raises ConfigError with one line per mistake, each `name:line: what is wrong, what is expected`.
    """
    problems = Problems(name)
    root = problems.parse(text, "`rules:` with a list of rules")
    rules: list[Rule] = []
    if root is not None:
        root.only({"rules", "maintenance"})
        for item in root.items("rules"):
            rule = _rule(item)
            if rule is not None:
                if any(rule.name == other.name for other in rules):
                    item.wrong("name", f"{rule.name!r} is the name of another rule", "a new name")
                rules.append(rule)
    problems.raise_if_any()
    return tuple(rules)


def _rule(item: Located) -> Rule | None:
    item.only(_RULE_KEYS)
    before = item.problems.count
    name = item.text("name")
    metric = item.choice("metric", METRICS)
    scope = item.choices("scope", SCOPE, ("tenant_id", "segment"))
    features = item.choices("features", FEATURES, ())
    cooldown = item.number("cooldown_minutes", 1440, 1)
    clear_after = item.number("clear_after_minutes", 0, 0)
    escalate = item.number("escalate_at", 4.0, 1.0)
    condition = _condition(item, metric)
    by_cause = _by_cause(item)
    reference, sliding_days = _reference(item)
    _check_scope(item, metric, scope, features)
    if item.problems.count > before or condition is None:
        return None
    return Rule(
        name=name,
        metric=metric,
        scope=scope,
        condition=condition,
        by_cause=by_cause,
        features=features,
        reference=reference,
        sliding_days=sliding_days,
        cooldown_ms=int(cooldown * 60_000),
        clear_after_ms=int(clear_after * 60_000),
        escalate_at=escalate,
        parameters=item.strings("parameters"),
    )


def _condition(item: Located, metric: str) -> Condition | None:
    inner = item.mapping("condition")
    if inner is None:
        return None
    kind = inner.choice("type", tuple(CONDITIONS))
    if kind not in CONDITIONS:
        return None
    if metric in METRICS and metric not in CONDITIONS[kind]:
        inner.wrong(
            "type", f"{kind} can't watch {metric}", f"a metric of {', '.join(CONDITIONS[kind])}"
        )
    before = item.problems.count
    extra: dict[str, Any] = {}
    if kind == "drift" and "distance" in inner:
        extra["distance"] = inner.choice("distance", DISTANCES)
    if kind == "silence":
        extra["quiet"] = _quiet(inner)
    without = ("type", *extra)
    condition: Condition | None = inner.struct(_PARAMETERS[kind], without=without)
    if condition is None or item.problems.count > before:
        return None
    return msgspec.structs.replace(condition, **extra)


def _quiet(inner: Located) -> tuple[str, ...]:
    found = inner.texts("quiet")
    for line, text in found:
        if quiet_of(text) is None:
            expected = 'a day, a time, or both (UTC): "sat", "22:00-06:00", "fri 18:00-24:00"'
            inner.problems.add(line, f"quiet: {text!r}", expected)
    return tuple(text for _, text in found)


def _reference(item: Located) -> tuple[str, float]:
    """Return the name of a named reference, or the days of a sliding one."""
    if "reference" not in item:
        return "", 0.0
    condition = item.data.get("condition")
    if not isinstance(condition, dict) or condition.get("type") not in COMPARING:
        item.wrong("reference", "goes with drift and shift", "it only there")
    if isinstance(item.data["reference"], str):
        return item.text("reference"), 0.0
    sliding = item.mapping("reference")
    if sliding is None:
        return "", 0.0
    sliding.only({"sliding_days"})
    if "sliding_days" not in sliding:
        item.wrong("reference", "has no sliding_days", "a name, or {sliding_days: 7}")
    return "", sliding.number("sliding_days", 7, 1)


def _by_cause(item: Located) -> dict[str, str]:
    action = item.mapping("action")
    if action is None:
        return {}
    action.only({"kind", "by_cause"})
    if ("kind" in action) == ("by_cause" in action):
        item.wrong("action", "has both or neither of `kind` and `by_cause`", "one of them")
        return {}
    if "kind" in action:
        return {"otherwise": action.choice("kind", KINDS)}
    causes = action.mapping("by_cause")
    if causes is None:
        return {}
    causes.only(set(CAUSES))
    if "otherwise" not in causes:
        action.wrong("by_cause", "has no `otherwise`", "an action kind for it")
    return {cause: causes.choice(cause, KINDS) for cause in causes}


def _check_scope(
    item: Located, metric: str, scope: tuple[str, ...], features: tuple[str, ...]
) -> None:
    if "tenant_id" not in scope:
        item.wrong("scope", "has no tenant_id", "tenant_id: an action belongs to one tenant")
    if (metric == "doc_negative_rate") != ("doc_id" in scope):
        item.wrong("scope", "doc_id goes with doc_negative_rate", "both or neither")
    if (metric == "drift") != bool(features):
        expected = f"some of {', '.join(FEATURES)} with metric drift, and only there"
        item.wrong("features", "features go with drift", expected)


def read_rules(path: str) -> tuple[Rule, ...]:
    """Return the rules of a file; raises ConfigError if it can't be read or is wrong."""
    return load_rules(rules_text(path), path)


def rules_text(path: str) -> str:
    """Return the text of a rules file; raises ConfigError if it can't be read."""
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123  # a path, once, at start
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"rules file {path}: {error}; set FEEDLOOP_DECIDE_RULES_FILE") from None
