"""Hands with predictions and truth for the study of fits: rendered ones, and real ones with joints in space."""

import json
import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from likelihand.data.coco import CocoHands
from likelihand.geometry import box_of_points
from likelihand.inference import Predictor
from likelihand.structures import INTERHAND_ORDER, RHD_ORDER, Hand, Side
from likelihand.synth import render_picture
from likelihand.synth.hand.asset import load_asset
from likelihand.synth.hand.hand_sampler import sample_hand
from likelihand.synth.scene.compose import PAIRED, streams_of

Floats = NDArray[np.float64]
T = TypeVar("T")
SIZE = 224
"""Side of rendered pictures in pixels."""


@dataclass(frozen=True, eq=False)
class Known:
    """A predicted hand whose joints in space are known.

    Attributes:
        hand: as predicted.
        joints: (21, 3) metres, camera's frame; NaN where not labelled.
        points: (21, 2) the truth in the picture; NaN where not labelled.
        source: which data set.
        key: names the picture.
        camera: (3, 3) corner-origin pixels; None where not known.
        occlusion: (21,) codes of `synth.Occlusion`; None of real hands.
        angles: (21,) radians; None where not known.
        side: the true one, None where not known.
    """

    hand: Hand
    joints: Floats
    points: Floats
    source: str
    key: str
    camera: Floats | None = None
    occlusion: NDArray[np.int8] | None = None
    angles: Floats | None = None
    side: Side | None = None


def rendered(predict: Predictor, count: int, seed: int, cache: Path | None = None) -> list[Known]:
    """Render hands, and predict each in the true box of its keypoints; results may be kept in a folder."""
    return kept(
        None if cache is None else cache / f"rendered-{seed}-{count}.pickle",
        lambda: [_rendered(predict, seed, i) for i in tqdm(range(count), desc="rendering", disable=None)],
    )


def kept(file: Path | None, make: Callable[[], T]) -> T:
    """Return what an earlier run left in a file, or make it and leave it there; None keeps nothing."""
    if file is not None and file.is_file():
        found: T = pickle.loads(file.read_bytes())  # our own file, of this very command
        return found
    made = make()
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(pickle.dumps(made))
    return made


def _rendered(predict: Predictor, seed: int, index: int) -> Known:
    picture = render_picture(seed, index, SIZE)
    label = picture.hands[0]
    hand = predict(picture.image, [label.box])[0]
    angles = _angles(seed, index, label.joints)
    return Known(
        hand, label.joints, label.points, "rendered", f"{seed}/{index}", picture.camera, label.occlusion, angles,
        label.side,
    )  # fmt: skip


def _angles(seed: int, index: int, joints: Floats) -> Floats | None:
    """Draw a rendered hand's pose again; None of one that touches another hand."""
    streams = streams_of(seed, index)
    if streams.company.random() < PAIRED:
        return None
    hand = sample_hand(streams.hand, load_asset(), None)
    mine, theirs = (
        np.linalg.norm(np.diff(j[[2, 3, 6, 7, 10, 11]], axis=0), axis=1) for j in (hand.joints, joints)
    )
    return np.asarray(hand.angles[:21]) if np.allclose(mine, theirs, rtol=1e-3) else None


def real(predict: Predictor, formats: Path) -> list[Known]:
    """Read and predict the real hands with joints in space of the samples of data sets' formats."""
    return [replace(known, hand=_predicted(predict, image, known)) for image, known in known_hands(formats)]


def known_hands(formats: Path) -> list[tuple[Path, Known]]:
    """List the pictures and the truth of the real hands with joints in space; nothing is predicted."""
    return [*_handposex(formats), *_rhd(formats), *_interhand(formats)]


def _predicted(predict: Predictor, image: Path, known: Known) -> Hand:
    given = predict(image, [box_of_points(known.points, np.isfinite(known.points).all(1))])[0]
    return replace(given, side=known.side or given.side)


def _known(joints: Floats, camera: Floats, source: str, key: str, side: Side) -> Known:
    flat = joints @ camera.T
    points = flat[:, :2] / flat[:, 2:]
    empty = Hand(np.zeros((21, 2)), np.ones((21, 2)), np.zeros(4))
    return Known(empty, joints, points, source, key, camera, side=side)


def _camera(fx: float, fy: float, cx: float, cy: float) -> Floats:
    return np.array([[fx, 0, cx + 0.5], [0, fy, cy + 0.5], [0, 0, 1.0]])


def _handposex(formats: Path) -> Iterator[tuple[Path, Known]]:
    for source, label in (
        ("FreiHAND", "freihand/handposex/label/*.json"),
        ("HO-3D", "others/handposex_ho3d_v3/*/label/*.json"),
        ("TACO", "others/handposex_taco/*/*/*.json"),
    ):
        for file in sorted(formats.glob(label)):
            data = json.loads(file.read_text())
            camera = _camera(*(data[name] for name in ("fx", "fy", "cx", "cy")))
            for hand in data["hands"]:
                joints = np.array(hand["joint3d"], np.float64)
                joints = joints / (1000.0 if np.abs(joints).max() > 20 else 1.0)
                image = _image(file)
                yield image, _known(joints, camera, source, f"{file.stem} {hand['label']}", hand["label"])


def _image(label: Path) -> Path:
    folder = label.parent
    sibling = (
        folder.with_name(folder.name.removesuffix("_label"))
        if folder.name != "label"
        else folder.with_name("image")
    )
    return sibling / f"{label.stem}.jpg"


def _rhd(formats: Path) -> Iterator[tuple[Path, Known]]:
    folder = formats / "rhd" / "mmpose"
    data = json.loads((folder / "test_rhd.json").read_text())
    images = {image["id"]: image for image in data["images"]}
    for hand in data["annotations"]:
        image = images[hand["image_id"]]
        joints = np.array(hand["joint_cam"])[list(RHD_ORDER)] / 1000
        (fx, fy), (cx, cy) = image["cam_param"]["focal"], image["cam_param"]["princpt"]
        yield (
            folder / image["file_name"],
            _known(joints, _camera(fx, fy, cx - 0.5, cy - 0.5), "RHD", image["file_name"], hand["hand_type"]),
        )


def _interhand(formats: Path) -> Iterator[tuple[Path, Known]]:
    folder = formats / "others" / "mmpose_interhand2.6m"
    data, cameras, joints = (
        json.loads((folder / f"test_interhand2.6m_{name}.json").read_text())
        for name in ("data", "camera", "joint_3d")
    )
    images = {image["id"]: image for image in data["images"]}
    for hand in data["annotations"]:
        image = images[hand["image_id"]]
        capture, name = cameras[str(image["capture"])], str(image["camera"])
        world = np.array(joints[str(image["capture"])][str(image["frame_idx"])]["world_coord"])
        seen = (world - np.array(capture["campos"][name])) @ np.array(capture["camrot"][name]).T / 1000
        camera = _camera(*capture["focal"][name], *capture["princpt"][name])
        valid = np.array(hand["joint_valid"]).ravel() > 0
        sides: tuple[tuple[Side, int], ...] = (("right", 0), ("left", 21))
        for side, first in sides:
            if hand["hand_type"] in (side, "interacting") and valid[first : first + 21].all():
                own = seen[first : first + 21][list(INTERHAND_ORDER)]
                yield (
                    folder / image["file_name"],
                    _known(own, camera, "InterHand", f"{image['file_name']} {side}", side),
                )


def labelled(predict: Predictor, file: Path, subset: str) -> list[Known]:
    """Read and predict the labelled photos of a subset, each in its annotation's box; joints are not known."""
    dataset, found = CocoHands(file, where={"subset": subset}), []
    for i in tqdm(range(len(dataset)), desc=f"predicting {subset}", disable=None):
        record = dataset.record(i)
        hand = predict(record.read(), [record.box])[0]
        points = np.where(record.weight[:, None] > 0, record.points, np.nan)
        found.append(Known(hand, np.full((21, 3), np.nan), points, record.dataset, record.key, side=record.side))
    return found


def synthetic_noise(count: int, seed: int = 0) -> Iterator[Hand]:
    """Make random and degenerate densities: what a broken model may hand in."""
    rng = np.random.default_rng(seed)
    for i in range(count):
        size = 10 ** rng.uniform(-3, 4)
        points = rng.normal(0, size, (21, 2)) + rng.normal(0, 1000, 2)
        root = rng.normal(0, 10 ** rng.uniform(-4, 3), (21, 2, 2))
        covariance = root @ np.swapaxes(root, 1, 2)
        kind = i % 10
        if kind == 0:
            points[:] = points[0]
        elif kind == 1:
            points[:, 1] = 2 * points[:, 0] + 3
        elif kind == 2:
            covariance[:] = 0.0
        elif kind == 3:
            points[rng.integers(21)] *= 1e6
        elif kind == 4:
            points[rng.random(21) < 0.6] = np.nan
        elif kind == 5:
            covariance[rng.random(21) < 0.5] = 1e12 * np.eye(2)
        elif kind == 6:
            points[:], covariance[:] = np.nan, np.inf
        sides: tuple[Side | None, ...] = (None, "left", "right")
        yield Hand(points, np.ones((21, 2)), np.zeros(4), covariance, sides[i % 3])
