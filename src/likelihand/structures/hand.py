"""A predicted hand."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from likelihand.geometry import points_inside
from likelihand.structures.keypoints import Side, index_of
from likelihand.uncertainty import GAUSSIAN, REACH, Ellipses, Radial, chance_within, ellipses, size_of_hand


@dataclass(frozen=True, slots=True, eq=False)
class Hand:
    """A predicted hand.

    Attributes:
        points: (21, 2) float64 (x, y) in image pixels, corner origin.
        scale: (21, 2) float64, the standard deviation along x and y in image pixels: the root of the covariance's
            diagonal.
        box: (4,) float64 (x0, y0, x1, y1), the region that was cropped, in image pixels.
        covariance: (21, 2, 2) float64 in square image pixels. Of a calibrated model, its ellipse of the radius
            that holds 68 % of a Gaussian holds 68 % of the truth, on pictures like those of the calibration; of
            another, the network's own scale. It speaks of one keypoint at a time: errors within a hand go
            together, so chances of several keypoints do not multiply.
        side: "left", "right", or None where the model does not say.
        score: chance in 0..1 that this is a hand, of a found one from detector and model together; where the box
            was given, the model's alone, 1 of a model that does not say.
        radial: how probability grows with the distance from a point in units of its covariance.
        picture: (height, width) of the picture in pixels; None where it is not known.
        clarity: mean confidence of the keypoints as the model's first calibration states it, in 0..1, whichever
            calibration was asked for; 1 of a model without one. What is no hand has little: the rules that drop
            such finds go by it, so that the choice of a calibration does not change which hands are found.
        depth: (21,) float64, how much farther from the camera than the mean of all keypoints each one is, in image
            pixels at the wrist's distance: (x, y, depth) is the hand in space as seen from afar. None where the
            model does not say.
        depth_scale: (21,) float64, the scale of a Laplace density about each depth, likewise.

    Example:
        >>> hand = Hand(points=np.arange(42.0).reshape(21, 2), scale=np.ones((21, 2)), box=np.zeros(4))
        >>> hand["index_tip"]
        array([16., 17.])
    """

    points: NDArray[np.float64]
    scale: NDArray[np.float64]
    box: NDArray[np.float64]
    covariance: NDArray[np.float64] = field(default_factory=lambda: np.zeros((21, 2, 2)))
    side: Side | None = None
    score: float = 1.0
    radial: Radial = GAUSSIAN
    picture: tuple[int, int] | None = None
    clarity: float = 1.0
    depth: NDArray[np.float64] | None = None
    depth_scale: NDArray[np.float64] | None = None

    @property
    def inside(self) -> NDArray[np.bool_]:
        """(21,) whether each estimate lies inside the picture; all True where its size is not known.

        Example:
            >>> points = np.linspace(0.0, 84.0, 42).reshape(21, 2)
            >>> int(Hand(points, np.ones((21, 2)), np.zeros(4), picture=(48, 64)).inside.sum())
            12
        """
        if self.picture is None:
            return np.ones(len(self.points), bool)
        return points_inside(self.points, self.picture)

    @property
    def confidence(self) -> NDArray[np.float64]:
        """(21,) probability in 0..1 that the true keypoint lies within 10 % of the hand's size of its estimate.

        The size is max(width, height) of the tight box of the 21 *estimated* points, which is known for every
        picture and whatever is labelled; `likelihand.evaluation.calibration` measures by the same. Confidence
        falls as the covariance grows against the hand, so it can be compared between keypoints, hands and
        pictures. Each is about one keypoint: errors within a hand go together, so the chance that several are
        right is not their product (it is larger).
        """
        return chance_within(REACH * size_of_hand(self.points), self.covariance, self.radial)

    def region(self, level: float = 0.9) -> Ellipses:
        """Return the ellipses that contain each keypoint with a given probability.

        Args:
            level: from 0 to below 1.

        Returns:
            Centres (21, 2), semi-axes (21, 2), the larger first, in image pixels, and angles (21,).

        Raises:
            ValueError: the level is no such probability.

        Example:
            >>> hand = Hand(np.zeros((21, 2)), np.ones((21, 2)), np.zeros(4), np.tile(np.eye(2), (21, 1, 1)))
            >>> hand.region(0.9).axes[0].round(3)
            array([2.146, 2.146])
        """
        return ellipses(self.points, self.covariance, float(self.radial.radius(level)))

    def to_json(self) -> dict[str, Any]:
        """Return the hand as JSON values, as every command writes them.

        Returns:
            `keypoints`, `scale`, `covariance`, `confidence`, `inside`, `box`, `side` and `score`; lengths in image
            pixels, rounded to a thousandth, the score to four digits.

        Raises:
            ValueError: the model gave a number that is not finite.

        Example:
            >>> Hand(np.full((21, 2), 1 / 3), np.ones((21, 2)), np.zeros(4)).to_json()["keypoints"][0]
            [0.333, 0.333]
        """
        if not all(np.isfinite(v).all() for v in (self.points, self.scale, self.covariance)):
            raise ValueError("the model gave points that are not finite; it is damaged or badly trained")
        return {
            "keypoints": _rounded(self.points),
            "scale": _rounded(self.scale),
            "covariance": _rounded(self.covariance),
            "confidence": _rounded(self.confidence),
            "inside": self.inside.tolist(),
            "box": _rounded(self.box),
            "side": self.side,
            "score": round(self.score, 4),
        }

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        """Return the (x, y) of the keypoint `name`, one of `likelihand.structures.KEYPOINTS`.

        Raises:
            KeyError: no keypoint has this name.
        """
        return np.asarray(self.points[index_of(name)])

    def __repr__(self) -> str:
        """Return one line that tells hands apart; with its arrays a hand would fill three screens."""
        box = ", ".join(f"{edge:.0f}" for edge in self.box)
        told = [f"side={self.side!r}", f"score={self.score:.2f}", f"box=[{box}]"]
        told += [f"{name}={getattr(self, name)}" for name in ("track", "seen") if hasattr(self, name)]
        return f"{type(self).__name__}({', '.join(told)})"


def _rounded(values: ArrayLike) -> list[Any]:
    numbers: list[Any] = np.asarray(values, np.float64).round(3).tolist()
    return numbers
