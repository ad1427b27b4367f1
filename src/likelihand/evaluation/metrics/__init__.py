"""Scores of keypoints: EPE, NME, PCK, its curve and AUC, and the protocols that say how they are normalised.

Functions take arrays and give arrays; `Accumulator` collects errors by sample index.
"""

from likelihand.evaluation.metrics.accumulator import Accumulator, Breakdown
from likelihand.evaluation.metrics.functions import Average, area_under_curve, average, distance, epe, nme, pck
from likelihand.evaluation.metrics.protocol import (
    BOX,
    MMPOSE,
    PAPER,
    Protocol,
    Scores,
    Truth,
    given_box_length,
    mmpose_box_length,
    scores,
    tight_box_length,
)

__all__ = [
    "BOX",
    "MMPOSE",
    "PAPER",
    "Accumulator",
    "Average",
    "Breakdown",
    "Protocol",
    "Scores",
    "Truth",
    "area_under_curve",
    "average",
    "distance",
    "epe",
    "given_box_length",
    "mmpose_box_length",
    "nme",
    "pck",
    "scores",
    "tight_box_length",
]
