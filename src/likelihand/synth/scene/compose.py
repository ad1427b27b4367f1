"""Compose random scenes: a hand, its view, its company, light and background, each from its own random stream."""

import math
from dataclasses import dataclass, fields, replace
from typing import Final, NamedTuple

import numpy as np

from likelihand.structures import Side
from likelihand.synth.hand.asset import load_asset
from likelihand.synth.hand.hand_sampler import PosedHand, sample_hand
from likelihand.synth.options import SynthOptions
from likelihand.synth.render.material import (
    CLOTH2_B,
    CLOTH2_R,
    CLOTH_B,
    CLOTH_R,
    LIGHTNESS,
    RED,
    YELLOW,
)
from likelihand.synth.render.texture import linear_of_lab
from likelihand.synth.scene.background import Photos, clutter, peopled
from likelihand.synth.scene.camera import (
    FARTHEST_CAMERA,
    NEAREST_CAMERA,
    frame_hand,
    random_rotation,
    sample_rotation,
)
from likelihand.synth.scene.labels import Occlusion, occlusion_of
from likelihand.synth.scene.light import Light, plain_light, sample_light
from likelihand.synth.scene.materials import hand_material, skin_tone, thing_material
from likelihand.synth.scene.objects import beneath, held, in_front
from likelihand.synth.scene.scene import Assembly, Limb, Placed, Scene, limb_of
from likelihand.synth.scene.two_hands import sample_pair
from likelihand.utils.arrays import Doubles, Floats, Generator, Integers

PAIRED: Final = 0.11
"""Share of crops in which a second hand touches the first, and"""
BESIDE: Final = 0.08
"""in which one is somewhere near."""
EFFECTS: Final = 7
"""Number of the stream that the camera's faults draw from."""
HELD: Final = 0.34
"""Share of hands that hold something."""
BENEATH: Final = 0.18
"""Share of hands that lie on something, of those whose palm looks away from the camera."""
IN_FRONT: Final = 0.11
"""Share of hands behind something."""
FLESHY: Final = 0.12
"""Share of things of the colour of skin: arms, legs, faces, wood."""
PHOTO_SHARE: Final = 0.75
"""Share of backgrounds that are photos, where there are any."""
OTHER_SKIN: Final = 0.4
"""Share of second hands that are another person's, of those that touch nothing."""
PEOPLED: Final = 0.18
"""Share of backgrounds with somebody in them, besides those that come with people."""
VIEWS: Final = 6
"""Views that are drawn until one shows the hand; the last is kept."""
BURIED: Final = 13
"""Keypoints that something else may hide; where it is more, nobody could say where they are."""
HIDDEN: Final = 15
"""Keypoints that the hand itself may hide; more, as where the arm is before the hand, and the view is redrawn."""


@dataclass(frozen=True, slots=True)
class Streams:
    """One random stream per ingredient, so that switching one off leaves the others alone."""

    hand: Generator
    view: Generator
    skin: Generator
    light: Generator
    background: Generator
    things: Generator
    company: Generator


def streams_of(seed: int, index: int) -> Streams:
    """Return the streams of sample `index`: a pure function of the two numbers, the same on any machine.

    Raises:
        ValueError: a number is negative.
    """
    return Streams(*(stream_of(seed, index, number) for number in range(len(fields(Streams)))))


def stream_of(seed: int, index: int, number: int) -> Generator:
    """Return one of a sample's streams by its number in `Streams`."""
    if seed < 0 or index < 0:
        raise ValueError(f"seed {seed} and index {index} must not be negative; give whole numbers from 0")
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, index], spawn_key=(number,))))


class View(NamedTuple):
    """How a hand stands to the camera.

    Attributes:
        rotation: (3, 3) from the hand's frame to the camera's.
        shift: (3,) where the hand's origin is in the camera's frame, palm lengths.
        matrix: (3, 3) camera matrix.
    """

    rotation: Doubles
    shift: Doubles
    matrix: Doubles

    def of(self, joints: Doubles) -> Doubles:
        """Return points (..., 3) of the hand in the camera's frame."""
        return np.asarray(joints @ self.rotation.T + self.shift)


def background_of(
    rng: Generator, size: tuple[int, int], options: SynthOptions, photos: Photos | None, material: Floats
) -> Floats:
    """Draw what is behind the hands, (height, width, 3) linear RGB; `material` is a hand's."""
    if not options.backgrounds:
        return np.full((*size, 3), 0.2, np.float32)
    picture = photos.crop(rng, size) if photos and rng.random() < PHOTO_SHARE else clutter(rng, size)
    if rng.random() < PEOPLED:
        picture = peopled(rng, picture, np.array(_skin_colour(material), np.float32))
    return np.asarray(picture * math.exp(rng.normal(0, 0.35)), np.float32)


def light_of(rng: Generator, options: SynthOptions) -> Light:
    """Draw the lamps."""
    return sample_light(rng) if options.light else plain_light()


def _skin_colour(material: Floats) -> tuple[float, float, float]:
    return linear_of_lab(float(material[LIGHTNESS]), float(material[RED]), float(material[YELLOW]))


def brightness_of(rng: Generator, material: Floats, options: SynthOptions) -> float:
    """Draw the mean light of the hand in the picture: its own reflectance, exposed more or less well."""
    wrong = rng.normal(0.05, 0.48) if options.light else 0.0
    return float(np.clip((0.10 + 0.44 * np.mean(_skin_colour(material))) * math.exp(wrong), 0.008, 0.7))


def compose_crop(
    seed: int, index: int, size: int, options: SynthOptions, photos: Photos | None = None, side: Side | None = None
) -> Scene:
    """Compose the scene of one square picture with one hand in its middle, `hands[0]`."""
    streams = streams_of(seed, index)
    material = hand_material(streams.skin, options.skin)
    company = streams.company.random()
    company = company if options.second_hand else 1.0
    hand, other, apart = _hands(streams, company, side)
    limb = limb_of(hand, material, streams.skin)
    view = _view(streams.view, limb, size, options)
    assembly = Assembly()
    assembly.add(limb, material, view.rotation, view.shift)
    placed = [Placed(view.of(limb.joints), limb.palm, limb.side, 0)]
    if other is not None:
        near = apart is None and streams.company.random() < OTHER_SKIN
        skin = hand_material(streams.company, options.skin) if near else material
        second = limb_of(other, skin, streams.company)
        there, scale = _beside(streams.company, limb, second, view, apart)
        part = assembly.add(second, skin, there.rotation, there.shift, scale)
        placed.append(
            Placed(second.joints @ (scale * there.rotation).T + there.shift, limb.palm, second.side, part)
        )
    if options.objects:
        _add_things(assembly, streams.things, limb, view)
    meshes = assembly.meshes()
    if len(meshes[-1]) > 1 and _buried(placed[0], view.matrix, size, meshes):
        return compose_crop(seed, index, size, replace(options, second_hand=False, objects=False), photos, side)
    return Scene(
        *meshes, tuple(placed), light_of(streams.light, options), view.matrix,
        background_of(streams.background, (size, size), options, photos, material),
        brightness_of(streams.light, material, options), *_cast_shade(streams.light, size, options),
    )  # fmt: skip


def _view(rng: Generator, limb: Limb, size: int, options: SynthOptions) -> View:
    """Draw a view from which the hand can be seen."""
    part = np.zeros(len(limb.triangles), np.int32)
    for _ in range(VIEWS):
        rotation = sample_rotation(rng, limb.arm, options.viewpoints)
        distance = math.exp(rng.uniform(math.log(NEAREST_CAMERA), math.log(FARTHEST_CAMERA)))
        middle = rotation @ (limb.joints.min(0) + limb.joints.max(0)) / 2
        closest = float((limb.joints @ rotation.T)[:, 2].min() - middle[2])
        shift = np.array([0.0, 0.0, max(distance, 1.2 - closest)]) - middle
        joints = limb.joints @ rotation.T + shift
        matrix = frame_hand(rng, joints, size)
        vertices = (limb.vertices @ rotation.T + shift).astype(np.float32)
        codes = occlusion_of(joints, matrix, (size, size), 0, vertices, limb.triangles, part)
        if (codes == Occlusion.SELF).sum() <= HIDDEN:
            break
    return View(rotation, shift, matrix)


def _buried(
    hand: Placed, matrix: Doubles, size: int, meshes: tuple[Floats, Floats, Integers, Integers, Floats]
) -> bool:
    """Return whether something else hides too many of a hand's keypoints."""
    vertices, _, triangles, part, _ = meshes
    codes = occlusion_of(hand.joints, matrix, (size, size), hand.part, vertices, triangles, part)
    return int((codes == Occlusion.OTHER).sum()) > BURIED


def _cast_shade(rng: Generator, size: int, options: SynthOptions) -> tuple[float, tuple[float, float]]:
    on = rng.random() < 0.35 and options.light
    shade, x, y = rng.uniform(0.1, 0.65), rng.normal(0, 0.05), rng.normal(0.03, 0.05)
    return (float(shade) if on else 0.0), (float(x * size), float(y * size))


def _hands(
    streams: Streams, company: float, side: Side | None
) -> tuple[PosedHand, PosedHand | None, Doubles | None]:
    """Draw the hand, the one that touches it or stands near it, and (4, 4) the motion that joins the two."""
    asset = load_asset()
    if company >= PAIRED:
        hand = sample_hand(streams.hand, asset, side)
        return hand, (sample_hand(streams.company, asset, None) if company < PAIRED + BESIDE else None), None
    pair = sample_pair(streams.hand, asset)
    while side is not None and side not in (pair.first.side, pair.second.side):
        pair = sample_pair(streams.hand, asset)
    if side in (None, pair.first.side):
        return pair.first, pair.second, pair.first_from_second
    return pair.second, pair.first, np.asarray(np.linalg.inv(pair.first_from_second), np.float64)


def _beside(rng: Generator, limb: Limb, second: Limb, view: View, motion: Doubles | None) -> tuple[View, float]:
    """Return where the second hand is, and its palm lengths in the first's.

    It is moved as its pair says, (4, 4) in metres, else anywhere near, before or behind.
    """
    scale = second.palm / limb.palm
    if motion is not None:
        turn, move = view.rotation @ motion[:3, :3], view.shift + view.rotation @ motion[:3, 3] / limb.palm
        return View(turn, move, view.matrix), scale
    turn = sample_rotation(rng, second.arm)
    centre = view.of(limb.joints).mean(0)
    apart = rng.normal(0, 0.9, 3) + np.array([0, 0, rng.choice([-0.6, 0.7, 1.5])])
    move = centre + apart - turn @ second.joints.mean(0) * scale
    move[2] = max(move[2], 1.5)
    return View(turn, move, view.matrix), scale


def _add_things(assembly: Assembly, rng: Generator, limb: Limb, view: View) -> None:
    """Add what the hand holds and what hides part of it, each sometimes."""
    joints, kind = limb.joints.astype(np.float32), rng.random()
    if kind < HELD and (thing := held(rng, joints)) is not None:
        assembly.add(thing, _matter(rng), view.rotation, view.shift)
    elif kind > 1 - BENEATH and view.rotation[2, 2] > 0.25:
        assembly.add(beneath(rng, joints), _matter(rng), view.rotation, view.shift)
    if rng.random() < IN_FRONT:
        eye = -(view.rotation.T @ view.shift) - joints.mean(0)
        towards = (eye / np.linalg.norm(eye)).astype(np.float32)
        assembly.add(in_front(rng, joints, towards), _matter(rng), view.rotation, view.shift)


def _matter(rng: Generator) -> Floats:
    """Draw the material of a thing."""
    row = thing_material(rng)
    if rng.random() < FLESHY:
        row[CLOTH_R : CLOTH_B + 1] = np.array(linear_of_lab(*skin_tone(rng))) * rng.uniform(0.7, 1.0)
        row[CLOTH2_R : CLOTH2_B + 1] = row[CLOTH_R : CLOTH_B + 1] * rng.uniform(0.6, 1.0)
    return row


def compose_scene(
    seed: int, index: int, size: tuple[int, int], options: SynthOptions, photos: Photos | None = None
) -> Scene:
    """Compose a whole picture with none to four hands of different sizes, to train a detector on."""
    streams = streams_of(seed, index)
    height, width = size
    focal = max(size) * math.exp(streams.view.uniform(math.log(0.7), math.log(1.7)))
    matrix = np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1.0]])
    assembly, placed = Assembly(), []
    material = hand_material(streams.skin, options.skin)
    for _ in range(int(streams.view.choice(5, p=[0.10, 0.38, 0.34, 0.10, 0.08]))):
        if streams.skin.random() < 0.3:
            material = hand_material(streams.skin, options.skin)
        limb = limb_of(sample_hand(streams.hand, load_asset(), None), material, streams.skin)
        rotation = sample_rotation(streams.view, limb.arm, options.viewpoints)
        centre = _somewhere(streams.view, focal, size)
        view = View(rotation, centre - rotation @ limb.joints.mean(0), matrix)
        part = assembly.add(limb, material, view.rotation, view.shift)
        placed.append(Placed(view.of(limb.joints), limb.palm, limb.side, part))
        if options.objects:
            _add_things(assembly, streams.things, limb, view)
    if options.objects and streams.things.random() < 0.3:
        _add_distractor(assembly, streams.things, focal, size)
    return Scene(
        *assembly.meshes(), tuple(placed), light_of(streams.light, options), matrix,
        background_of(streams.background, size, options, photos, material),
        brightness_of(streams.light, material, options),
    )  # fmt: skip


def _somewhere(rng: Generator, focal: float, size: tuple[int, int]) -> Doubles:
    """Draw the middle of a hand: one whose two palm lengths cover 6 to 70 % of the picture's longer side."""
    share = math.exp(rng.uniform(math.log(0.06), math.log(0.70)))
    depth = max(2.0 * focal / (share * max(size)), 1.6)
    x, y = rng.uniform(0.05, 0.95) - 0.5, rng.uniform(0.05, 0.95) - 0.5
    return np.array([x * size[1] * depth / focal, y * size[0] * depth / focal, depth])


def _add_distractor(assembly: Assembly, rng: Generator, focal: float, size: tuple[int, int]) -> None:
    """Add a thing anywhere, at times of the colour of skin."""
    material = _matter(rng)
    joints = np.zeros((21, 3), np.float32)
    thing = in_front(rng, joints, np.array([0, 0, -1], np.float32))
    assembly.add(thing, material, random_rotation(rng), _somewhere(rng, focal, size), rng.uniform(0.5, 3.0))
