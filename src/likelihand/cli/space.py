"""What `triangulate` writes: CSV as the work goes; TRC, C3D and the reprojection report at its end.

With fits, the CSV has the joints beside the triangulated points, a second one the angles, TRC and C3D the joints.
"""

import csv
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from likelihand.structures import KEYPOINTS
from likelihand.utils.files import write_json

if TYPE_CHECKING:
    from likelihand.interop.motion import Motion
    from likelihand.reconstruction.multiview import Reprojection, SpaceFit, SpaceHand

FORMATS: Final = ("trc", "c3d")
NAME: Final = "hands"
ANGLES: Final = "angles"
COLUMNS: Final = (
    "frame", "time", "hand", "side", "keypoint", "x", "y", "z", "xx", "xy", "xz", "yy", "yz", "zz", "views",
    "error_px",
)  # fmt: skip
"""The head of the CSV: a row per frame, hand and keypoint; x, y, z in the calibration's unit, xx to zz their
covariance."""
FIT_COLUMNS: Final = (
    "joint_x", "joint_y", "joint_z", "joint_xx", "joint_xy", "joint_xz", "joint_yy", "joint_yz", "joint_zz",
)  # fmt: skip
"""What a fit adds: the fitted joint and its covariance."""
ANGLE_COLUMNS: Final = ("frame", "time", "hand", "side", "angle", "radians", "scale")
"""The head of the CSV of angles: a row a frame, fitted hand and angle, with its standard deviation in radians."""


class SpaceResults:
    """Writes hands in space into a folder; leaving the `with` block, in whatever way, makes the other files.

    `forms` are "trc" and "c3d", those that are wanted; `unit` is that of the calibration; `report` gets every
    hand.

    Raises:
        ValueError: a format or the unit is not known.
        ModuleNotFoundError: a format's package is missing.
    """

    def __init__(
        self, folder: Path, forms: Sequence[str], unit: str, report: "Reprojection", fitted: bool = False
    ) -> None:
        from likelihand.interop.motion import UNITS
        from likelihand.interop.packages import needed

        if lost := [form for form in forms if form not in FORMATS]:
            raise ValueError(f"--format {lost[0]!r} is not known; give {', '.join(FORMATS)}")
        if unit not in UNITS:
            raise ValueError(f"--unit {unit!r} is not known; give {', '.join(UNITS)}")
        if "c3d" in forms:
            needed("ezc3d", "--format c3d")
        folder.mkdir(parents=True, exist_ok=True)
        self.forms, self.unit, self.report = list(dict.fromkeys(forms)), unit, report
        self._base = folder / NAME
        self.frames = 0
        self._seconds: list[float] = []
        self._hands: list[list[SpaceHand]] = []
        self._files = ExitStack()
        self._rows = self._table(NAME, (*COLUMNS, *FIT_COLUMNS) if fitted else COLUMNS)
        self._angles = self._table(ANGLES, ANGLE_COLUMNS) if fitted else None

    def _table(self, name: str, head: Sequence[str]) -> Callable[[Iterable[Sequence[object]]], None]:
        """Begin a CSV file, and return what adds rows to it, which are on the disk before the next frame."""
        file = self._files.enter_context(
            self._base.with_name(f"{name}.csv").open("w", encoding="utf-8", newline="")
        )
        rows = csv.writer(file)
        rows.writerow(head)

        def add(more: Iterable[Sequence[object]]) -> None:
            rows.writerows(more)
            file.flush()

        return add

    @property
    def paths(self) -> list[Path]:
        """The files that are there at the end."""
        tables = [self._base.with_name(f"{ANGLES}.csv")] if self._angles else []
        files = [self._base.with_suffix(f".{ending}") for ending in ("csv", *self.forms, "json")]
        return [files[0], *tables, *files[1:]]

    def add(self, frame: int, seconds: float, hands: "list[SpaceHand]") -> None:
        """Write the hands of a frame."""
        for hand in hands:
            self.report.add(hand.found)
            about = (frame, round(seconds, 6), hand.number, hand.side or "")
            self._rows((*about, *row) for row in _rows(hand, fitted=self._angles is not None))
            if self._angles and hand.fit is not None:
                self._angles((*about, *row) for row in _angle_rows(hand.fit))
        self.frames += 1
        if self.forms:
            self._seconds.append(seconds)
            self._hands.append(hands)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._files.close()
        write_json(self._base.with_suffix(".json"), self.report.to_json())
        if self.forms:
            from likelihand.interop.motion import write_c3d, write_trc

            motion = motion_of(self._seconds, self._hands, self.unit)
            for form in self.forms:
                (write_trc if form == "trc" else write_c3d)(motion, self._base.with_suffix(f".{form}"))


def _rows(hand: "SpaceHand", fitted: bool) -> Iterator[tuple[object, ...]]:
    """Yield a hand's keypoints; one that no two cameras see, and a joint of no fit, has empty cells."""
    import numpy as np

    found, fit = hand.found, hand.fit
    upper = np.triu_indices(3)
    counts = (found.weight > 0).sum(0)
    for i, name in enumerate(KEYPOINTS):
        errors = np.linalg.norm(found.residual[:, i], axis=-1)
        error = math.sqrt(float(np.nanmean(errors**2))) if np.isfinite(errors).any() else math.nan
        row = (name, *_cells(*found.points[i], *found.covariance[i][upper]), int(counts[i]), *_cells(error))
        joint = () if fit is None else _cells(*fit.joints[i], *fit.covariance[i][upper])
        yield (*row, *(joint or ("",) * len(FIT_COLUMNS))) if fitted else row


def _angle_rows(fit: "SpaceFit") -> Iterator[tuple[object, ...]]:
    from likelihand.reconstruction import ANGLE_NAMES

    for name, angle, scale in zip(ANGLE_NAMES, fit.angles, fit.angle_scale, strict=True):
        yield (name, *_cells(angle, scale))


def _cells(*values: float) -> tuple[str, ...]:
    return tuple(f"{value:.6g}" if math.isfinite(value) else "" for value in values)


def motion_of(seconds: Sequence[float], hands: "Sequence[Sequence[SpaceHand]]", unit: str) -> "Motion":
    """Return hands in space as points over time: `right0_wrist` of hand 0, by its side in most frames.

    The points are the fits' joints where there are fits.
    """
    from collections import Counter

    import numpy as np

    from likelihand.interop.motion import Motion

    sides: dict[int, Counter[str]] = {}
    for hand in (hand for frame in hands for hand in frame):
        sides.setdefault(hand.number, Counter())[hand.side or "hand"] += 1
    order = {number: place for place, number in enumerate(sorted(sides))}
    names = tuple(f"{sides[n].most_common(1)[0][0]}{n}_{name}" for n in order for name in KEYPOINTS)
    points = np.full((len(seconds), len(order), 21, 3), np.nan)
    scale = np.full(points.shape[:3], np.nan)
    for row, frame in enumerate(hands):
        for hand in frame:
            points[row, order[hand.number]] = hand.points
            scale[row, order[hand.number]] = np.sqrt(np.trace(hand.covariance, axis1=1, axis2=2) / 3)
    shape = (len(seconds), 21 * len(order))
    return Motion(names, np.array(seconds), points.reshape(*shape, 3), scale.reshape(shape), unit)
