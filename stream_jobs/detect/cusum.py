"""Designs of the Bernoulli CUSUM: steps and limit for a false-alarm budget, solved exactly.

Reynolds and Stoumbos (1999), "A CUSUM chart for monitoring a proportion when inspecting
continuously". With p1 chosen so that r2 / r1 is a whole number m, each negative adds m − 1 and
each other answer takes 1 away, never below 0: the statistic is a Markov chain on whole numbers,
and the mean number of answers to an alarm solves a sparse linear system.
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


class Design(NamedTuple):
    """A chart: baseline p0, the rise p1 it is built for, step m, and the limit in steps."""

    p0: float
    p1: float
    m: int
    limit: int


def average_run_length(p: float, m: int, limit: int) -> float:
    """Return the mean number of answers until the statistic, from 0, reaches `limit`."""
    states = np.arange(limit)
    down, up = np.maximum(states - 1, 0), states + m - 1
    inside = up < limit
    shape = (limit, limit)
    stay = csc_matrix((np.full(limit, 1 - p), (states, down)), shape=shape)
    rise = csc_matrix((np.full(int(inside.sum()), p), (states[inside], up[inside])), shape=shape)
    system = csc_matrix(identity(limit, format="csc") - stay - rise)
    return float(spsolve(system, np.ones(limit))[0])


def step(p0: float, p1: float) -> int:
    """Return m: the ratio of the log-likelihood terms, as a whole number of at least 2."""
    r1 = -math.log((1 - p1) / (1 - p0))
    r2 = math.log(p1 * (1 - p0) / (p0 * (1 - p1)))
    return max(2, round(r2 / r1))


@lru_cache(maxsize=4096)
def solve(p0: float, p1: float, run_length: int) -> Design:
    """Return the design with the smallest limit whose mean run length at p0 is `run_length`."""
    m = step(p0, p1)
    low, high = m - 1, 2 * m
    while average_run_length(p0, m, high) < run_length:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if average_run_length(p0, m, middle) < run_length:
            low = middle
        else:
            high = middle
    return Design(p0, p1, m, high)


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
