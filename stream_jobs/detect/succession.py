"""A new version against the ones it replaces: evidence that may be read after every answer.

The evidence is a ratio of two chances of all ratings, the old versions' and the new one's. Above,
"worse": each stream is predicted from its own past, the new one beginning with the guess of a rise
by the factor one cares for. Below, "no worse": the best that any pair of rates with new ≤ old can
do. Whatever those rates are, the ratio is at most a martingale that begins at 1: it passes 1/alpha
with a chance of at most alpha, however often one looks and whenever one stops (Ville 1939). Source:
Wasserman, Ramdas and Balakrishnan 2020, "Universal inference", section 7 (sequential); the mixture
in place of one alternative is Robbins's (1970).
"""

import math
from typing import Final

PRIOR_STRENGTH: Final = 10.0
"""How many ratings' worth the guess of the new version's rate is: a vague one."""


def log_evidence(k: int, n: int, k_old: int, n_old: int, before: float, rise: float = 2.0) -> float:
    """Return the natural log of the evidence that k of n is worse than k_old of n_old.

    `before`: the old rate as it was known when the new version began, which fixes the guess;
    `rise`: the factor that "worse" means, about. Raises ValueError unless 0 ≤ k ≤ n for both.
    """
    if not (0 <= k <= n and 0 <= k_old <= n_old):
        raise ValueError(f"rates need 0 <= k <= n, got {k} of {n} and {k_old} of {n_old}")
    mean = min(before * rise, 0.5 + before / 2)
    worse = _log_predictive(k, n, PRIOR_STRENGTH * mean, PRIOR_STRENGTH * (1 - mean))
    return worse + _log_predictive(k_old, n_old, 0.5, 0.5) - _log_best(k, n, k_old, n_old)


def _log_best(k: int, n: int, k_old: int, n_old: int) -> float:
    """Return the log of the largest likelihood of rates with new ≤ old."""
    if k * n_old <= k_old * n:
        return _log_likelihood(k, n) + _log_likelihood(k_old, n_old)
    return _log_likelihood(k + k_old, n + n_old)


def _log_likelihood(k: int, n: int) -> float:
    return sum(count * math.log(count / n) for count in (k, n - k) if count)


def _log_predictive(k: int, n: int, a: float, b: float) -> float:
    """Return the log of the beta-binomial chance of one sequence of n ratings, k negative."""
    return _log_beta(a + k, b + n - k) - _log_beta(a, b)


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
