"""Designs of the Bernoulli CUSUM: steps and limit for a false-alarm budget, solved exactly.

Reynolds and Stoumbos (1999), "A CUSUM chart for monitoring a proportion when inspecting
continuously". Each negative adds `up`, each other answer takes `down` away, never below 0, where
up / down is the ratio of the log-likelihood terms as a fraction of small whole numbers: so the
statistic is a Markov chain on whole numbers, and the mean number of answers to an alarm solves a
sparse linear system.
"""

import math
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from scipy.sparse import csc_matrix, identity
from scipy.sparse.linalg import spsolve

GRID: Final = 1.03
"""Baselines are rounded up to powers of this, so that few designs are ever solved."""
LOWEST_RATE: Final = 0.005
HIGHEST_RATE: Final = 0.9
FINENESS: Final = 12
"""The two steps add up to at least this: 1 / the rate that neither rises nor falls is so exact."""


class Design(NamedTuple):
    """A chart: baseline p0, the rise p1 it is built for, the two steps, and the limit."""

    p0: float
    p1: float
    up: int
    down: int
    limit: int


def average_run_length(p: float, up: int, down: int, limit: int) -> float:
    """Return the mean number of answers until the statistic, from 0, reaches `limit`."""
    states = np.arange(limit)
    lower, upper = np.maximum(states - down, 0), states + up
    inside = upper < limit
    shape = (limit, limit)
    stay = csc_matrix((np.full(limit, 1 - p), (states, lower)), shape=shape)
    rise = csc_matrix((np.full(int(inside.sum()), p), (states[inside], upper[inside])), shape=shape)
    system = csc_matrix(identity(limit, format="csc") - stay - rise)
    return float(spsolve(system, np.ones(limit))[0])


def steps(p0: float, p1: float) -> tuple[int, int]:
    """Return (up, down) in the ratio of the log-likelihood terms, to within some 5 %."""
    r1 = -math.log((1 - p1) / (1 - p0))
    r2 = math.log(p1 * (1 - p0) / (p0 * (1 - p1)))
    down = max(1, math.ceil(FINENESS * r1 / r2))
    return max(1, round(down * (r2 / r1 - 1))), down


@lru_cache(maxsize=4096)
def solve(p0: float, p1: float, run_length: int) -> Design:
    """Return the design with the smallest limit whose mean run length at p0 is `run_length`."""
    up, down = steps(p0, p1)
    low, high = up, 2 * (up + down)
    while average_run_length(p0, up, down, high) < run_length:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if average_run_length(p0, up, down, middle) < run_length:
            low = middle
        else:
            high = middle
    return Design(p0, p1, up, down, high)


@lru_cache(maxsize=4096)
def design(p0: float, rise: float, least_rise: float, run_length: int) -> Design:
    """Return the design for a baseline of p0, rounded up on the grid.

    It is built for a rise to `rise` · p0, and at least p0 + `least_rise`. `run_length`: rated
    answers per false alarm.
    """
    p0 = min(max(p0, LOWEST_RATE), HIGHEST_RATE)
    p0 = round(GRID ** math.ceil(round(math.log(p0, GRID), 6)), 6)
    p1 = min(max(p0 * rise, p0 + least_rise), (1 + p0) / 2)
    return solve(p0, round(p1, 6), run_length)
