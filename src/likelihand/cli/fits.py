"""`likelihand predict --fit`: hands in space, beside the hands of the picture."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from likelihand.reconstruction import HandFit
    from likelihand.structures import Hand
    from likelihand.tracking import TrackedHand


def fits_json(hands: "Sequence[Hand]") -> list[dict[str, Any]]:
    """Fit the hands of a picture, and return the fits as JSON."""
    from likelihand.reconstruction import fit

    return [fit_json(found) for found in fit(hands)]


def add_fits(hands: Sequence[dict[str, Any]], fits: Sequence[dict[str, Any]]) -> None:
    """Put each hand's fit into its JSON, as `fit`."""
    for hand, found in zip(hands, fits, strict=True):
        hand["fit"] = found


class TrackFits:
    """Fits the hands of a film frame by frame: each track goes on from its last frame."""

    def __init__(self) -> None:
        self._last: dict[int, HandFit] = {}

    def __call__(self, hands: "Sequence[TrackedHand]") -> list[dict[str, Any]]:
        """Fit the hands of the next frame, and return the fits as JSON."""
        from likelihand.reconstruction import fit

        fits = fit(hands, after=[self._last.get(hand.track) for hand in hands])
        self._last = {hand.track: found for hand, found in zip(hands, fits, strict=True)}
        return [fit_json(found) for found in fits]


def fit_json(fit: "HandFit") -> dict[str, Any]:
    """Return a fit as JSON: joints in hand lengths, angles in radians by name, points in image pixels."""
    from likelihand.reconstruction import ANGLE_NAMES

    return {
        "side": fit.side,
        "joints": _rounded(fit.joints, 5),
        "covariance": _rounded(fit.covariance, 8),
        "angles": dict(zip(ANGLE_NAMES, _rounded(fit.angles, 4), strict=True)),
        "angle_scale": dict(zip(ANGLE_NAMES, _rounded(fit.angle_scale, 4), strict=True)),
        "keypoints": _rounded(fit.points, 3),
        "keypoint_covariance": _rounded(fit.point_covariance, 3),
        "reprojected": _rounded(fit.reprojected, 3),
        "length": round(fit.length, 3),
        "rotation": _rounded(fit.rotation, 6),
        "shape": _rounded(fit.shape, 3),
        "log_likelihood": round(fit.log_likelihood, 4),
    }


def _rounded(values: "ArrayLike", digits: int) -> list[Any]:
    import numpy as np

    numbers: list[Any] = (np.asarray(values, np.float64).round(digits) + 0.0).tolist()  # no -0.0
    return numbers
