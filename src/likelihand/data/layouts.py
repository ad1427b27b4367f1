"""Detect the layout of a data set from its files."""

import logging
from collections.abc import Callable
from inspect import signature
from pathlib import Path
from typing import Any, Final, Literal

from likelihand.data.coco import CocoHands
from likelihand.data.dataset import Concatenated, Dataset
from likelihand.data.formats.coco.document import WHAT
from likelihand.data.formats.yolo import is_yolo
from likelihand.data.freihand import VERSIONS, FreiHAND
from likelihand.data.rhd import RHD
from likelihand.data.shards import INDEX, Shards
from likelihand.data.wholebody import CocoWholeBodyHands
from likelihand.data.yolo import YoloPose
from likelihand.utils.validation import read_json, read_yaml

_log = logging.getLogger(__name__)
_SPLITS: Final[tuple[Literal["training", "evaluation"], ...]] = ("training", "evaluation")
_COCO_NAMES: Final = ("annotations.json", "_annotations.coco.json")
LAYOUTS: Final = (
    "FreiHAND (training_K.json or evaluation_K.json)",
    "RHD (training/anno_training.pickle or evaluation/anno_evaluation.pickle)",
    "COCO keypoint JSON with 21 keypoints (a .json file, or annotations.json in the folder)",
    "COCO-WholeBody JSON (lefthand_kpts, righthand_kpts)",
    "Ultralytics pose (data.yaml with kpt_shape [21, 2] or [21, 3])",
    "shards (shards.json) that `likelihand synth --shards` wrote",
)


def detect(path: str | Path, **options: Any) -> Dataset:  # noqa: ANN401
    """Open a data set, detecting its layout from its files.

    Args:
        path: FreiHAND's or RHD's folder, a COCO or COCO-WholeBody JSON, an Ultralytics `data.yaml`, or a folder
            with `annotations.json`, `data.yaml` or shards.
        options: for the reader, e.g. `images_folder`, `keypoint_order`, `pixel_centre`.

    Returns:
        The data set; all splits of FreiHAND, RHD or an Ultralytics set that the folder holds.

    Raises:
        FileNotFoundError: there is no such path.
        ValueError: the path holds none of the layouts (the line lists them), or an option is not for its reader.

    Example:
        >>> detect("nowhere")
        Traceback (most recent call last):
        FileNotFoundError: nowhere: no such file or folder; check the path
    """
    place = Path(path)
    if not place.exists():
        raise FileNotFoundError(f"{place}: no such file or folder; check the path")
    found = _of_file(place, options) if place.is_file() else _of_folder(place, options)
    if not found:
        raise ValueError(f"{place} holds no layout that is known; known are {'; '.join(LAYOUTS)}")
    return found[0] if len(found) == 1 else Concatenated(found)


def _of_file(file: Path, options: dict[str, Any]) -> list[Dataset]:
    if file.suffix.lower() == ".json":
        return [_coco(file, options)]
    if file.suffix.lower() in (".yaml", ".yml") and is_yolo(read_yaml(file, "a YAML file")):
        return [_read(YoloPose, options, file)]
    return []


def _of_folder(folder: Path, options: dict[str, Any]) -> list[Dataset]:
    if (folder / INDEX).is_file():
        return [_read(Shards, options, folder)]
    found = [_freihand(folder, s, options) for s in _SPLITS if (folder / f"{s}_K.json").exists()]
    found += [_read(RHD, options, folder, s) for s in _SPLITS if (folder / s / f"anno_{s}.pickle").exists()]
    if not found and (folder / "data.yaml").is_file():
        found = [_read(YoloPose, options, folder)]
    coco = [folder / name for name in _COCO_NAMES if (folder / name).is_file()]
    return found or [_coco(file, options) for file in coco[:1]]


def _read(reader: Callable[..., Dataset], options: dict[str, Any], *arguments: object) -> Dataset:
    """Open a data set after checking that its reader knows the options."""
    known = signature(reader).parameters
    if strange := [name for name in options if name not in known]:
        name = getattr(reader, "__name__", "the reader")
        raise ValueError(f"{arguments[0]}: {strange[0]} is no option of {name}, which reads it; leave it out")
    return reader(*arguments, **options)


def _coco(path: Path, options: dict[str, Any]) -> Dataset:
    content = read_json(path, WHAT)
    annotations = content.get("annotations") if isinstance(content, dict) else None
    listed = annotations if isinstance(annotations, list) else []
    whole_body = any("lefthand_kpts" in annotation for annotation in listed if isinstance(annotation, dict))
    return _read(CocoWholeBodyHands if whole_body else CocoHands, options, path)


def _freihand(root: Path, split: Any, options: dict[str, Any]) -> Dataset:  # noqa: ANN401
    """Open one split with the versions and labels that are there, and say what is not."""
    if split == "evaluation":
        labels = (root / "evaluation_xyz.json").exists()
        if not labels:
            _log.warning("%s is missing: its pictures come without labels", root / "evaluation_xyz.json")
        return _read(FreiHAND, {"labels": labels} | options, root, split)
    if "versions" not in options:
        cameras = read_json(root / "training_K.json", "FreiHAND's file of cameras")
        unique = len(cameras) if isinstance(cameras, list) else 0
        names = (root / "training" / "rgb" / f"{v * unique:08d}.jpg" for v in range(4))
        there = tuple(v for v, name in zip(VERSIONS, names, strict=True) if name.exists())
        if there and there != VERSIONS:
            _log.warning("%s holds the versions %s alone", root, ", ".join(there))
            options = {"versions": there} | options
    return _read(FreiHAND, options, root, split)
