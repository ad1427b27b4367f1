"""FreiHAND in its official layout (Zimmermann et al., ICCV 2019; research use only).

    training/rgb/%08d.jpg     four versions of each of the 32,560 labelled moments, one after the other
    training_K.json training_xyz.json
    evaluation/rgb/%08d.jpg
    evaluation_K.json evaluation_xyz.json

A keypoint is K xyz / z. The pictures were warped to virtual cameras that look at the hand (their principal
point is (112, 112) always, and their black borders are skewed), by tools that count pixel centres as integers;
hence 1/2 is added.
"""

import functools
from pathlib import Path
from typing import Final, Literal

import numpy as np

from likelihand.data.dataset import check_index, check_record
from likelihand.data.images import read_image
from likelihand.geometry import FloatArray, box_of_points, corner_from_pixel_index
from likelihand.structures import Record, Visibility
from likelihand.utils.validation import Malformed, as_list, as_numbers, read_json

VERSIONS: Final = ("gs", "hom", "sample", "auto")
"""Green screen, homogenised background, two kinds of recoloured background; the order of the files."""

NEAREST: Final = 1e-6
"""Depths are larger; the set's are about 0.7."""

Version = Literal["gs", "hom", "sample", "auto"]


class FreiHAND:
    """Right hands on 224 px pictures; every keypoint is labelled, hidden or not.

    Args:
        root: the folder that holds `training_xyz.json` or `evaluation_K.json`.
        split: "training" or "evaluation".
        versions: which of the four versions of each training picture, all by default.
        labels: False reads pictures without labels (visibility 0, the box is the picture): for an evaluation
            split without `evaluation_xyz.json`.

    Raises:
        FileNotFoundError: a file of the layout is missing; the message names it.
        ValueError: a split or version is unknown, or a file has wrong shapes or numbers that are not finite.

    Example:
        >>> FreiHAND("nowhere")
        Traceback (most recent call last):
        FileNotFoundError: nowhere/training_K.json is missing; give the folder of FreiHAND's official layout
    """

    name = "FreiHAND"

    def __init__(
        self,
        root: str | Path,
        split: Literal["training", "evaluation"] = "training",
        versions: tuple[Version, ...] = VERSIONS,
        labels: bool = True,
    ) -> None:
        if split not in ("training", "evaluation"):
            raise ValueError(f"split {split!r} is unknown; give 'training' or 'evaluation'")
        if not versions or set(versions) - set(VERSIONS):
            raise ValueError(f"versions {versions} are unknown; give some of {', '.join(VERSIONS)}")
        self.root, self.split, self.labels = Path(root), split, labels
        self._camera = _read(self.root / f"{split}_K.json", (3, 3), "the folder of FreiHAND's official layout")
        if not (self._camera[:, 2] == (0, 0, 1)).all():
            entry = int(np.argmax((self._camera[:, 2] != (0, 0, 1)).any(1)))
            raise Malformed(f"{split}_K.json entry {entry}: the last row of a camera is 0, 0, 1")
        self._xyz = self._read_xyz() if labels else None
        self.unique = len(self._camera)
        self.versions = tuple(VERSIONS.index(v) for v in versions) if split == "training" else (0,)
        self._check_pictures()

    def _read_xyz(self) -> FloatArray:
        advice = "the file of keypoints, or labels=False to read pictures alone"
        xyz = _read(self.root / f"{self.split}_xyz.json", (21, 3), advice)
        if len(xyz) != len(self._camera):
            raise ValueError(
                f"{self.split}_xyz.json has {len(xyz)} entries and {self.split}_K.json {len(self._camera)}; "
                "give files of one release"
            )
        if not (xyz[..., 2] > NEAREST).all():
            entry = int(np.flatnonzero(~(xyz[..., 2] > NEAREST).all(1))[0])
            raise ValueError(f"{self.split}_xyz.json entry {entry} has a depth that is not positive")
        return xyz

    def _check_pictures(self) -> None:
        for version in self.versions:
            for entry in (0, self.unique - 1):
                path = self._path(version, entry)
                if not path.exists():
                    raise FileNotFoundError(
                        f"{path} is missing ({VERSIONS[version]!r}); unpack all pictures or choose versions"
                    )

    def _path(self, version: int, entry: int) -> Path:
        return self.root / self.split / "rgb" / f"{version * self.unique + entry:08d}.jpg"

    def __len__(self) -> int:
        """Count the pictures of the chosen versions."""
        return self.unique * len(self.versions)

    def about(self) -> dict[str, str | int]:
        """Return the settings that identify the data in a run's description."""
        return {"split": self.split, "root": str(self.root)}

    def groups(self) -> list[str]:
        """List every record's group: its moment, shared by the versions."""
        return [f"{self.split} {i}" for _ in self.versions for i in range(self.unique)]

    def record(self, index: int) -> Record:
        """Return the record at `index`; the versions follow one another."""
        turn, entry = divmod(check_index(index, len(self), f"FreiHAND {self.split}"), self.unique)
        path = self._path(self.versions[turn], entry)
        points = np.zeros((21, 2))
        box = np.array([0.0, 0.0, 224.0, 224.0])
        if self._xyz is not None:
            points = project(self._camera[entry], self._xyz[entry])
            box = box_of_points(points)
        visibility = Visibility.UNLABELLED if self._xyz is None else Visibility.VISIBLE
        return check_record(
            Record(
                points=points,
                visibility=np.full(21, visibility, np.int8),
                box=box,
                side="right",
                dataset=self.name,
                key=str(path),
                read=functools.partial(read_image, path),
                group=f"{self.split} {entry}",
            )
        )


def project(camera: FloatArray, xyz: FloatArray) -> FloatArray:
    """Project points (N, 3) of a camera that counts pixel centres as integers: K xyz / z + 1/2, image pixels.

    Example:
        >>> project(np.array([[100.0, 0, 50], [0, 100, 50], [0, 0, 1]]), np.array([[0.5, 0, 2.0]]))
        array([[75.5, 50.5]])
    """
    homogeneous = xyz @ camera.T
    return corner_from_pixel_index(homogeneous[:, :2] / homogeneous[:, 2:])


def _read(path: Path, shape: tuple[int, ...], advice: str) -> FloatArray:
    """Read a JSON list of arrays of one shape."""
    content = as_list(read_json(path, advice), str(path))
    if not content:
        raise Malformed(f"{path} is an empty list; give {advice}")
    return np.stack([as_numbers(entry, f"{path} entry {number}", shape) for number, entry in enumerate(content)])
