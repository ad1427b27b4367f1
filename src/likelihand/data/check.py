"""A data set looked through: counts, problems and a sheet of labelled pictures; and which layout a path holds."""

import json
import logging
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from tqdm import tqdm

from likelihand.data.coco import CocoHands
from likelihand.data.dataset import Concatenated, Dataset, check_record
from likelihand.data.freihand import VERSIONS, FreiHAND
from likelihand.data.rhd import RHD
from likelihand.data.shards import INDEX, Shards
from likelihand.data.wholebody import CocoWholeBodyHands
from likelihand.drawing import Drawing, contact_sheet, draw_keypoints
from likelihand.formats.coco.document import WHAT
from likelihand.geometry import Image, crop_matrix, transform_points, warp_image
from likelihand.structures import Record, Visibility
from likelihand.utils.validation import read_json

_log = logging.getLogger(__name__)
_TILE: Final = 224
_TOLD: Final = 20
_SPLITS: Final[tuple[Literal["training", "evaluation"], ...]] = ("training", "evaluation")
LAYOUTS: Final = (
    "FreiHAND (training_K.json or evaluation_K.json)",
    "RHD (training/anno_training.pickle or evaluation/anno_evaluation.pickle)",
    "COCO keypoint JSON with 21 keypoints (a .json file, or annotations.json in the folder)",
    "COCO-WholeBody JSON (lefthand_kpts, righthand_kpts)",
    "shards (shards.json) that `likelihand synth --shards` wrote",
)


@dataclass(frozen=True, slots=True)
class Report:
    """What a look through a data set found.

    Attributes:
        records: how many there are.
        datasets: records by source.
        sides: records by side.
        keypoints: labelled keypoints by "visible" and "hidden", and those "unlabelled".
        outside: labelled keypoints outside their picture.
        sizes: the smallest, median and largest longer side of the boxes, in pixels.
        problems: one line each.
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
    problems: tuple[str, ...]
    left_out: dict[str, int]
    expected: int | None
    sheet: str | None

    def __str__(self) -> str:
        """Give the report as lines."""
        lines = [f"{self.records} hands; {_listed(self.datasets)}", f"side: {_listed(self.sides)}"]
        lines.append(f"keypoints: {_listed(self.keypoints)}; {self.outside} labelled outside their picture")
        low, median, high = self.sizes
        lines.append(f"longer side of the box: {low:.0f} to {high:.0f} px, median {median:.0f}")
        if self.left_out:
            lines.append(f"left out: {_listed(self.left_out)}")
        if self.expected is not None:
            agrees = "as published" if self.expected == self.records else "NOT the published number"
            lines.append(f"whole data set: {self.records} of {self.expected} hands, {agrees}")
        more = len(self.problems) - _TOLD
        told = [*self.problems[:_TOLD], *([f"and {more} more, see the report file"] if more > 0 else [])]
        lines.append(f"{len(self.problems)} problems" + "".join(f"\n  {line}" for line in told))
        return "\n".join([*lines, *([f"sheet: {self.sheet}"] if self.sheet else [])])


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "none"


def check_dataset(
    dataset: Dataset, out: str | Path | None = None, *, tiles: int = 48, pictures: bool = True
) -> Report:
    """Look through every record of a data set, and write a contact sheet and the report beside it.

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
    counts: dict[str, Counter[str]] = {"datasets": Counter(), "sides": Counter(), "keypoints": Counter()}
    problems: list[str] = []
    sizes: list[float] = []
    outside = 0
    shown = set(np.linspace(0, max(len(dataset) - 1, 0), min(tiles, len(dataset))).round().astype(int).tolist())
    sheet: list[tuple[Image, str]] = []
    for index in tqdm(range(len(dataset)), desc="check", unit="hand", disable=None):
        record, image = _looked_at(dataset, index, pictures or (out is not None and index in shown), problems)
        if record is None:
            continue
        counts["datasets"][record.dataset] += 1
        counts["sides"][record.side or "unknown"] += 1
        for code, name in ((2, "visible"), (1, "hidden"), (0, "unlabelled")):
            counts["keypoints"][name] += int((record.visibility == code).sum())
        sizes.append(float((record.box[2:] - record.box[:2]).max()))
        if image is not None:
            outside += _outside(record, image)
            if out is not None and index in shown:
                sheet.append((tile_of(record, image), f"{index} {Path(record.key).name}"))
    return _written(
        Report(
            records=len(dataset),
            **{name: dict(counter) for name, counter in counts.items()},
            outside=outside,
            sizes=_spread(sizes),
            problems=tuple(problems),
            left_out=dict(getattr(dataset, "left_out", {})),
            expected=getattr(dataset, "expected_count", None),
            sheet=str(out) if out is not None and sheet else None,
        ),
        out,
        sheet,
    )


def _looked_at(
    dataset: Dataset, index: int, picture: bool, problems: list[str]
) -> tuple[Record | None, Image | None]:
    """Give a record and its picture; what goes wrong is added to the problems."""
    try:
        record = check_record(dataset.record(index))
        return record, record.read() if picture else None
    except (ValueError, OSError) as error:
        problems.append(str(error))
        return None, None


def _outside(record: Record, image: Image) -> int:
    labelled = record.visibility != Visibility.UNLABELLED
    size = (image.shape[1], image.shape[0])
    return int((labelled & ((record.points < 0) | (record.points > size)).any(1)).sum())


def _spread(sizes: list[float]) -> tuple[float, float, float]:
    if not sizes:
        return 0.0, 0.0, 0.0
    return float(min(sizes)), float(np.median(sizes)), float(max(sizes))


def tile_of(record: Record, image: Image, size: int = _TILE) -> Image:
    """Make a labelled picture of one record: its surroundings, cut out and enlarged, the keypoints on top.

    Example:
        >>> from likelihand.data.drawn import DrawnHands
        >>> record = DrawnHands(1).record(0)
        >>> tile_of(record, record.read()).shape
        (224, 224, 3)
    """
    crop_from_image = crop_matrix(record.box, (size, size), padding=1.5)
    tile = warp_image(image, crop_from_image, (size, size), fill=(90, 90, 90))
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


def detect(path: str | Path, **options: Any) -> Dataset:  # noqa: ANN401
    """Open a data set whose layout is found out from its files.

    Args:
        path: FreiHAND's or RHD's folder, a COCO or COCO-WholeBody JSON, or a folder with `annotations.json`.
        options: for the reader, e.g. `images_folder`, `keypoint_order`, `pixel_centre`.

    Returns:
        The data set; all splits of FreiHAND or RHD that the folder holds.

    Raises:
        FileNotFoundError: there is no such path.
        ValueError: the path holds none of the layouts; the line lists them.

    Example:
        >>> detect("nowhere")
        Traceback (most recent call last):
        FileNotFoundError: nowhere: no such file or folder; check the path
    """
    place = Path(path)
    if not place.exists():
        raise FileNotFoundError(f"{place}: no such file or folder; check the path")
    if place.is_file() and place.suffix == ".json":
        return _coco(place, options)
    found: list[Dataset] = []
    if (place / INDEX).is_file():
        return Shards(place, **options)
    if place.is_dir():
        found = [_freihand(place, s, options) for s in _SPLITS if (place / f"{s}_K.json").exists()]
        found += [RHD(place, s, **options) for s in _SPLITS if (place / s / f"anno_{s}.pickle").exists()]
        if not found and (place / "annotations.json").exists():
            found = [_coco(place / "annotations.json", options)]
    if not found:
        raise ValueError(f"{place} holds no layout that is known; known are {'; '.join(LAYOUTS)}")
    return found[0] if len(found) == 1 else Concatenated(found)


def _coco(path: Path, options: dict[str, Any]) -> Dataset:
    content = read_json(path, WHAT)
    annotations = content.get("annotations") if isinstance(content, dict) else None
    listed = annotations if isinstance(annotations, list) else []
    whole_body = any("lefthand_kpts" in annotation for annotation in listed if isinstance(annotation, dict))
    return (CocoWholeBodyHands if whole_body else CocoHands)(path, **options)


def _freihand(root: Path, split: Any, options: dict[str, Any]) -> Dataset:  # noqa: ANN401
    """Open one split with the versions and labels that are there, and say what is not."""
    if split == "evaluation":
        labels = (root / "evaluation_xyz.json").exists()
        if not labels:
            _log.warning("%s is missing: its pictures come without labels", root / "evaluation_xyz.json")
        return FreiHAND(root, split, **{"labels": labels} | options)
    if "versions" not in options:
        unique = len(json.loads((root / "training_K.json").read_text()))
        names = (root / "training" / "rgb" / f"{v * unique:08d}.jpg" for v in range(4))
        there = tuple(v for v, name in zip(VERSIONS, names, strict=True) if name.exists())
        if there and there != VERSIONS:
            _log.warning("%s holds the versions %s alone", root, ", ".join(there))
            options = {"versions": there} | options
    return FreiHAND(root, split, **options)
