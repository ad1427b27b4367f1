"""Render one hand from several cameras at once, with exact cameras and points in space."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from likelihand.structures import Side
from likelihand.synth.hand.asset import load_asset
from likelihand.synth.hand.hand_sampler import sample_hand
from likelihand.synth.options import SynthOptions
from likelihand.synth.picture import finish
from likelihand.synth.scene.background import Photos
from likelihand.synth.scene.camera import about, frame_hand, sample_rotation
from likelihand.synth.scene.compose import HELD, Streams, background_of, brightness_of, light_of, streams_of
from likelihand.synth.scene.labels import HandLabel, keypoints_of
from likelihand.synth.scene.light import Light
from likelihand.synth.scene.materials import hand_material, thing_material
from likelihand.synth.scene.objects import Thing, held
from likelihand.synth.scene.scene import Assembly, Limb, Placed, Scene, limb_of
from likelihand.utils.arrays import Floats

Doubles = NDArray[np.float64]
PAIR: Final = ((0.0, 0.0), (1.0, 0.0))
"""Two cameras a radian apart, as those on a table's two corners."""
_NEAR, _FAR = 3.0, 8.0
"""Palm lengths between the hand and its cameras."""


@dataclass(frozen=True, slots=True, eq=False)
class HandView:
    """What one of several cameras sees of a hand.

    Attributes:
        image: (height, width, 3) uint8 RGB.
        label: the truth about the picture.
        matrix: (3, 3) camera matrix, corner-origin pixels.
        rotation: (3, 3) camera_from_world.
        translation: (3,) metres.
    """

    image: NDArray[np.uint8]
    label: HandLabel
    matrix: Doubles
    rotation: Doubles
    translation: Doubles


@dataclass(frozen=True, slots=True, eq=False)
class HandViews:
    """A hand and what several cameras see of it.

    Attributes:
        points: (21, 3) float64 keypoints in the world: metres, the hand's own frame with the wrist as its origin.
        views: one per camera.
    """

    points: Doubles
    views: tuple[HandView, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Stage:
    """What all cameras look at."""

    streams: Streams
    options: SynthOptions
    photos: Photos | None
    limb: Limb
    material: Floats
    thing: Thing | None
    matter: Floats
    light: Light
    brightness: float


def render_views(
    seed: int,
    index: int,
    turns: Sequence[tuple[float, float]] = PAIR,
    size: int = 256,
    options: SynthOptions | None = None,
    photos: Photos | None = None,
    side: Side | None = None,
) -> HandViews:
    """Render one hand as several cameras see it at once.

    Args:
        seed: whole number from 0; with `index` it decides everything about the pictures.
        index: whole number from 0.
        turns: radians by which each camera stands around the hand, sideways and up, against the first's place.
        size: side of the pictures in pixels.
        options: the ingredients, of which the second hand is none here; all where None.
        photos: photos for the backgrounds; generated clutter where None.
        side: "left" or "right"; drawn where None.

    Returns:
        The hand and its pictures. Lamps and what the hand holds are the same in all, backgrounds are not.

    Example:
        >>> seen = render_views(0, 0, size=32)
        >>> len(seen.views), seen.points.shape
        (2, (21, 3))
    """
    stage = _stage(seed, index, options or SynthOptions(), photos, side)
    base = sample_rotation(stage.streams.view, stage.limb.arm, stage.options.viewpoints)
    distance = math.exp(stage.streams.view.uniform(math.log(_NEAR), math.log(_FAR)))
    views = []
    for number, (sideways, up) in enumerate(turns):
        turn = about(0, up) @ about(1, sideways)
        views.append(_view(stage, turn, turn @ base, distance, size, (seed, len(turns) * index + number)))
    return HandViews(keypoints_of(stage.limb.joints) * stage.limb.palm, tuple(views))


def _stage(seed: int, index: int, options: SynthOptions, photos: Photos | None, side: Side | None) -> _Stage:
    streams = streams_of(seed, index)
    material = hand_material(streams.skin, options.skin)
    limb = limb_of(sample_hand(streams.hand, load_asset(), side), material, streams.skin)
    holds = options.objects and streams.things.random() < HELD
    thing = held(streams.things, limb.joints.astype(np.float32)) if holds else None
    matter = thing_material(streams.things)
    light = light_of(streams.light, options)
    brightness = brightness_of(streams.light, material, options)
    return _Stage(streams, options, photos, limb, material, thing, matter, light, brightness)


def _view(
    stage: _Stage, turn: Doubles, rotation: Doubles, distance: float, size: int, name: tuple[int, int]
) -> HandView:
    """Put a camera at a distance from the hand's middle, in palm lengths, frame the hand and take the picture."""
    limb = stage.limb
    middle = rotation @ (limb.joints.min(0) + limb.joints.max(0)) / 2
    shift = np.array([0.0, 0.0, distance]) - middle
    joints = limb.joints @ rotation.T + shift
    matrix = frame_hand(stage.streams.view, joints, size)
    assembly = Assembly()
    assembly.add(limb, stage.material, rotation, shift)
    if stage.thing is not None:
        assembly.add(stage.thing, stage.matter, rotation, shift)
    back = background_of(stage.streams.background, (size, size), stage.options, stage.photos, stage.material)
    placed = (Placed(joints, limb.palm, limb.side, 0),)
    light = _turned(stage.light, turn)
    scene = Scene(*assembly.meshes(), placed, light, matrix, back, stage.brightness)
    picture = finish(scene, *name, stage.options)
    return HandView(picture.image, picture.hands[0], matrix, rotation, shift * limb.palm)


def _turned(light: Light, turn: Doubles) -> Light:
    """Return the lamps as a camera that is turned sees them."""
    matrix = turn.T.astype(np.float32)
    return light._replace(key=light.key @ matrix, second=light.second @ matrix, sky=light.sky @ matrix)
