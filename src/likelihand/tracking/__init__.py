"""Hands followed from frame to frame: one box, one number and one filter each."""

from likelihand.tracking.tracker import (
    EVERY,
    PredictBoxes,
    Region,
    TrackedHand,
    Tracker,
    Tracking,
    whole_picture,
)

__all__ = ["EVERY", "PredictBoxes", "Region", "TrackedHand", "Tracker", "Tracking", "whole_picture"]
