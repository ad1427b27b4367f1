"""Check a data set: what is wrong with its labels, counts, and a contact sheet of labelled pictures."""

import csv
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
from tqdm import tqdm

from likelihand.data.abilities import Doubtful, Keyed, LeavesOut, Published
from likelihand.data.dataset import Dataset, LabelError, check_record, parts_of, record_problems
from likelihand.geometry import Image, box_length, crop_matrix, points_inside, transform_points, warp_image
from likelihand.structures import KEYPOINTS, Record
from likelihand.utils.files import replacing
from likelihand.visualization.drawing import Drawing, contact_sheet, draw_keypoints

FAR_OUTSIDE: Final = 0.5
"""A keypoint may lie this many longer sides of the picture outside it: a hand cut off by the edge."""
LARGE: Final = 30.0
"""Box length in pixels from which on two joints are not labelled with the same pixel."""
_FINGER: Final = np.array([0, *(1 + i // 4 for i in range(20))])
_SAME_FINGER: Final = (_FINGER[:, None] == _FINGER) | (_FINGER[:, None] * _FINGER == 0)
"""(21, 21) whether two keypoints are of one finger, or one of them is the wrist."""
_CORNER: Final = 0.5
"""Where a file's (0, 0) lies, corner origin, at most."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        kind: "unreadable", "picture", "corner", "coincident", "outside", or "reader" for what the reader left out
            or did not understand.
        text: one line that begins with the sample's key or the file's name.
        key: of the record; "" where it is none.
        index: of the record; None where it is none.
    """

    kind: str
    text: str
    key: str = ""
    index: int | None = None

    def __str__(self) -> str:
        return self.text


def label_problems(record: Record, size: tuple[int, int] | None) -> list[tuple[str, str]]:
    """List what is likely wrong with a sound record's labels, as kind and text.

    Keypoints at the picture's corner, which tools write for those that are not there; keypoints that coincide;
    keypoints far outside the picture of (height, width) `size`, where it is known.

    Example:
        >>> from dataclasses import replace
        >>> from likelihand.data.drawn import DrawnHands
        >>> record = DrawnHands(1).record(0)
        >>> points = record.points.copy()
        >>> points[4:6] = 0.5
        >>> label_problems(replace(record, points=points), None)[0][1]
        'thumb_tip, index_mcp lie in the corner (0, 0) and count as labelled; give them visibility 0'
    """
    labelled = record.labelled
    corner = labelled & (np.abs(record.points) <= _CORNER).all(1)
    problems = []
    if corner.any():
        problems.append(
            ("corner", f"{_names(corner)} lie in the corner (0, 0) and count as labelled; give them visibility 0")
        )
    same = _coincident(record.points, labelled & ~corner)
    if same.any() and box_length(record.box) >= LARGE:
        problems.append(("coincident", f"{_names(same)} lie on one another; move them or give visibility 0"))
    if size is not None and (far := labelled & _far_outside(record.points, size)).any():
        height, width = size
        problems.append(("outside", f"{_names(far)} lie far outside the picture of {width} x {height} pixels"))
    return problems


def _names(which: np.ndarray) -> str:
    return ", ".join(KEYPOINTS[i] for i in np.flatnonzero(which))


def _coincident(points: np.ndarray, looked_at: np.ndarray) -> np.ndarray:
    """Say of each point whether it lies where another does, which cannot be.

    Joints of two fingers may share a pixel, where places are whole numbers; three joints, or two of one finger,
    do not.
    """
    near = np.abs(points[:, None] - points[None]).max(-1) < 1e-6
    pairs = looked_at[:, None] & looked_at[None] & near & ~np.eye(len(points), dtype=bool)
    whole = (points[looked_at] * 2 % 1 == 0).all()
    doubtful = pairs & ~((pairs.sum(1) == 1)[:, None] & ~_SAME_FINGER) if whole else pairs
    return np.asarray(doubtful.any(1))


def _far_outside(points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    reach = FAR_OUTSIDE * max(size)
    return np.asarray(((points < -reach) | (points > np.array(size[::-1]) + reach)).any(1))


_TILE: Final = 224
_TOLD: Final = 20


@dataclass(frozen=True, slots=True)
class Report:
    """The result of checking a data set.

    Attributes:
        records: how many there are.
        datasets: records by source.
        sides: records by side.
        keypoints: labelled keypoints by "visible" and "hidden", and those "unlabelled".
        outside: labelled keypoints outside their picture.
        sizes: the smallest, median and largest longer side of the boxes, in pixels.
        problems: what is wrong, with the records' keys; what the reader left out or did not understand comes last.
        notes: what is no mistake but should be known.
        left_out: annotations that the reader left out, by reason.
        expected: the published count of records, where the data set is whole and one is known.
        sheet: the contact sheet's file.
    """

    records: int
    datasets: dict[str, int]
    sides: dict[str, int]
    keypoints: dict[str, int]
    outside: int
    sizes: tuple[float, float, float]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]
    left_out: dict[str, int]
    expected: int | None
    sheet: str | None

    def __str__(self) -> str:
        """Format the report as lines."""
        lines = [f"{self.records} hands; {_listed(self.datasets)}", f"side: {_listed(self.sides)}"]
        lines.append(f"keypoints: {_listed(self.keypoints)}; {self.outside} labelled outside their picture")
        low, median, high = self.sizes
        lines.append(f"longer side of the box: {low:.0f} to {high:.0f} px, median {median:.0f}")
        if self.left_out:
            lines.append(f"left out: {_listed(self.left_out)}")
        if self.expected is not None:
            agrees = "as published" if self.expected == self.records else "NOT the published number"
            lines.append(f"whole data set: {self.records} of {self.expected} hands, {agrees}")
        lines += [f"note: {note}" for note in self.notes]
        more = len(self.problems) - _TOLD
        told = [*map(str, self.problems[:_TOLD]), *([f"and {more} more, see the report file"] if more > 0 else [])]
        lines.append(f"{len(self.problems)} problems" + "".join(f"\n  {line}" for line in told))
        return "\n".join([*lines, *([f"sheet: {self.sheet}"] if self.sheet else [])])


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "none"


def check_dataset(
    dataset: Dataset, out: str | Path | None = None, *, tiles: int = 48, pictures: bool = True
) -> Report:
    """Check every record of a data set, and write a contact sheet and the report next to it.

    Args:
        dataset: what to look through.
        out: the sheet's file, e.g. "sheet.png" (the report goes to "sheet.json"); nothing is written where None.
        tiles: how many pictures the sheet shows, spread evenly over the data set.
        pictures: False does not decode the pictures (quick), so that damaged ones and keypoints outside are
            not found.

    Returns:
        The report; `print(report)` shows it.

    Example:
        >>> from likelihand.data.drawn import DrawnHands
        >>> check_dataset(DrawnHands(3)).keypoints
        {'visible': 63, 'hidden': 0, 'unlabelled': 0}
    """
    look = _Look(dataset, out is not None, tiles, pictures)
    for index in tqdm(range(len(dataset)), desc="check", unit="hand", disable=None):
        look.at(index)
    report = look.report(None if out is None or not look.sheet else str(out))
    return _written(report, out, look.sheet)


class _Look:
    """Collects counts and problems while a data set is checked."""

    def __init__(self, dataset: Dataset, drawn: bool, tiles: int, pictures: bool) -> None:
        self.dataset, self.pictures = dataset, pictures
        self.datasets: Counter[str] = Counter()
        self.sides: Counter[str] = Counter()
        self.keypoints: Counter[str] = Counter()
        self.problems: list[Problem] = []
        self.sizes: list[float] = []
        self.outside = 0
        self.sheet: list[tuple[Image, str]] = []
        self._keys: Sequence[str] = dataset.keys() if isinstance(dataset, Keyed) else []
        chosen = np.linspace(0, max(len(dataset) - 1, 0), min(tiles, len(dataset))).round().astype(int)
        self._shown = set(chosen.tolist()) if drawn else set()

    def at(self, index: int) -> None:
        """Check one record."""
        try:
            record = check_record(self.dataset.record(index))
        except (ValueError, OSError) as error:
            refused = error.record if isinstance(error, LabelError) else None
            key = self._keys[index] if self._keys else refused.key if refused else ""
            text = "; ".join(record_problems(refused)) if refused else str(error)
            self.problems.append(Problem("unreadable", text, key, index))
            return
        image = self._picture(record, index)
        self._count(record)
        size = None if image is None else (image.shape[0], image.shape[1])
        for kind, text in label_problems(record, size):
            self.problems.append(Problem(kind, f"{record.key}: {text}", record.key, index))
        if image is not None:
            self.outside += _outside(record, image)
            if index in self._shown:
                self.sheet.append((tile_of(record, image), f"{index} {Path(record.key).name}"))

    def _picture(self, record: Record, index: int) -> Image | None:
        if not self.pictures and index not in self._shown:
            return None
        try:
            return record.read()
        except (ValueError, OSError) as error:
            self.problems.append(Problem("picture", str(error), record.key, index))
            return None

    def _count(self, record: Record) -> None:
        self.datasets[record.dataset] += 1
        self.sides[record.side or "unknown"] += 1
        for code, name in ((2, "visible"), (1, "hidden"), (0, "unlabelled")):
            self.keypoints[name] += int((record.visibility == code).sum())
        self.sizes.append(float((record.box[2:] - record.box[:2]).max()))

    def report(self, sheet: str | None) -> Report:
        parts = parts_of(self.dataset)
        read = [line for part in parts if isinstance(part, Doubtful) for line in part.problems]
        left_out: Counter[str] = Counter()
        for part in parts:
            left_out.update(part.left_out if isinstance(part, LeavesOut) else {})
        return Report(
            records=len(self.dataset),
            datasets=dict(self.datasets),
            sides=dict(self.sides),
            keypoints=dict(self.keypoints),
            outside=self.outside,
            sizes=_spread(self.sizes),
            problems=(*self.problems, *(Problem("reader", line) for line in read)),
            notes=self._notes(),
            left_out=dict(left_out),
            expected=self.dataset.expected_count if isinstance(self.dataset, Published) else None,
            sheet=sheet,
        )

    def _notes(self) -> tuple[str, ...]:
        if len(self.dataset) and set(self.sides) == {"unknown"}:
            return ("no hand has a side: give handedness, side or is_right, or categories named by side",)
        return ()


def write_problems(path: str | Path, report: Report) -> int:
    """Write the hands with problems as a CSV table (`key`, `index`, `kind`, `problem`); return how many rows.

    `likelihand train --leave-out` reads it. What the reader left out already is not among them.
    """
    rows = [(p.key, p.index, p.kind, p.text) for p in report.problems if p.key]
    with replacing(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("key", "index", "kind", "problem"), *rows])
    return len(rows)


def _outside(record: Record, image: Image) -> int:
    return int((record.labelled & ~points_inside(record.points, image.shape[:2])).sum())


def _spread(sizes: list[float]) -> tuple[float, float, float]:
    if not sizes:
        return 0.0, 0.0, 0.0
    return float(min(sizes)), float(np.median(sizes)), float(max(sizes))


def tile_of(record: Record, image: Image) -> Image:
    """Make a labelled picture of one record: its surroundings, cut out and enlarged, the keypoints on top."""
    crop_from_image = crop_matrix(record.box, (_TILE, _TILE), padding=1.5)
    tile = warp_image(image, crop_from_image, (_TILE, _TILE), fill=(90, 90, 90))
    draw_keypoints(tile, transform_points(crop_from_image, record.points), record.weight)
    return tile


def _written(report: Report, out: str | Path | None, sheet: list[tuple[Image, str]]) -> Report:
    if out is not None:
        Path(out).parent.mkdir(parents=True, exist_ok=True)
        Path(out).with_suffix(".json").write_text(json.dumps(asdict(report), indent=1) + "\n")
    if report.sheet is not None:
        images, captions = zip(*sheet, strict=True)
        Drawing(contact_sheet(images, cell=_TILE, captions=captions)).save(report.sheet)
    return report
