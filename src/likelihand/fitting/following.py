"""Fit the hands of a film, starting each search from the last frame."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from likelihand.fitting.camera import State, place
from likelihand.fitting.density import Evidence
from likelihand.fitting.evidence import Frames
from likelihand.fitting.result import HandFit, hand_length
from likelihand.fitting.tables import Tables

LOST: Final = 0.3
"""A frame whose log likelihood per keypoint falls by more than this below the last one's is searched anew."""


def state_after(tables: Tables, fits: Sequence[HandFit], frames: Frames) -> State:
    """Return earlier fits as states, in the units of the hands that follow them.

    Args:
        tables: skeleton.
        fits: of the frames before.
        frames: how the pixels of this frame's hands become the fit's units.
    """
    flip = np.stack([frames.mirror, np.ones_like(frames.mirror), np.ones_like(frames.mirror)], -1)
    turn = np.array([f.rotation for f in fits]) * flip[:, :, None] * flip[:, None]
    wrist = (np.array([f.reprojected[0] for f in fits]) - frames.middle) * frames.scale
    state = State(
        turn,
        np.concatenate([np.zeros((len(fits), 1)), wrist], 1),
        np.array([f.angles for f in fits]),
        np.array([f.shape for f in fits]),
    )
    palms = hand_length(place(tables.rig, state).points)
    state.camera[:, 0] = np.log(np.array([f.length for f in fits]) / palms / frames.size)
    return state


def remembered(evidence: Evidence, fits: Sequence[HandFit]) -> Evidence:
    """Return the evidence with what the frames before it say of the hands' shapes."""
    return evidence._replace(
        form=np.array([f.form for f in fits]), stiffness=np.array([f.stiffness for f in fits])
    )
