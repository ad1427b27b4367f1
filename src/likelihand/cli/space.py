"""What `triangulate` writes: CSV as the work goes; TRC, C3D and the reprojection report at its end."""

import csv
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from likelihand.hand import KEYPOINTS
from likelihand.utils.files import write_json

if TYPE_CHECKING:
    from likelihand.interop.motion import Motion
    from likelihand.multiview import Reprojection, SpaceHand

FORMATS: Final = ("trc", "c3d")
NAME: Final = "hands"
COLUMNS: Final = (
    "frame", "time", "hand", "side", "keypoint", "x", "y", "z", "xx", "xy", "xz", "yy", "yz", "zz", "views",
    "error_px",
)  # fmt: skip
"""The head of the CSV: a row a frame, hand and keypoint; x, y, z in the calibration's unit, xx to zz their
covariance."""


class SpaceResults:
    """Writes hands in space into a folder; leaving the `with` block, in whatever way, makes the other files.

    Args:
        folder: made where it is missing.
        forms: "trc" and "c3d", those that are wanted.
        unit: of the calibration.
        report: gets every hand.

    Raises:
        ValueError: a format or the unit is not known.
        ModuleNotFoundError: a format's package is missing.
    """

    def __init__(self, folder: Path, forms: Sequence[str], unit: str, report: "Reprojection") -> None:
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
        self._file = self._base.with_suffix(".csv").open("w", encoding="utf-8", newline="")
        self._rows = csv.writer(self._file)
        self._rows.writerow(COLUMNS)

    @property
    def paths(self) -> list[Path]:
        """The files that are there at the end."""
        return [self._base.with_suffix(f".{ending}") for ending in ("csv", *self.forms, "json")]

    def add(self, frame: int, seconds: float, hands: "list[SpaceHand]") -> None:
        """Write the hands of a frame."""
        for hand in hands:
            self.report.add(hand.found)
            self._rows.writerows(
                (frame, round(seconds, 6), hand.number, hand.side or "", *row) for row in _rows(hand)
            )
        self._file.flush()
        self.frames += 1
        if self.forms:
            self._seconds.append(seconds)
            self._hands.append(hands)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        write_json(self._base.with_suffix(".json"), self.report.to_json())
        if self.forms:
            from likelihand.interop.motion import write_c3d, write_trc

            motion = motion_of(self._seconds, self._hands, self.unit)
            for form in self.forms:
                (write_trc if form == "trc" else write_c3d)(motion, self._base.with_suffix(f".{form}"))


def _rows(hand: "SpaceHand") -> Iterator[tuple[object, ...]]:
    """Yield a hand's keypoints; one that no two cameras see has empty cells."""
    import numpy as np

    found = hand.found
    upper = found.covariance[:, *np.triu_indices(3)]
    counts = (found.weight > 0).sum(0)
    for i, name in enumerate(KEYPOINTS):
        errors = np.linalg.norm(found.residual[:, i], axis=-1)
        error = math.sqrt(float(np.nanmean(errors**2))) if np.isfinite(errors).any() else math.nan
        numbers = [f"{v:.6g}" if math.isfinite(v) else "" for v in (*found.points[i], *upper[i], error)]
        yield (name, *numbers[:9], int(counts[i]), numbers[9])


def motion_of(seconds: Sequence[float], hands: "Sequence[Sequence[SpaceHand]]", unit: str) -> "Motion":
    """Return hands in space as points over time: `right0_wrist` of hand 0, by its side in most frames."""
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
            points[row, order[hand.number]] = hand.found.points
            scale[row, order[hand.number]] = np.sqrt(np.square(hand.found.scale).mean(-1))
    shape = (len(seconds), 21 * len(order))
    return Motion(names, np.array(seconds), points.reshape(*shape, 3), scale.reshape(shape), unit)
