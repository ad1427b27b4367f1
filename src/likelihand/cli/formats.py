"""Output formats of `predict`: JSON Lines as it runs, converted to other formats at its end.

The lines are the record: each is on the disk before the next picture or frame is begun, whatever the format asked
for, so that work that is interrupted, or killed, loses nothing that was finished.
"""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, Literal, Self, TypeAlias, get_args

from likelihand.cli.tables import Line, deeplabcut_rows, film_rows, picture_rows
from likelihand.utils.files import replacing

if TYPE_CHECKING:
    from likelihand.geometry import FloatArray
    from likelihand.tracking.tracker import TrackedHand

Format: TypeAlias = Literal["jsonl", "coco", "csv", "dlc", "label-studio", "cvat", "pose", "glb", "bvh"]
FORMATS: Final[tuple[str, ...]] = get_args(Format)

NAME: Final = "predictions"
ENDINGS: Final[dict[str, str]] = {
    "jsonl": ".jsonl",
    "coco": ".json",
    "csv": ".csv",
    "dlc": ".dlc.csv",
    "label-studio": ".label-studio.json",
    "cvat": ".cvat.xml",
    "pose": ".pose",
    "glb": ".glb",
    "bvh": ".bvh",
}
"""Format to the ending of its file."""
_PICTURES_ALONE: Final = ("label-studio", "cvat")
_FILMS_ALONE: Final = ("pose", "glb", "bvh")
_FITTED: Final = ("glb", "bvh")


class Results:
    """Writes predictions into a folder; leaving the `with` block, in whatever way, makes the format asked for.

    Args:
        folder: made where it is missing; older predictions of the name in it are replaced by the first line.
        form: one of `FORMATS`; the JSON Lines are written in any case.
        name: of the files, without ending.
        film: whether the lines are frames, with tracked hands, instead of pictures.
        fitted: whether the hands have their fits in space, which get columns in CSV.

    An animation of no hand is none: then there are the lines alone, and no older file under the animation's name.

    Raises:
        ValueError: the format is not known, not for films, for nothing else, or made of fits that are not made.
        ModuleNotFoundError: its package is missing.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> with Results(folder, "coco") as results:
        ...     results.add({"file": "a.jpg", "size": [4, 5], "hands": []})
        >>> sorted(file.name for file in folder.iterdir())
        ['predictions.json', 'predictions.jsonl']
    """

    def __init__(
        self, folder: Path, form: str = "jsonl", name: str = NAME, film: bool = False, fitted: bool = False
    ) -> None:
        check_format(form, film)
        if form in _FITTED and not fitted:
            raise ValueError(f"--format {form} is made of hands in space; add --fit")
        folder.mkdir(parents=True, exist_ok=True)
        self.form, self.name, self.film, self.fitted = form, name, film, fitted
        self.lines, self.path = (folder / f"{name}{ENDINGS[each]}" for each in ("jsonl", form))
        self._file: IO[str] | None = None
        self._hands = 0

    @property
    def whole(self) -> bool:
        """Whether the format asked for can be made of the lines so far."""
        return self.form not in _FITTED or self._hands > 0

    def add(self, line: dict[str, Any]) -> None:
        """Write the line of a picture or frame; the first one replaces older predictions."""
        if self._file is None:
            self._file = self.lines.open("w", encoding="utf-8")
        self._file.write(json.dumps(line, allow_nan=False) + "\n")
        self._file.flush()
        self._hands += len(line["hands"])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is None:
            return
        self._file.close()
        if self.form == "jsonl":
            return
        if not self.whole:
            self.path.unlink(missing_ok=True)
            return
        if self.form in (*_PICTURES_ALONE, *_FILMS_ALONE):
            _write_for_others(self.form, self._read, self.path)
            return
        with replacing(self.path) as part, part.open("w", encoding="utf-8", newline="") as file:
            self._convert(file)

    def _convert(self, file: IO[str]) -> None:
        """Write the lines in one of the text formats of our own."""
        if self.form == "coco":
            _write_parts(coco(self._read, self.name), file)
        elif self.form == "dlc":
            csv.writer(file).writerows(deeplabcut_rows(self._read, "frame" if self.film else "file"))
        else:
            csv.writer(file).writerows((film_rows if self.film else picture_rows)(self._read(), self.fitted))

    def _read(self) -> Iterator[Line]:
        return read_lines(self.lines)


def check_format(form: str, film: bool | None = None) -> None:
    """Check that a format is known, is for films or for pictures (None: not known yet), and can be written here.

    Raises:
        ValueError: it is not, or does not.
        ModuleNotFoundError: its package is missing.
    """
    if form not in FORMATS:
        raise ValueError(f"--format {form!r} is not known; give {', '.join(FORMATS)}")
    if (form in _PICTURES_ALONE and film) or (form in _FILMS_ALONE and film is False):
        kind, other = ("films", "pictures") if film is False else ("pictures", "films")
        raise ValueError(f"--format {form} is for {kind}; give another for {other}")
    if form == "pose":
        from likelihand.interop.packages import needed

        needed("pose_format", "--format pose")


def _write_for_others(form: str, read: Callable[[], Iterable[Line]], path: Path) -> None:
    """Write the file of a format that is another tool's."""
    from likelihand.interop import cvat, label_studio, pose
    from likelihand.interop.animation import clips_of
    from likelihand.interop.bvh import write_bvh
    from likelihand.interop.gltf import write_glb

    if form == "label-studio":
        label_studio.write_tasks(read(), path)
    elif form == "cvat":
        cvat.write_xml(read(), path)
    elif form == "pose":
        pose.write_pose(read, path)
    else:
        (write_glb if form == "glb" else write_bvh)(clips_of(read()), path)


def read_lines(file: Path) -> Iterator[dict[str, Any]]:
    """Read the pictures of a JSON Lines file, one after another."""
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def hand_of(values: Mapping[str, Any]) -> "TrackedHand":
    """Return the hand of a line: what `Hand.to_json` gave, of a film with its track.

    Raises:
        ValueError: a field is missing or none.
    """
    from likelihand.tracking.tracker import TrackedHand
    from likelihand.utils.validation import as_numbers

    def numbers(name: str, *shape: int) -> "FloatArray":
        return as_numbers(values.get(name), f"a hand's {name}", shape)

    side = values.get("side")
    return TrackedHand(
        points=numbers("keypoints", 21, 2),
        scale=numbers("scale", 21, 2),
        box=numbers("box", 4),
        covariance=numbers("covariance", 21, 2, 2),
        side=side if side in ("left", "right") else None,
        score=float(values.get("score", 1.0)),
        track=int(values.get("track", 0)),
        seen=bool(values.get("seen", True)),
    )


def coco(read: Callable[[], Iterable[Line]], name: str = NAME) -> dict[str, Iterable[dict[str, Any]]]:
    """Return the parts of COCO keypoint JSON, each hand with its side, score, scale and covariance beside it.

    As COCO has it, keypoints count pixel centres as integers, and `bbox` is (x, y, width, height) from the
    picture's corner: the tight box of the keypoints. A film's images are its frames: frame 12 of `clip` is
    `clip/000012.jpg`, with its number and time beside it; its hands have their `track`. `read` is called for
    images and for annotations, which may be more than memory holds.

    Example:
        >>> {part: list(entries) for part, entries in coco(list).items()}["images"]
        []
    """
    from likelihand.data.formats.coco import document

    return document([], []) | {"images": _coco_images(read(), name), "annotations": _coco_annotations(read())}


def _coco_images(lines: Iterable[Line], name: str) -> Iterator[dict[str, Any]]:
    from likelihand.data.formats.coco import image_entry

    for number, line in enumerate(lines, start=1):
        more = {key: line[key] for key in ("frame", "time") if key in line}
        file = line["file"] if "file" in line else f"{name}/{line['frame']:06d}.jpg"
        yield image_entry(number, file, line["size"], **more)


def _coco_annotations(lines: Iterable[Line]) -> Iterator[dict[str, Any]]:
    from likelihand.data.formats.coco import hand_entry

    hands = ((image, hand) for image, line in enumerate(lines, start=1) for hand in line["hands"])
    for number, (image, hand) in enumerate(hands, start=1):
        more = {key: value for key, value in hand.items() if key not in ("keypoints", "box", "side")}
        entry = hand_entry(number, image, hand["keypoints"], side=hand["side"], **more)
        yield entry | {"side": hand["side"]}


def _write_parts(parts: Mapping[str, Iterable[dict[str, Any]]], file: IO[str]) -> None:
    """Write a JSON object of lists, entry by entry."""
    for i, (key, entries) in enumerate(parts.items()):
        file.write(f'{", " if i else "{"}"{key}": [')
        for j, entry in enumerate(entries):
            file.write((",\n" if j else "\n") + json.dumps(entry, allow_nan=False))
        file.write("]")
    file.write("}\n")
