"""Hands in space from two or more calibrated cameras, weighted by their uncertainty."""

from likelihand.reconstruction.multiview.camera import Camera
from likelihand.reconstruction.multiview.camera_files import read_cameras
from likelihand.reconstruction.multiview.fitted import SpaceFit, fit_views
from likelihand.reconstruction.multiview.follow import SpaceHand, SpaceTracker
from likelihand.reconstruction.multiview.matching import Numbers, match_hands
from likelihand.reconstruction.multiview.report import Reprojection
from likelihand.reconstruction.multiview.triangulation import FREEDOM, Triangulated, triangulate

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
