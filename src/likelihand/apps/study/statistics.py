"""Confidence intervals of paired differences, and verdicts on claims."""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike


def student(freedom: float) -> float:
    """Return Student's t of a two-sided 95 % interval; NaN below one degree of freedom.

    Example:
        >>> round(student(2), 3), student(0.5)
        (4.303, nan)
    """
    from scipy.stats import t

    return float(t.ppf(0.975, freedom)) if freedom >= 1 else math.nan


@dataclass(frozen=True)
class Interval:
    """A mean and the half width of its 95 % interval; the half width is NaN where it cannot be known.

    Attributes:
        mean: of all runs.
        spread: half width.
        runs: number of runs, or of pairs of runs.

    Example:
        >>> print(Interval(0.1, 0.02, 3))
        0.1000 ± 0.0200
    """

    mean: float
    spread: float
    runs: int

    @property
    def low(self) -> float:
        """Lower end."""
        return self.mean - self.spread

    @property
    def high(self) -> float:
        """Upper end."""
        return self.mean + self.spread

    def __str__(self) -> str:
        if self.runs == 0:
            return ""
        return f"{self.mean:.4f}" + ("" if math.isnan(self.spread) else f" ± {self.spread:.4f}")


def interval(values: ArrayLike) -> Interval:
    r"""Compute the mean of runs over hands and its 95 % interval, for other seeds and other hands.

    With y of S runs and H hands, the variance of the mean is taken for

    .. math:: v = \frac{s^2_{seeds}}{S} + \frac{s^2_{hands}}{H},

    the sample variances of the runs' means and of the hands' means. What a run and a hand have together is in both
    terms, so that the interval errs on the wide side. Degrees of freedom follow Welch and Satterthwaite.

    Args:
        values: (S, H), or (S,) where nothing is known hand by hand. For two methods of the same seeds and hands:
            their differences.

    Returns:
        The interval; its spread is NaN for fewer than two runs, since how runs differ is not known then.

    Example:
        >>> print(interval([1.0, 2.0, 3.0]))
        2.0000 ± 2.4841
        >>> print(interval([0.3]))
        0.3000
    """
    table = np.asarray(values, np.float64)
    table = table[:, None] if table.ndim == 1 else table
    runs, hands = table.shape
    if table.size == 0:
        return Interval(math.nan, math.nan, 0)
    if runs < 2:
        return Interval(float(table.mean()), math.nan, runs)
    parts = [(table.mean(1).var(ddof=1) / runs, runs - 1)]
    parts += [(table.mean(0).var(ddof=1) / hands, hands - 1)] if hands > 1 else []
    variance = sum(part for part, _ in parts)
    if variance == 0:
        return Interval(float(table.mean()), 0.0, runs)
    freedom = variance**2 / sum(part**2 / count for part, count in parts)
    return Interval(float(table.mean()), student(freedom) * math.sqrt(variance), runs)


class Verdict(StrEnum):
    """The verdict on a claim."""

    HOLDS = "holds"
    FAILS = "does not hold"
    UNDECIDED = "undecided"


def verdict(advantage: Interval, worth: float) -> Verdict:
    """Judge the claim that an advantage is above 0.

    Args:
        advantage: of the one that is claimed to be better.
        worth: the least advantage that matters, above 0.

    Returns:
        HOLDS where the whole interval is above 0; FAILS where all of it is below `worth`, so that an advantage
        that matters is ruled out; else UNDECIDED, also where the spread is not known.

    Raises:
        ValueError: `worth` is not above 0.

    Example:
        >>> [str(verdict(Interval(mean, 0.1, 3), worth=0.05)) for mean in (-0.2, 0.0, 0.2)]
        ['does not hold', 'undecided', 'holds']
    """
    if not worth > 0:
        raise ValueError(f"worth is {worth}: expected more than 0, the least advantage that matters")
    if not math.isfinite(advantage.spread):
        return Verdict.UNDECIDED
    if advantage.low > 0:
        return Verdict.HOLDS
    return Verdict.FAILS if advantage.high < worth else Verdict.UNDECIDED
