"""Summarise regions and confidence on some keypoints in one line."""

from typing import Final

import numpy as np

from likelihand.evaluation import Predictions
from likelihand.evaluation.calibration.fit import covariance_of
from likelihand.evaluation.metrics.reliability import LEVELS
from likelihand.geometry import FloatArray
from likelihand.uncertainty import ONE_SIGMA, Calibration, chance_within, determinant, mahalanobis

HEAD: Final = ("keypoints", "error", *(f"{level:.0%}" for level in LEVELS), "radius", "said", "true")
"""What a line tells: how many, mean error, coverage of the regions, mean radius of the 68 % one (lengths in shares
of the hand's size), mean confidence, and the share that is correct."""


def scores_of(o: Predictions, calibration: Calibration) -> FloatArray:
    """Return (5, M): error, probability, radius, confidence and correctness of each labelled keypoint."""
    mask = o.labelled
    covariance = covariance_of(o, calibration)[mask]
    unit = np.broadcast_to(o.unit, mask.shape)[mask]
    probability = calibration.radial.level(mahalanobis(o.residual[mask], covariance))
    radius = float(calibration.radial.radius(ONE_SIGMA)) * determinant(covariance) ** 0.25 / unit
    said = chance_within(np.broadcast_to(o.reach, mask.shape)[mask], covariance, calibration.radial)
    return np.stack([o.error[mask], probability, radius, said, o.correct[mask].astype(np.float64)])


def summary(scores: FloatArray) -> FloatArray:
    """Return what `HEAD` names of the scores (5, M) of some keypoints."""
    error, probability, radius, said, true = scores
    within = [float((probability <= level).mean()) for level in LEVELS]
    return np.array([len(error), error.mean(), *within, radius.mean(), said.mean(), true.mean()])


def cells(values: FloatArray) -> list[str]:
    """Return a summary as cells of a table."""
    return [f"{values[0]:.0f}", *(f"{value:.1%}" for value in values[1:])]
