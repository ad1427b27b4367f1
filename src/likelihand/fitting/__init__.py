"""Fit a hand in space to predicted densities: 3D joints and joint angles, and how sure they are.

NumPy alone; see `docs/explanation/fitting.md`.
"""

from likelihand.fitting.fit import FitSettings, fit
from likelihand.fitting.result import ANGLE_INDEX, ANGLE_NAMES, HandFit, hand_length
from likelihand.fitting.solver import Weights

__all__ = ["ANGLE_INDEX", "ANGLE_NAMES", "FitSettings", "HandFit", "Weights", "fit", "hand_length"]
