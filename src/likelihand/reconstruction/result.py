"""The result of a fit: joints in space and joint angles, with their uncertainty."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from likelihand.structures import FINGERS, Side, index_of
from likelihand.uncertainty import Radial

ANGLE_NAMES: Final[tuple[str, ...]] = (
    *(
        f"{finger}_{angle}"
        for finger in FINGERS[1:]
        for angle in ("mcp_flexion", "pip_flexion", "dip_flexion", "mcp_abduction")
    ),
    *(f"thumb_{angle}" for angle in ("cmc_radial_abduction", "cmc_palmar_abduction", "cmc_pronation")),
    *("thumb_mcp_flexion", "thumb_ip_flexion"),
)
"""The 21 angles in order. Flexion is + as a finger closes to the palm and 0 where it is straight; a finger's
abduction is + to the thumb's side and 0 where it is parallel to the line from the wrist to the middle knuckle; the
thumb's metacarpal is 0 along that line, its radial abduction + to the side within the palm's plane, its palmar
abduction + out of it on the palm's side, its pronation + as the pad turns to the fingers beyond what comes with
the palmar abduction. They are the same for left and right hands."""
ANGLE_INDEX: Final[dict[str, int]] = {name: i for i, name in enumerate(ANGLE_NAMES)}
CHAIN: Final = ([0, 9, 10, 11], [9, 10, 11, 12])
"""Where the four bones begin and end whose lengths make the hand's."""


@dataclass(frozen=True, slots=True, eq=False)
class HandFit:
    """The most likely 3D hand given 21 predicted densities.

    Space is the camera's: x to the right, y down, z away from it. Its unit is the hand's length, from the wrist
    over the middle finger's joints to its tip: what a ruler measures along a stretched hand, 0.19 m of a man's and
    0.17 m of a woman's in the mean. One view does not tell it, see `metres`.

    Attributes:
        joints: (21, 3) keypoints from the wrist, hand lengths.
        covariance: (21, 3, 3) of the joints, square hand lengths; 0 of the wrist.
        angles: (21,) radians, by `ANGLE_NAMES`.
        angle_scale: (21,) their standard deviations, radians.
        points: (21, 2) keypoints in the picture, pixels, corner origin: between the skeleton's and the predicted
            ones, by how sure each is.
        point_covariance: (21, 2, 2) square pixels.
        reprojected: (21, 2) the skeleton's keypoints in the picture.
        length: pixels of a hand length at the wrist's depth.
        root: (3,) the wrist in the camera's frame in hand lengths; None without intrinsics.
        rotation: (3, 3) from the hand's frame to the camera's: +y to the middle knuckle, +z out of the palm, +x to
            the thumb's side of a right hand and to the little finger's of a left one.
        shape: standard deviations of the shape's components.
        side: of the hand that was fitted.
        log_likelihood: mean over the keypoints of the logarithm of the predicted density, widened by the model's
            error, at `reprojected`, less that at its peak: 0 at best; far below what is usual, the points are
            those of no hand that the fit could make.
        log_posterior: what was maximised; comparable between fits to the same points.
        radial: how probability grows with the Mahalanobis distance of a joint under its covariance.
        form: (K,) the shape that this frame and those before it say, and
        stiffness: (K, K) their information about it, which the next frame's fit starts from.
    """

    joints: NDArray[np.float64]
    covariance: NDArray[np.float64]
    angles: NDArray[np.float64]
    angle_scale: NDArray[np.float64]
    points: NDArray[np.float64]
    point_covariance: NDArray[np.float64]
    reprojected: NDArray[np.float64]
    length: float
    root: NDArray[np.float64] | None
    rotation: NDArray[np.float64]
    shape: NDArray[np.float64]
    side: Side
    log_likelihood: float
    log_posterior: float
    radial: Radial
    form: NDArray[np.float64]
    stiffness: NDArray[np.float64]

    def angle(self, name: str) -> float:
        """Return an angle in radians by its name, one of `ANGLE_NAMES`.

        Raises:
            KeyError: no angle has this name.
        """
        return float(self.angles[ANGLE_INDEX[name]])

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        """Return the (x, y, z) of the keypoint `name`, one of `likelihand.structures.KEYPOINTS`.

        Raises:
            KeyError: no keypoint has this name.
        """
        return np.asarray(self.joints[index_of(name)])

    def radius(self, level: float) -> float:
        """Return the Mahalanobis distance that holds a joint with a probability from 0 to below 1."""
        return float(self.radial.radius(level))

    def metres(self, length: float) -> NDArray[np.float64]:
        """Return the joints (21, 3) in metres, of a hand of this length in metres."""
        return self.joints * length


def hand_length(joints: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the length (...) of hands (..., 21, 3): from the wrist over the middle finger's joints to its tip.

    Example:
        >>> float(hand_length(np.arange(21)[:, None] * [0.0, 1.0, 0.0]))
        12.0
    """
    bones = joints[..., CHAIN[1], :] - joints[..., CHAIN[0], :]
    return np.asarray(np.sqrt((bones * bones).sum(-1)).sum(-1))
