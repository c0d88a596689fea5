"""A new version against the ones it replaces: evidence that may be read after every answer.

The weight of evidence is a ratio of predictive likelihoods of the new version's ratings: "worse by
about the rise one cares for" over "as before", where what was before is known no better than its
own ratings tell. A ratio of predictive likelihoods passes 1/alpha with a chance of at most alpha if
nothing has changed, however often one looks (Ville 1939; Robbins 1970).
"""

import math
from typing import Final

PRIOR_STRENGTH: Final = 10.0
"""How many ratings' worth the guess of the new version's rate is: a vague one."""


def log_evidence(k: int, n: int, k_old: int, n_old: int, rise: float = 2.0) -> float:
    """Return the natural log of the evidence that k of n is worse than k_old of n_old.

    `rise`: the factor that "worse" means, about. Raises ValueError unless 0 ≤ k ≤ n for both.
    """
    if not (0 <= k <= n and 0 <= k_old <= n_old):
        raise ValueError(f"rates need 0 <= k <= n, got {k} of {n} and {k_old} of {n_old}")
    old_a, old_b = k_old + 0.5, n_old - k_old + 0.5
    mean = min(old_a / (old_a + old_b) * rise, 0.5 + old_a / (old_a + old_b) / 2)
    worse = _log_predictive(k, n, PRIOR_STRENGTH * mean, PRIOR_STRENGTH * (1 - mean))
    return worse - _log_predictive(k, n, old_a, old_b)


def _log_predictive(k: int, n: int, a: float, b: float) -> float:
    """Return the log of the beta-binomial chance of one sequence of n ratings, k negative."""
    return _log_beta(a + k, b + n - k) - _log_beta(a, b)


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
