"""What `predict` writes: JSON Lines as the work goes, COCO keypoint JSON and CSV made of them at its end.

The lines are the record: each is on the disk before the next picture is begun, whatever the format asked for, so
that work that is interrupted, or killed, loses no finished picture.
"""

import csv
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal, Self, TypeAlias, get_args

from likelihand.hand import KEYPOINTS

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from likelihand.structures import Hand

Format: TypeAlias = Literal["jsonl", "coco", "csv"]
FORMATS: Final[tuple[str, ...]] = get_args(Format)

LINES: Final = "predictions.jsonl"
FILE_NAMES: Final[dict[str, str]] = {"jsonl": LINES, "coco": "predictions.json", "csv": "predictions.csv"}
"""Format to the name of its file."""

COLUMNS: Final = (
    "file",
    "hand",
    "side",
    "score",
    "keypoint",
    "x",
    "y",
    "scale_x",
    "scale_y",
    "confidence",
    "inside",
)
"""The head of the CSV file; a row is a keypoint."""


class Results:
    """Writes a folder's predictions; leaving the `with` block, in whatever way, makes the format asked for.

    Args:
        folder: made where it is missing; older predictions in it are replaced.
        form: "jsonl", "coco" or "csv"; the JSON Lines are written in any case.

    Raises:
        ValueError: the format is not known.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> with Results(folder, "coco") as results:
        ...     results.add({"file": "a.jpg", "size": [4, 5], "hands": []})
        >>> sorted(file.name for file in folder.iterdir())
        ['predictions.json', 'predictions.jsonl']
    """

    def __init__(self, folder: Path, form: str = "jsonl") -> None:
        if form not in FORMATS:
            raise ValueError(f"--format {form!r} is not known; give {', '.join(FORMATS)}")
        folder.mkdir(parents=True, exist_ok=True)
        self.form = form
        self.lines, self.path = folder / LINES, folder / FILE_NAMES[form]
        self._file = self.lines.open("w", encoding="utf-8")

    def add(self, line: dict[str, Any]) -> None:
        """Write one picture's line."""
        self._file.write(json.dumps(line, allow_nan=False) + "\n")
        self._file.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        if self.form == "jsonl":
            return
        part = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        try:
            with part.open("w", encoding="utf-8", newline="") as file:
                if self.form == "coco":
                    json.dump(coco(read_lines(self.lines)), file, allow_nan=False)
                else:
                    csv.writer(file).writerows(rows(read_lines(self.lines)))
            part.replace(self.path)
        finally:
            part.unlink(missing_ok=True)


def read_lines(file: Path) -> Iterator[dict[str, Any]]:
    """Read the pictures of a JSON Lines file, one after another."""
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def hand_json(hand: "Hand") -> dict[str, Any]:
    """Give a hand as JSON: lengths in image pixels, corner origin; covariance in square pixels.

    Raises:
        ValueError: the model gave a number that is not finite.
    """
    import numpy as np

    def rounded(values: "ArrayLike") -> "list[Any]":
        numbers: list[Any] = np.asarray(values, np.float64).round(3).tolist()
        return numbers

    if not all(np.isfinite(v).all() for v in (hand.points, hand.scale, hand.covariance)):
        raise ValueError("the model gave points that are not finite; it is damaged or badly trained")
    return {
        "keypoints": rounded(hand.points),
        "scale": rounded(hand.scale),
        "covariance": rounded(hand.covariance),
        "confidence": rounded(hand.confidence),
        "inside": hand.inside.tolist(),
        "box": rounded(hand.box),
        "side": hand.side,
        "score": round(hand.score, 4),
    }


def coco(lines: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return predictions as COCO keypoint JSON, with each hand's side, score, scale and covariance beside it.

    As COCO has it, keypoints count pixel centres as integers, and `bbox` is (x, y, width, height) from the
    picture's corner: the tight box of the keypoints.

    Example:
        >>> sorted(coco([{"file": "a.jpg", "size": [4, 5], "hands": []}]))
        ['annotations', 'categories', 'images']
    """
    from likelihand.formats.coco import document, hand_entry, image_entry

    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for line in lines:
        images.append(image_entry(len(images) + 1, line["file"], line["size"]))
        for hand in line["hands"]:
            more = {name: value for name, value in hand.items() if name not in ("keypoints", "box", "side")}
            entry = hand_entry(len(annotations) + 1, len(images), hand["keypoints"], side=hand["side"], **more)
            annotations.append(entry | {"side": hand["side"]})
    return document(images, annotations)


def rows(lines: Iterable[dict[str, Any]]) -> Iterator[tuple[object, ...]]:
    """Give predictions as rows of a table: `COLUMNS`, then a row a keypoint; a picture without hands has none.

    Example:
        >>> list(rows([]))[0][:4]
        ('file', 'hand', 'side', 'score')
    """
    yield COLUMNS
    for line in lines:
        for number, hand in enumerate(line["hands"]):
            first = (line["file"], number, hand["side"] or "", hand["score"])
            values = (hand["keypoints"], hand["scale"], hand["confidence"], hand["inside"])
            for name, point, scale, confidence, inside in zip(KEYPOINTS, *values, strict=True):
                yield (*first, name, *point, *scale, confidence, int(inside))
