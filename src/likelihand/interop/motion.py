"""Motion capture: points in space over time as TRC (OpenSim, Mokka) and C3D (Vicon, Qualisys, ezc3d)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from likelihand.interop.packages import needed
from likelihand.uncertainty import FloatArray
from likelihand.utils.files import replacing, write_atomically

UNITS: Final = ("m", "dm", "cm", "mm")
_RESIDUALS: Final = 127
"""C3D stores a residual as 0 to 127 times the points' scale, whose minus sign says that coordinates are real."""
_RATE: Final = 30.0
"""Frames a second of a recording of a single frame."""


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """Points in space over time.

    Attributes:
        names: of the M points.
        seconds: (F,) time of each frame.
        points: (F, M, 3) in the unit; NaN where a point is not seen.
        scale: (F, M) standard deviation of a point, root mean square over the axes; NaN where it is not seen.
        unit: "m", "dm", "cm" or "mm".

    Raises:
        ValueError: shapes do not go together, or the unit is none.
    """

    names: tuple[str, ...]
    seconds: FloatArray
    points: FloatArray
    scale: FloatArray
    unit: str = "mm"

    def __post_init__(self) -> None:
        shape = (len(self.seconds), len(self.names))
        if self.points.shape != (*shape, 3) or self.scale.shape != shape:
            raise ValueError(
                f"points {self.points.shape}, scale {self.scale.shape}; give {(*shape, 3)} and {shape}"
            )
        if self.unit not in UNITS:
            raise ValueError(f"unit {self.unit!r} is unknown; give {', '.join(UNITS)}")

    @property
    def rate(self) -> float:
        """Mean frames per second: the formats have one rate."""
        long = len(self.seconds) > 1 and self.seconds[-1] > self.seconds[0]
        return float((len(self.seconds) - 1) / (self.seconds[-1] - self.seconds[0])) if long else _RATE


def trc(motion: Motion) -> str:
    """Return a recording as TRC: tab-separated text, a row per frame, empty where a point is not seen.

    Example:
        >>> points = np.array([[[1.0, 2.0, 3.0]], [[np.nan] * 3]])
        >>> motion = Motion(("tip",), np.array([0.0, 0.1]), points, np.ones((2, 1)))
        >>> print(trc(motion).expandtabs(6).splitlines()[-2])
        1     0.000000    1.000000    2.000000    3.000000
    """
    frames, rate = len(motion.seconds), f"{motion.rate:.6g}"
    values = [rate, rate, frames, len(motion.names), motion.unit, rate, 1, frames]
    axes = [f"{axis}{number + 1}" for number in range(len(motion.names)) for axis in "XYZ"]
    rows = [
        ["PathFileType", "4", "(X/Y/Z)", "likelihand.trc"],
        [
            "DataRate",
            "CameraRate",
            "NumFrames",
            "NumMarkers",
            "Units",
            "OrigDataRate",
            "OrigDataStartFrame",
            "OrigNumFrames",
        ],
        [str(value) for value in values],
        ["Frame#", "Time", *(cell for name in motion.names for cell in (name, "", ""))],
        ["", "", *axes],
        [],
    ]
    for number, (seconds, points) in enumerate(zip(motion.seconds, motion.points, strict=True), 1):
        cells = [f"{value:.6f}" if np.isfinite(value) else "" for value in points.ravel()]
        rows.append([str(number), f"{seconds:.6f}", *cells])
    return "\n".join(["\t".join(row) for row in rows] + [""])


def write_trc(motion: Motion, path: str | Path) -> Path:
    """Write a recording as TRC; see `trc`."""
    write_atomically(path, trc(motion).encode())
    return Path(path)


def write_c3d(motion: Motion, path: str | Path) -> Path:
    """Write a recording as C3D; a point's residual is its standard deviation, -1 where it is not seen.

    Raises:
        ModuleNotFoundError: ezc3d is missing.
    """
    file = needed("ezc3d", "a C3D file").c3d()
    seen = np.asarray(np.isfinite(motion.points).all(-1))
    points = np.where(seen[..., None], motion.points, np.nan)
    widest = float(motion.scale[seen].max(initial=0.0))
    file["parameters"]["POINT"]["RATE"]["value"] = [motion.rate]
    file["parameters"]["POINT"]["UNITS"]["value"] = [motion.unit]
    file["parameters"]["POINT"]["SCALE"]["value"] = [-widest / _RESIDUALS if widest > 0 else -1.0]
    file["parameters"]["POINT"]["LABELS"]["value"] = list(motion.names)
    file["data"]["points"] = np.concatenate([points, np.ones((*seen.shape, 1))], -1).transpose(2, 1, 0)
    file["data"]["meta_points"]["residuals"] = np.where(seen, motion.scale, -1.0).T[None]
    with replacing(path) as part:
        file.write(str(part))
    return Path(path)
