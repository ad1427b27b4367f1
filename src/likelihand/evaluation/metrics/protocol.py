"""Scoring protocols, and the scores of a set of hands under one of them."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from likelihand.evaluation.metrics.functions import (
    Average,
    Counted,
    FloatArray,
    area_under_curve,
    epe,
    nme,
    pck,
)
from likelihand.geometry import box_length, box_of_points


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """The true values by which one hand's score is normalised.

    Attributes:
        points: (K, 2) in image pixels.
        counted: (K,) booleans.
        box: (4,) of the hand in image pixels, as the data set gives it.
        dataset: name of its data set.
    """

    points: FloatArray
    counted: Counted
    box: FloatArray
    dataset: str


def tight_box_length(truth: Truth) -> float:
    """Return max(width, height) of the tight box of the counted true keypoints; 0 with fewer than two.

    Example:
        >>> box = np.array([0.0, 0.0, 9.0, 9.0])
        >>> tight_box_length(Truth(np.array([[0.0, 0.0], [3.0, 4.0]]), np.array([True, True]), box, ""))
        4.0
    """
    return box_length(box_of_points(truth.points, truth.counted)) if truth.counted.any() else 0.0


def given_box_length(truth: Truth) -> float:
    """Return max(width, height) of the data set's own box.

    Example:
        >>> given_box_length(Truth(np.zeros((1, 2)), np.array([True]), np.array([0.0, 0.0, 9.0, 5.0]), ""))
        9.0
    """
    return box_length(truth.box)


def mmpose_box_length(truth: Truth) -> float:
    """Return the length that mmpose 1.x normalises PCK by.

    FreiHAND: its reader writes the box [0, 0, 224, 224] for every hand; RHD: the tight box enlarged 1.2
    times; other data sets: the box of the annotation.

    Example:
        >>> nobody = Truth(np.zeros((1, 2)), np.array([True]), np.array([0.0, 0.0, 9.0, 5.0]), "FreiHAND")
        >>> mmpose_box_length(nobody)
        224.0
    """
    name = truth.dataset.lower()
    if name.startswith("freihand"):
        return 224.0
    return 1.2 * tight_box_length(truth) if name.startswith("rhd") else given_box_length(truth)


@dataclass(frozen=True)
class Protocol:
    """How a score is computed and normalised.

    Attributes:
        name: short name.
        normaliser: gives the length in image pixels that errors of a hand are divided by.
        normaliser_text: the same in words, printed with every score.
        average: the order of averaging of PCK and its AUC.
        strict: PCK counts "<" rather than "<=".
        thresholds: at which PCK is given, in lengths.
        auc_thresholds: of the curve under which the area is taken: in lengths, or in pixels with `auc_mean`.
        auc_mean: AUC is the plain mean of PCK at `auc_thresholds` pixels (mmpose) rather than a trapezoidal
            area over lengths.

    Example:
        >>> PAPER.name, len(MMPOSE.auc_thresholds), MMPOSE.auc_thresholds[-1]
        ('paper', 20, 28.5)
    """

    name: str
    normaliser: Callable[[Truth], float]
    normaliser_text: str
    average: Average = Average.HAND
    strict: bool = False
    thresholds: tuple[float, ...] = (0.05, 0.1, 0.2)
    auc_thresholds: tuple[float, ...] = tuple(i / 200 for i in range(41))
    auc_mean: bool = False


PAPER: Final = Protocol(
    name="paper",
    normaliser=tight_box_length,
    normaliser_text="max(w, h) of the tight box of the true keypoints (eqs. 8, 9)",
)
"""The paper's: mean over the keypoints of a hand, then over hands; AUC of the PCK curve over 0..0.2."""

BOX: Final = Protocol(
    name="box", normaliser=given_box_length, normaliser_text="max(w, h) of the data set's own box"
)
"""As `PAPER`, but normalised by the given box: for hands with only a few labelled keypoints."""

MMPOSE: Final = Protocol(
    name="mmpose",
    normaliser=mmpose_box_length,
    normaliser_text="mmpose's box: FreiHAND 224 px, RHD tight box x 1.2, else the annotation's; AUC to 30 px",
    average=Average.KEYPOINT,
    strict=True,
    auc_thresholds=tuple(30.0 * i / 20 for i in range(20)),
    auc_mean=True,
)
"""mmpose 1.x: PCK by keypoint with "<", AUC = mean PCK at 0, 1/20 ... 19/20 of 30 px (0.95 is perfect).

Every labelled keypoint counts: mmpose takes COCO's 1 (hidden) for 2 (visible), and its OneHand10K has 1 alone.
"""


@dataclass(frozen=True)
class Scores:
    """Scores of a set of hands under one protocol; NaN where nothing was counted.

    Attributes:
        hands: number of hands with a counted keypoint.
        keypoints: number of counted keypoints.
        misses: number of those that were not found (wrong in PCK, left out of EPE and NME).
        epe: mean error in image pixels, pooled over keypoints.
        epe_median: median error in image pixels over keypoints, a miss being infinite.
        nme: mean normalised error (eq. 9).
        nme_median: median over hands of the normalised error of a hand; infinite for a hand wholly missed.
        pck: threshold -> share of correct keypoints in 0..1.
        auc: in 0..1, as the protocol defines it.
        curve: PCK at each of the protocol's `auc_thresholds`.
    """

    hands: int
    keypoints: int
    misses: int
    epe: float
    epe_median: float
    nme: float
    nme_median: float
    pck: dict[float, float]
    auc: float
    curve: tuple[float, ...] = field(repr=False)

    def to_json(self) -> dict[str, Any]:
        """Return the scores as JSON values, null where not finite."""
        values = {k: _finite(v) if isinstance(v, float) else v for k, v in vars(self).items()}
        values["pck"] = {f"{t:g}": _finite(v) for t, v in self.pck.items()}
        return values | {"curve": [_finite(v) for v in self.curve]}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def scores(distances: ArrayLike, counted: ArrayLike, lengths: ArrayLike, protocol: Protocol) -> Scores:
    """Compute all scores of a set of hands.

    Args:
        distances: (N, K) in image pixels; infinite = missed.
        counted: (N, K) booleans.
        lengths: (N,) > 0 in image pixels, from the protocol's normaliser.
        protocol: how to score.

    Example:
        >>> s = scores([[1.0, 3.0]], [[True, True]], [10.0], PAPER)
        >>> round(s.nme, 6), s.pck[0.1], s.epe
        (0.2, 0.5, 2.0)
    """
    array, mask = np.asarray(distances, np.float64), np.asarray(counted, bool)
    length = np.asarray(lengths, np.float64)
    limits = np.asarray(protocol.auc_thresholds)
    units = np.ones_like(length) if protocol.auc_mean else length
    curve = pck(array, mask, units, limits, strict=protocol.strict, over=protocol.average)
    shares = pck(array, mask, length, protocol.thresholds, strict=protocol.strict, over=protocol.average)
    hands = _hand_errors(array / length[:, None], mask)
    return Scores(
        hands=int(mask.any(-1).sum()),
        keypoints=int(mask.sum()),
        misses=int((mask & ~np.isfinite(array)).sum()),
        epe=float(epe(array, mask)),
        epe_median=_median(array[mask]),
        nme=float(nme(array, mask, length)),
        nme_median=_median(hands),
        pck=dict(zip(protocol.thresholds, map(float, shares), strict=True)),
        auc=float(curve.mean() if protocol.auc_mean else area_under_curve(limits, curve)),
        curve=tuple(map(float, curve)),
    )


def _hand_errors(normalised: FloatArray, counted: Counted) -> FloatArray:
    """Return each counted hand's mean over its found keypoints; infinite where all of them are missed."""
    found = counted & np.isfinite(normalised)
    means = np.where(found, normalised, 0.0).sum(-1) / np.maximum(found.sum(-1), 1)
    return np.asarray(np.where(found.any(-1), means, np.inf)[counted.any(-1)])


def _median(values: FloatArray) -> float:
    """Return the median (the mean of the two middle ones, infinite if either is); NaN of nothing."""
    ordered, n = np.sort(values), len(values)
    return float((ordered[(n - 1) // 2] + ordered[n // 2]) / 2) if n else math.nan
