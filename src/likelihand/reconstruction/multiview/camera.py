"""A calibrated camera: from points in space to pixels and back to rays."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike

from likelihand.geometry import scaling
from likelihand.reconstruction.multiview.lens import (
    FISHEYE_COEFFICIENTS,
    PINHOLE_COEFFICIENTS,
    Distort,
    fisheye_distortion,
    pinhole_distortion,
    undistort,
)
from likelihand.uncertainty import FloatArray

_ASPECT: float = 0.01
"""Share by which the two sides of a film may be enlarged differently against its calibration."""


@dataclass(frozen=True, slots=True, eq=False)
class Camera:
    r"""A calibrated camera.

    A point X of the world has the place :math:`R X + t` in the camera's frame (x to the right, y down, z forward),
    is divided by its depth, moved by the lens and taken to pixels by the camera matrix (Hartley and Zisserman,
    "Multiple View Geometry", 6.1).

    Attributes:
        matrix: (3, 3) camera matrix, **corner-origin** pixels: OpenCV's, with 1/2 added to the principal point.
        rotation: (3, 3) camera_from_world.
        translation: (3,) in the world's unit.
        distortion: coefficients of the lens, see `likelihand.reconstruction.multiview.lens`.
        fisheye: whether they are those of the fisheye model.
        name: of the camera.
        size: (height, width) of the pictures that it was calibrated with; None where that is not known.

    Raises:
        ValueError: a shape is wrong, a number not finite, or the rotation none.

    Example:
        >>> camera = Camera(np.array([[100.0, 0, 80], [0, 100, 60], [0, 0, 1]]))
        >>> camera.project([0.5, 0.0, 2.0])
        array([105.,  60.])
    """

    matrix: FloatArray
    rotation: FloatArray = field(default_factory=lambda: np.eye(3))
    translation: FloatArray = field(default_factory=lambda: np.zeros(3))
    distortion: FloatArray = field(default_factory=lambda: np.zeros(0))
    fisheye: bool = False
    name: str = ""
    size: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        for part, shape in (("matrix", (3, 3)), ("rotation", (3, 3)), ("translation", (3,))):
            value = getattr(self, part)
            if np.shape(value) != shape or not np.isfinite(value).all():
                raise ValueError(f"camera {self.name!r}: {part} is no finite array of shape {shape}")
        most = FISHEYE_COEFFICIENTS if self.fisheye else PINHOLE_COEFFICIENTS
        if np.ndim(self.distortion) != 1 or len(self.distortion) > most or not np.isfinite(self.distortion).all():
            raise ValueError(
                f"camera {self.name!r}: distortion {self.distortion}; give up to {most} finite numbers"
            )
        off = float(np.abs(self.rotation @ self.rotation.T - np.eye(3)).max())
        if off > 1e-3 or np.linalg.det(self.rotation) < 0:
            raise ValueError(f"camera {self.name!r}: rotation is none, R R^T differs from 1 by {off:.2g}")

    @property
    def _distort(self) -> Distort:
        return fisheye_distortion if self.fisheye else pinhole_distortion

    @property
    def centre(self) -> FloatArray:
        """(3,) where it stands in the world."""
        return np.asarray(-self.rotation.T @ self.translation)

    def project(self, points: ArrayLike) -> FloatArray:
        """Project points (..., 3) of the world to (..., 2) pixels; NaN where they lie behind the camera."""
        return self.projection(points)[0]

    def projection(self, points: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Project points (..., 3) of the world.

        Returns:
            (..., 2) pixels, corner origin, NaN where a point lies behind the camera; and (..., 2, 3) Jacobians,
            pixels a unit of the world.
        """
        seen = np.asarray(points, np.float64) @ self.rotation.T + self.translation
        depth = np.where(seen[..., 2] > 0, seen[..., 2], np.nan)[..., None]
        flat = seen[..., :2] / depth
        distorted, lens = self._distort(self.distortion, flat)
        ahead = (
            np.concatenate([np.broadcast_to(np.eye(2), (*flat.shape, 2)), -flat[..., None]], -1) / depth[..., None]
        )
        pixels = distorted @ self.matrix[:2, :2].T + self.matrix[:2, 2]
        return pixels, self.matrix[:2, :2] @ lens @ ahead @ self.rotation

    def rays(self, pixels: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Return where pixels look, on the plane at depth 1.

        Args:
            pixels: (..., 2), corner origin.

        Returns:
            (..., 2) (X / Z, Y / Z) in the camera's frame, NaN where the lens sees nothing; and the Jacobians (...,
            2, 2) of these by the pixels.

        Example:
            >>> camera = Camera(np.array([[100.0, 0, 80], [0, 100, 60], [0, 0, 1]]))
            >>> camera.rays([105.0, 60.0])[0]
            array([0.25, 0.  ])
        """
        back = np.linalg.inv(self.matrix[:2, :2])
        flat = (np.asarray(pixels, np.float64) - self.matrix[:2, 2]) @ back.T
        found = undistort(self._distort, self.distortion, flat)
        lens = self._distort(self.distortion, found)[1]
        unseen = np.asarray(np.isnan(found).any(-1))[..., None, None]
        return found, np.linalg.inv(np.where(unseen, np.eye(2), lens)) @ back

    def resized(self, size: tuple[int, int]) -> "Camera":
        """Return the camera for pictures of another (height, width) than it was calibrated with.

        Raises:
            ValueError: the proportions differ, as of a cropped film; no matrix can make up for that.

        Example:
            >>> camera = Camera(np.array([[100.0, 0, 80], [0, 100, 60], [0, 0, 1]]), size=(120, 160))
            >>> camera.resized((240, 320)).matrix[0]
            array([200.,   0., 160.])
        """
        if self.size is None or self.size == size:
            return replace(self, size=size)
        down, across = (new / old for new, old in zip(size, self.size, strict=True))
        if abs(down / across - 1) > _ASPECT:
            was, now = (f"{width} x {height}" for height, width in (self.size, size))
            raise ValueError(
                f"camera {self.name!r} was calibrated with {was} pixels and the film has {now}: not its shape"
            )
        return replace(self, matrix=scaling(across, down) @ self.matrix, size=size)
