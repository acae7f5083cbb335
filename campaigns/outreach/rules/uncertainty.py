"""How sure a share is, and whether one wording is better than another. Pure."""

from __future__ import annotations

from math import erf, exp, lgamma, log, sqrt

Z95 = 1.959964
LEAST_SENT = 100
LEAST_ANSWERED = 5
SURE = 0.95
EXACT_UP_TO = 2000


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927, JASA 22): honest also for few people and for shares near 0 and 1."""
    if of == 0:
        return 0.0, 1.0
    share, square = hits / of, Z95 * Z95
    centre = (share + square / (2 * of)) / (1 + square / of)
    half = Z95 / (1 + square / of) * sqrt(share * (1 - share) / of + square / (4 * of * of))
    return max(0.0, centre - half), min(1.0, centre + half)


def _log_beta(a: int, b: int) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def better(a_hits: int, a_of: int, b_hits: int, b_of: int) -> float:
    """How probable it is that B's share is above A's, when nothing was known before (uniform priors).

    The exact sum (E. Miller 2014, "Formulas for Bayesian A/B testing") for up to EXACT_UP_TO answers to B, else the
    normal approximation of the two Beta distributions.
    """
    a1, b1, a2, b2 = a_hits + 1, a_of - a_hits + 1, b_hits + 1, b_of - b_hits + 1
    if a2 <= EXACT_UP_TO:
        whole = _log_beta(a1, b1)
        total = sum(exp(_log_beta(a1 + i, b1 + b2) - log(b2 + i) - _log_beta(1 + i, b2) - whole) for i in range(a2))
        return min(1.0, max(0.0, total))
    means = a2 / (a2 + b2) - a1 / (a1 + b1)
    spread = sqrt(_variance(a1, b1) + _variance(a2, b2))
    return 0.5 * (1 + erf(means / spread / sqrt(2)))


def _variance(a: int, b: int) -> float:
    return a * b / ((a + b) ** 2 * (a + b + 1))


def is_early(a_hits: int, a_of: int, b_hits: int, b_of: int) -> bool:
    """Too few for any statement, or none that is sure: fewer than 100 letters or 5 answers on a side, or under 95 %."""
    few = min(a_of, b_of) < LEAST_SENT or min(a_hits, b_hits) < LEAST_ANSWERED
    return few or 1 - SURE < better(a_hits, a_of, b_hits, b_of) < SURE
