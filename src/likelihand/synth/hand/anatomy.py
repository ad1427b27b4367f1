"""Anatomy that needs no compiled code: joint angles, their limits, and where labels lie.

Angles are radians in one vector (24,): index, middle, ring and little finger each with MCP flexion, PIP flexion,
DIP flexion and MCP abduction (+ to the thumb's side); the thumb's metacarpal azimuth (+ to the side), elevation
(+ out of the palm) and pronation, then its MCP and IP flexion; the wrist's flexion (+ towards the palm), its
deviation (+ to the thumb's side) and the twist of the forearm. A straight finger in the palm's plane has angles 0.
"""

from typing import Final

import numpy as np

ANGLES: Final = 24
MCP, PIP, DIP, ABDUCTION = 0, 1, 2, 3
"""Offsets of a finger's four angles from its first, which is 4 (finger - 1) with the index as finger 1."""
THUMB: Final = 16
THUMB_AZIMUTH, THUMB_ELEVATION, THUMB_PRONATION, THUMB_MCP, THUMB_IP = 16, 17, 18, 19, 20
WRIST: Final = 21
WRIST_FLEXION, WRIST_DEVIATION, FOREARM_TWIST = 21, 22, 23
OPPOSITION: Final = 0.7
"""Radians by which a thumb turns its pad to the fingers for each radian that it rises out of the palm."""

LIMITS: Final = np.radians(
    [
        *((-22, 92), (-4, 108), (-8, 72), (-10, 20)),
        *((-22, 92), (-4, 108), (-8, 72), (-10, 10)),
        *((-22, 92), (-4, 108), (-8, 72), (-20, 8)),
        *((-22, 92), (-4, 108), (-8, 72), (-32, 8)),
        *((-22, 66), (-14, 66), (-20, 40), (-12, 60), (-20, 82)),
        *((-70, 65), (-32, 20), (-60, 60)),
    ]
)
"""(24, 2) least and greatest angle in radians."""

LABEL_SHIFT: Final = {1: (2, 0.18), 5: (6, 0.07), 9: (10, 0.07), 13: (14, 0.07)}
"""By keypoint: towards which joint, and by which share of the way, its label lies from the joint that bends."""
