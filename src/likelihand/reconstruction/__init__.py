"""Hands in space, and how sure they are: fitted to predicted densities, 3D joints and joint angles.

From one picture here, in NumPy alone (see `docs/explanation/fitting.md`); from several cameras in `multiview`.
"""

from likelihand.reconstruction.fit import fit
from likelihand.reconstruction.result import ANGLE_INDEX, ANGLE_NAMES, HandFit, hand_length
from likelihand.reconstruction.solver import FitSettings, Weights

__all__ = ["ANGLE_INDEX", "ANGLE_NAMES", "FitSettings", "HandFit", "Weights", "fit", "hand_length"]
