"""Means over seeds with their intervals, and the rule that a difference smaller than its spread is called none."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

T95: Final = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip
"""Student's t, two-sided 95 %, for 1, 2, 3 ... degrees of freedom."""


def student(freedom: float) -> float:
    """Return Student's t of a two-sided 95 % interval; freedom is rounded down, which widens the interval.

    Example:
        >>> student(2.9), student(0.5)
        (4.303, nan)
    """
    whole = math.floor(freedom) if math.isfinite(freedom) else 0
    return T95[min(whole, len(T95)) - 1] if whole >= 1 else math.nan


@dataclass(frozen=True)
class Estimate:
    """A mean and the half width of its 95 % interval; the half width is NaN where one run alone is known.

    Example:
        >>> print(Estimate(0.1, 0.02, 3))
        0.1000 ± 0.0200
    """

    mean: float
    spread: float
    runs: int

    def __str__(self) -> str:
        return f"{self.mean:.4f}" + ("" if math.isnan(self.spread) else f" ± {self.spread:.4f}")


def estimate(values: Sequence[float]) -> Estimate:
    """Return the mean of runs and its 95 % interval by Student's t.

    Example:
        >>> print(estimate([1.0, 2.0, 3.0]))
        2.0000 ± 2.4843
    """
    n = len(values)
    if n == 0:
        return Estimate(math.nan, math.nan, 0)
    spread = student(n - 1) * float(np.std(values, ddof=1)) / math.sqrt(n) if n > 1 else math.nan
    return Estimate(float(np.mean(values)), spread, n)


def difference(first: Sequence[float], second: Sequence[float]) -> Estimate:
    """Return mean(first) - mean(second) of independent runs and its 95 % interval by Welch's t.

    Example:
        >>> print(difference([1.0, 2.0, 3.0], [5.0, 6.0, 7.0]))
        -4.0000 ± 2.2666
    """
    n, m = len(first), len(second)
    if not (n and m):
        return Estimate(math.nan, math.nan, 0)
    mean = float(np.mean(first) - np.mean(second))
    if n < 2 or m < 2:
        return Estimate(mean, math.nan, min(n, m))
    a, b = float(np.var(first, ddof=1)) / n, float(np.var(second, ddof=1)) / m
    if a + b == 0:
        return Estimate(mean, 0.0, min(n, m))
    freedom = (a + b) ** 2 / (a**2 / (n - 1) + b**2 / (m - 1))
    return Estimate(mean, student(freedom + 1e-9) * math.sqrt(a + b), min(n, m))


def paired(first: Sequence[float], second: Sequence[float]) -> Estimate:
    """Return the mean of first - second, run by run, and its 95 % interval: for two scores of the same runs.

    Raises:
        ValueError: the two are of different length.

    Example:
        >>> print(paired([1.0, 2.0, 3.0], [2.0, 3.0, 4.5]))
        -1.1667 ± 0.7172
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} and {len(second)} values: expected two scores of each run")
    return estimate([a - b for a, b in zip(first, second, strict=True)])


class Verdict(StrEnum):
    """What a difference shows."""

    LOWER = "lower"
    HIGHER = "higher"
    NONE = "none"
    UNKNOWN = "unknown"


def verdict(estimated: Estimate) -> Verdict:
    """Say what a difference shows: one that is not larger than its spread is called none.

    Example:
        >>> [str(verdict(Estimate(mean, 0.1, 3))) for mean in (-0.2, 0.1, 0.2)]
        ['lower', 'none', 'higher']
        >>> str(verdict(Estimate(0.2, math.nan, 1)))
        'unknown'
    """
    if math.isnan(estimated.mean) or math.isnan(estimated.spread):
        return Verdict.UNKNOWN
    if abs(estimated.mean) <= estimated.spread:
        return Verdict.NONE
    return Verdict.LOWER if estimated.mean < 0 else Verdict.HIGHER
