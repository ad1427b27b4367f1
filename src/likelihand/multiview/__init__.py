"""Hands in space from two or more calibrated cameras, weighted by their uncertainty."""

from likelihand.multiview.camera import Camera
from likelihand.multiview.camera_files import read_cameras
from likelihand.multiview.fitted import SpaceFit, fit_views
from likelihand.multiview.follow import SpaceHand, SpaceTracker
from likelihand.multiview.matching import Numbers, match_hands
from likelihand.multiview.report import Reprojection
from likelihand.multiview.triangulation import FREEDOM, Triangulated, triangulate

__all__ = [
    "FREEDOM",
    "Camera",
    "Numbers",
    "Reprojection",
    "SpaceFit",
    "SpaceHand",
    "SpaceTracker",
    "Triangulated",
    "fit_views",
    "match_hands",
    "read_cameras",
    "triangulate",
]
