"""Ultralytics' folders for pose estimation: `data.yaml`, pictures, and a text file of labels a picture.

A line of labels is the class, the box (centre and size) and the keypoints, as shares of the picture's width and
height: `0 0.5 0.5 0.2 0.3 0.41 0.62 2 ...`. Shares are continuous: 0 is the picture's left or upper edge and 1 the
other, so that times the size they are our corner-origin coordinates.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from likelihand.data.formats.keypoint_names import order_of_names
from likelihand.data.formats.pictures import endings
from likelihand.data.formats.sides import side_in_text
from likelihand.structures import Side
from likelihand.utils.validation import (
    Malformed,
    as_integer,
    as_list,
    as_mapping,
    as_numbers,
    as_text,
    fail,
    plain,
    read_bytes,
    read_yaml,
)

WHAT: Final = "the data.yaml of an Ultralytics pose data set"
SPLITS: Final = ("train", "val", "test")
SUFFIXES: Final = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".avif", ".heic", ".heif", ".jp2", ".mpo"}
)
OWN_ORDER: Final = tuple(range(21))
_OUTSIDE: Final = 3.0
"""Shares further out than this are no shares: labels in pixels."""


@dataclass(frozen=True, slots=True)
class YoloLayout:
    """What a `data.yaml` says.

    Attributes:
        path: of the file.
        root: folder that its paths are relative to.
        splits: what it gives for "train", "val" and "test": paths of folders or list files.
        channels: numbers a keypoint: 2, or 3 with visibility.
        sides: that the classes' names say, by class.
        order: `p` such that our keypoint i is the file's p[i].
    """

    path: Path
    root: Path
    splits: Mapping[str, tuple[str, ...]]
    channels: int
    sides: Mapping[int, Side | None]
    order: tuple[int, ...] = OWN_ORDER


@dataclass(frozen=True, slots=True, eq=False)
class YoloHand:
    """A hand of a label file.

    Attributes:
        name: names the line to a person.
        keypoints: (21, 3) x, y as shares of the picture, and visibility (0, 1, 2), in our order.
        box: (4,) x0, y0, x1, y1 as shares; None where it says nothing.
        side: None where the class does not say.
    """

    name: str
    keypoints: NDArray[np.float64]
    box: NDArray[np.float64] | None
    side: Side | None


def is_yolo(content: object) -> bool:
    """Say whether the content of a YAML file is that of a pose data set of Ultralytics.

    Example:
        >>> is_yolo({"train": "images/train", "kpt_shape": [21, 3]}), is_yolo({"class_path": "a.B"})
        (True, False)
    """
    known = {"kpt_shape", *SPLITS}
    return isinstance(content, dict) and "class_path" not in content and bool(known & content.keys())


def read_layout(path: str | Path) -> YoloLayout:
    """Read a `data.yaml`.

    Raises:
        FileNotFoundError: it is missing.
        ValueError: it is no YAML, or not of 21 keypoints.

    Example:
        >>> read_layout("data.yaml")
        Traceback (most recent call last):
        FileNotFoundError: data.yaml is missing; give the data.yaml of an Ultralytics pose data set
    """
    file = Path(path)
    content = as_mapping(read_yaml(file, WHAT), str(file))
    shape = as_list(content.get("kpt_shape"), f"{file}, field kpt_shape")
    if shape not in ([21, 2], [21, 3]):
        fail(f"{file}, field kpt_shape", shape, "[21, 2] or [21, 3]: the 21 keypoints of a hand")
    named = _named(content.get("names"), f"{file}, field names")
    splits = {split: _paths(content[split], f"{file}, field {split}") for split in SPLITS if content.get(split)}
    if not splits:
        raise Malformed(f"{file} names no pictures: it needs train, val or test")
    return YoloLayout(
        path=file,
        root=_root(file, content.get("path")),
        splits=splits,
        channels=shape[1],
        sides={number: side_in_text(name) for number, name in named.items()},
        order=_order(content.get("kpt_names"), f"{file}, field kpt_names"),
    )


def _named(names: object, where: str) -> dict[int, str]:
    """Return the classes' names, which are a list or a mapping from numbers."""
    if names is None:
        return {}
    listed = dict(enumerate(names)) if isinstance(names, list) else as_mapping(names, where)
    return {as_integer(_number(key), where): plain(name) for key, name in listed.items()}


def _number(key: object) -> object:
    return int(key) if isinstance(key, str) and key.isdecimal() and len(key) < 10 else key


def _paths(value: object, where: str) -> tuple[str, ...]:
    return tuple(as_text(part, where) for part in (value if isinstance(value, list) else [value]))


def _root(file: Path, given: object) -> Path:
    """Return the folder of a data set; that of the YAML file where the one it names is on somebody else's disk."""
    if not isinstance(given, str) or not given:
        return file.parent
    for path in (Path(given), file.parent / given, *(file.parent / ending for ending in endings(given))):
        if path.is_dir() and path != file.parent:
            return path
    return file.parent


def _order(names: object, where: str) -> tuple[int, ...]:
    """Return the order of `kpt_names`: a list, or lists by class, which must agree."""
    if not names:
        return OWN_ORDER
    lists = list(names.values()) if isinstance(names, dict) else [names]
    try:
        orders = {order_of_names(as_list(part, where)) for part in lists}
    except ValueError as error:
        raise error if isinstance(error, Malformed) else Malformed(f"{where}: {error}") from error
    if len(orders) != 1:
        raise Malformed(f"{where}: the classes name their keypoints in {len(orders)} orders; give one for all")
    return orders.pop()


def pictures_of(layout: YoloLayout, split: str) -> list[Path]:
    """List the pictures of a split, sorted: of its folders to the bottom, and of its lists.

    Raises:
        FileNotFoundError: a folder or list is missing, or holds no picture.
        ValueError: the file has no such split.
    """
    if split not in layout.splits:
        raise ValueError(f"{layout.path} has no split {split!r}; give one of {', '.join(layout.splits)}")
    found: list[Path] = []
    for given in layout.splits[split]:
        place = _place(layout, given)
        found += sorted(_in_folder(place)) if place.is_dir() else _in_list(place)
    if not found:
        raise FileNotFoundError(f"{layout.path}, field {split}: no picture in {', '.join(layout.splits[split])}")
    return list(dict.fromkeys(found))


def _place(layout: YoloLayout, given: str) -> Path:
    """Return the folder or list file of a split; Roboflow writes ../train for train."""
    name = given.replace("\\", "/")
    bare = name.removeprefix("../")
    for root in (layout.root, layout.path.parent):
        for part in (name, bare, f"images/{bare}", *endings(given)):
            if (root / part).exists():
                return root / part
    raise FileNotFoundError(f"{layout.path} names {given}, which is not in {layout.root}; check path and splits")


def _in_folder(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())


def _in_list(file: Path) -> list[Path]:
    """Read a list of pictures, one a line, relative to the list where it begins with ./ or is not absolute."""
    try:
        lines = read_bytes(file, "a list of pictures").decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise Malformed(f"{file} is not a list of pictures in UTF-8 ({error}); give a folder or a list") from error
    return [_listed(file, line.strip()) for line in lines if line.strip()]


def _listed(file: Path, line: str) -> Path:
    for ending in endings(line):
        if (file.parent / ending).is_file():
            return file.parent / ending
    return file.parent / line


def labels_path(picture: Path) -> Path:
    """Return the label file of a picture: in `labels` where the picture is in `images`, else beside it.

    Example:
        >>> labels_path(Path("set/images/train/a.jpg")).as_posix(), labels_path(Path("set/a.jpg")).as_posix()
        ('set/labels/train/a.txt', 'set/a.txt')
    """
    parts = list(picture.parts)
    if "images" in parts[:-1]:
        last = len(parts) - 2 - parts[:-1][::-1].index("images")
        parts[last] = "labels"
    return Path(*parts).with_suffix(".txt")


def read_labels(path: Path, layout: YoloLayout) -> tuple[list[YoloHand], list[str]]:
    """Read the hands of a picture's label file; a line that cannot be read is left out and told.

    Only hands with a labelled keypoint count. A missing file is a picture without hands.
    """
    if not path.is_file():
        return [], []
    try:
        lines = read_bytes(path, "a label file").decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        return [], [f"{path} is not text; give one line of numbers a hand"]
    hands, problems = [], []
    for number, line in enumerate(lines, 1):
        try:
            hands += _hand(line.split(), layout, f"{path} line {number}", f"line {number}") if line.strip() else []
        except Malformed as error:
            problems.append(str(error))
    return hands, problems


def _hand(words: list[Any], layout: YoloLayout, where: str, name: str) -> list[YoloHand]:
    expected = 5 + 21 * layout.channels
    if len(words) != expected:
        fail(where, " ".join(words), f"{expected} numbers: class, box and 21 x {layout.channels} of keypoints")
    numbers = as_numbers(words, where)
    number = as_integer(float(numbers[0]), f"{where}, class", most=10**6)
    keypoints = numbers[5:].reshape(21, layout.channels)[list(layout.order)]
    codes = keypoints[:, 2] if layout.channels == 3 else 2.0 * (keypoints != 0).any(1)
    if not ((codes >= 0) & (codes <= 2)).all():
        fail(f"{where}, visibility", float(codes[np.argmax(np.abs(codes - 1))]), "0, 1 or 2")
    if not (np.abs(np.append(keypoints[codes > 0, :2].ravel(), numbers[1:5])) <= _OUTSIDE).all():
        fail(where, " ".join(words), "shares of the picture's width and height: are they pixels?")
    if not codes.any():
        return []
    rows = np.column_stack([keypoints[:, :2], np.where(codes >= 1.5, 2, 1)]) * (codes > 0)[:, None]
    (x, y), (width, height) = numbers[1:3], numbers[3:5]
    box = np.array([x - width / 2, y - height / 2, x + width / 2, y + height / 2])
    return [YoloHand(name, rows, box if min(width, height) > 0 else None, layout.sides.get(number))]
