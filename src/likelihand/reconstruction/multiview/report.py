"""Reprojection errors of a triangulation, camera by camera."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from likelihand.reconstruction.multiview.triangulation import Triangulated
from likelihand.uncertainty import FloatArray
from likelihand.utils.tables import aligned

DOUBTED: Final = 0.25
"""A view whose information is believed to less than this share counts as doubted."""
_HEAD: Final = ("camera", "keypoints", "median px", "90 % px", "median sigma", "doubted %")


@dataclass(eq=False)
class Reprojection:
    """Collects reprojection errors, camera by camera.

    Args:
        names: of the cameras.

    Example:
        >>> report = Reprojection(("left", "right"))
        >>> print(report)
        camera  keypoints  median px  90 % px  median sigma  doubted %
        left            0          -        -             -          -
        right           0          -        -             -          -
    """

    names: Sequence[str]
    hands: int = 0
    _pixels: list[list[FloatArray]] = field(init=False)
    _sigmas: list[list[FloatArray]] = field(init=False)
    _weights: list[list[FloatArray]] = field(init=False)

    def __post_init__(self) -> None:
        self._pixels, self._sigmas, self._weights = (self._empty() for _ in range(3))

    def _empty(self) -> list[list[FloatArray]]:
        return [[] for _ in self.names]

    def add(self, found: Triangulated) -> None:
        """Add a hand; its views in the order of the names, NaN where one does not see it."""
        self.hands += 1
        for view in range(len(self.names)):
            seen = np.isfinite(found.distance[view])
            self._pixels[view].append(np.linalg.norm(found.residual[view][seen], axis=-1))
            self._sigmas[view].append(found.distance[view][seen])
            self._weights[view].append(found.weight[view][seen])

    def to_json(self) -> dict[str, Any]:
        """Return each camera's number of keypoints and errors in pixels and standard deviations."""
        return {"hands": self.hands, "cameras": {name: self._figures(i) for i, name in enumerate(self.names)}}

    def _figures(self, view: int) -> dict[str, float | int | None]:
        pixels, sigmas, weights = (
            np.concatenate(parts) if parts else np.zeros(0)
            for parts in (self._pixels[view], self._sigmas[view], self._weights[view])
        )
        if not len(pixels):
            return {"keypoints": 0} | dict.fromkeys(("median_px", "p90_px", "median_sigma", "doubted"))
        return {
            "keypoints": len(pixels),
            "median_px": round(float(np.median(pixels)), 3),
            "p90_px": round(float(np.quantile(pixels, 0.9)), 3),
            "median_sigma": round(float(np.median(sigmas)), 3),
            "doubted": round(float((weights < DOUBTED).mean()), 4),
        }

    def __str__(self) -> str:
        rows: list[tuple[str, ...]] = [_HEAD]
        for i, name in enumerate(self.names):
            figures = self._figures(i)
            numbers = [figures[key] for key in ("median_px", "p90_px", "median_sigma")]
            doubted = figures["doubted"]
            rows.append(
                (
                    name,
                    str(figures["keypoints"]),
                    *("-" if value is None else f"{value:.2f}" for value in numbers),
                    "-" if doubted is None else f"{100 * doubted:.1f}",
                )
            )
        return aligned(rows)
