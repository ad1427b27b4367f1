"""Films with exact labels, for `experiments.video_study`: rendered hands that move, and photo sequences."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from likelihand.data.images import read_image
from likelihand.geometry import Image
from likelihand.structures import Side
from likelihand.synth.hand.asset import load_asset
from likelihand.synth.hand.hand_sampler import mirrored, pose_hand, settle
from likelihand.synth.hand.pose import sample_pose
from likelihand.synth.hand.shape import HandShape, sample_shape
from likelihand.synth.layers import composite, render_layers
from likelihand.synth.options import SynthOptions
from likelihand.synth.picture import labels_of
from likelihand.synth.render.effects import developed
from likelihand.synth.render.material import GLOVE_END
from likelihand.synth.scene.background import clutter
from likelihand.synth.scene.camera import about, sample_rotation
from likelihand.synth.scene.compose import brightness_of
from likelihand.synth.scene.labels import HandLabel, Occlusion
from likelihand.synth.scene.light import sample_light
from likelihand.synth.scene.materials import hand_material
from likelihand.synth.scene.scene import Assembly, Limb, Placed, Scene, limb_of
from likelihand.tracking import VideoWriter

SIZE = (540, 960)
RATE = 30.0
GRAIN = 2.5
"""Standard deviation of the film's grain, grey levels, new in each frame."""
Array = Any
Path3 = Callable[[float], tuple[Array, Array]]
"""Seconds to where the hand's middle is, (3,) palm lengths from the picture's middle, and how it is turned."""


@dataclass(frozen=True)
class Clip:
    """A film with its truth.

    Attributes:
        name: what it is called.
        file: the film.
        seconds: (F,) times.
        points: (F, H, 21, 2) image pixels.
        shown: (F, H) whether enough of the hand is seen for it to be followed.
        sides: (H,) "left", "right" or None.
    """

    name: str
    file: Path
    seconds: Array
    points: Array
    shown: Array
    sides: list[Side | None]


@dataclass(frozen=True)
class Actor:
    """A hand that moves: who, how fast its pose changes (poses a second), and its path."""

    seed: int
    side: Side
    poses_a_second: float
    path: Path3


def wave(seconds: float, hertz: float, phase: float = 0.0) -> float:
    return math.sin(2 * math.pi * (hertz * seconds + phase))


def still(_: float) -> tuple[Array, Array]:
    return np.zeros(3), np.eye(3)


def slow(t: float) -> tuple[Array, Array]:
    shift = np.array([0.7 * wave(t, 0.2), 0.4 * wave(t, 0.27, 0.2), 0.8 * wave(t, 0.15)])
    return shift, about(2, 0.35 * wave(t, 0.21)) @ about(1, 0.35 * wave(t, 0.17, 0.1))


def fast(t: float) -> tuple[Array, Array]:
    shift = np.array([1.5 * wave(t, 1.4), 0.5 * wave(t, 1.1, 0.2), 0.0])
    return shift, about(2, 0.6 * wave(t, 1.4, 0.25))


def across(start: float, depth: float) -> Path3:
    """Go from one side to the other and back again, once in four seconds, at a depth of its own."""

    def path(t: float) -> tuple[Array, Array]:
        shift = np.array([start * math.cos(2 * math.pi * t / 4), 0.25 * wave(t, 0.5), depth])
        return shift, about(2, 0.15 * wave(t, 0.4))

    return path


def cast(seed: int) -> dict[str, list[Actor]]:
    """Return the rendered clips: their hands."""
    return {
        "still": [Actor(seed + 1, "right", 0.0, still)],
        "slow": [Actor(seed + 2, "left", 0.5, slow)],
        "fast": [Actor(seed + 3, "right", 1.5, fast)],
        "crossing": [
            Actor(seed + 4, "right", 0.3, across(1.9, -0.5)),
            Actor(seed + 5, "left", 0.3, across(-1.9, 0.9)),
        ],
    }


class Stage:
    """Renders one clip's frames."""

    def __init__(self, actors: list[Actor], seed: int, seconds: float) -> None:
        rng = np.random.default_rng([seed, *(a.seed for a in actors)])
        self.actors, self.rng, options = actors, rng, SynthOptions()
        self.shapes = [sample_shape(np.random.default_rng([a.seed, 0]), load_asset()) for a in actors]
        self.material = _bare(rng)
        self.light, self.background = sample_light(rng), clutter(rng, SIZE)
        self.brightness = brightness_of(rng, self.material, options)
        self.poses = [self._poses(a, s, seconds) for a, s in zip(actors, self.shapes, strict=True)]
        self.views = [self._view(i) for i in range(len(actors))]
        focal = 1.1 * SIZE[1]
        self.matrix = np.array([[focal, 0, SIZE[1] / 2], [0, focal, SIZE[0] / 2], [0, 0, 1.0]])

    def _poses(self, actor: Actor, shape: HandShape, seconds: float) -> list[Array]:
        rng, asset = np.random.default_rng([actor.seed, 1]), load_asset()
        poses: list[Array] = []
        while len(poses) < 2 + math.ceil(actor.poses_a_second * seconds):
            angles, free = settle(shape, sample_pose(rng, asset.contacts), asset)
            if free:
                poses.append(angles)
        return poses

    def _view(self, number: int) -> Array:
        """Draw how a hand is turned to the camera, its arm from below."""
        rng, arm = np.random.default_rng([self.actors[number].seed, 2]), self._limb(number, 0.0).arm
        view = sample_rotation(rng, arm, "upright")
        x, y, _ = view @ arm
        return about(2, math.atan2(x, y) + rng.normal(0, 0.25)) @ view

    def _limb(self, number: int, t: float) -> Limb:
        actor = self.actors[number]
        place = actor.poses_a_second * t
        i, share = int(place), place - int(place)
        share = share * share * (3 - 2 * share)
        angles = (1 - share) * self.poses[number][i] + share * self.poses[number][i + 1]
        hand = pose_hand(self.shapes[number], angles, load_asset())
        hand = hand if actor.side == "right" else mirrored(hand)
        return limb_of(hand, self.material, np.random.default_rng([actor.seed, 3]))

    def frame(self, t: float) -> tuple[Image, tuple[HandLabel, ...]]:
        """Render the frame at a time, with its truth."""
        assembly, placed = Assembly(), []
        for number, actor in enumerate(self.actors):
            limb = self._limb(number, t)
            where, turn = actor.path(t)
            rotation = turn @ self.views[number]
            shift = where + np.array([0, 0, 8.0]) - rotation @ limb.joints[9]
            part = assembly.add(limb, self.material, rotation, shift)
            placed.append(Placed(limb.joints @ rotation.T + shift, limb.palm, limb.side, part))
        scene = Scene(*assembly.meshes(), tuple(placed), self.light, self.matrix, self.background, self.brightness)
        layers = render_layers(scene)
        image = developed(composite(layers, scene), None).astype(np.float32)
        grain = self.rng.normal(0, GRAIN, image.shape)
        return np.clip(image + grain, 0, 255).astype(np.uint8), labels_of(scene, layers.part)


def _bare(rng: np.random.Generator) -> Array:
    """Draw a hand's skin without a glove: tracking is what is measured."""
    row = hand_material(rng, True)
    while row[GLOVE_END] < 50:
        row = hand_material(rng, True)
    return row


def rendered(name: str, folder: Path, seed: int, seconds: float = 4.0) -> Clip:
    """Render a clip, or read it where it was rendered before."""
    file = folder / f"{name}-{seed}.mp4"
    labels = file.with_suffix(".json")
    if not labels.exists():
        actors = cast(seed)[name]
        stage, rows = Stage(actors, seed, seconds), []
        with VideoWriter(file, quality=17) as film:
            for i in range(round(seconds * RATE)):
                image, truth = stage.frame(i / RATE)
                film.write(image, i / RATE)
                rows.append([[h.points.round(3).tolist(), _open(h)] for h in truth])
        labels.write_text(json.dumps({"sides": [a.side for a in actors], "rows": rows}), "utf-8")
    content = json.loads(labels.read_text("utf-8"))
    points = np.array([[hand[0] for hand in row] for row in content["rows"]])
    shown = np.array([[hand[1] for hand in row] for row in content["rows"]])
    return Clip(name, file, np.arange(len(points)) / RATE, points, shown, content["sides"])


def _open(hand: HandLabel) -> bool:
    """Tell whether at least 7 keypoints are inside the picture and free of the other hand."""
    return int((hand.occlusion <= Occlusion.SELF).sum()) >= 7


def sequence(name: str, prefix: str, ticks: float, folder: Path, labelled: Path) -> Clip:
    """Make a clip of a photo sequence of `labelled`; its frames are not evenly spaced.

    Args:
        name: what to call it.
        prefix: how the photos' names begin; a number follows that counts time.
        ticks: of that number in a second.
        folder: where the film goes.
        labelled: folder with annotations.json and images.
    """
    content = json.loads((labelled / "annotations.json").read_text("utf-8"))
    images = {i["id"]: i["file_name"] for i in content["images"] if i["file_name"].startswith(prefix)}
    truth = {images[a["image_id"]]: a for a in content["annotations"] if a["image_id"] in images}
    names = sorted(truth)
    numbers = np.array([int("".join(c for c in photo if c.isdigit())) for photo in names])
    seconds = (numbers - numbers[0]) / ticks
    file = folder / f"{name}.mp4"
    with VideoWriter(file, quality=12) as film:
        for photo, now in zip(names, seconds, strict=True):
            film.write(read_image(labelled / "images" / photo), now)
    points = np.array([np.reshape(truth[n]["keypoints"], (21, 3))[:, :2] + 0.5 for n in names])[:, None]
    guess = truth[names[0]].get("handedness_estimate")
    sides: list[Side | None] = [guess if guess in ("left", "right") else None]
    return Clip(name, file, seconds, points, np.ones(points.shape[:2], bool), sides)
