"""Rendered pictures with their labels: the entry points of the renderer."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from likelihand.structures import Side
from likelihand.synth.layers import composite, render_layers
from likelihand.synth.options import SynthOptions
from likelihand.synth.render.effects import blurred, developed
from likelihand.synth.scene.background import Photos
from likelihand.synth.scene.compose import EFFECTS, compose_crop, compose_scene, stream_of
from likelihand.synth.scene.labels import HandLabel, Occlusion, keypoints_of, label_hand, occlusion_of
from likelihand.synth.scene.scene import Scene


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A rendered picture.

    Attributes:
        image: (height, width, 3) uint8 RGB.
        hands: the truth about every hand; of a crop the first is the one in the middle.
        camera: (3, 3) float64, takes the camera's frame (x right, y down, z forward) to corner-origin pixels.
    """

    image: NDArray[np.uint8]
    hands: tuple[HandLabel, ...]
    camera: NDArray[np.float64]


def render_picture(
    seed: int,
    index: int,
    size: int = 160,
    options: SynthOptions | None = None,
    photos: Photos | None = None,
    side: Side | None = None,
) -> Picture:
    """Render a square picture of one hand, with what is around it.

    Args:
        seed: whole number from 0; with `index` it decides everything about the picture.
        index: whole number from 0.
        size: side in pixels.
        options: the ingredients; all where None.
        photos: photos for the background; generated clutter where None.
        side: "left" or "right"; drawn where None.

    Returns:
        The picture and its truth.

    Raises:
        ValueError: `size` is under 16, or a number is negative.

    Example:
        >>> picture = render_picture(0, 0, 32)
        >>> picture.image.shape, picture.hands[0].points.shape
        ((32, 32, 3), (21, 2))
    """
    options = options or SynthOptions()
    _check_size(size, size)
    scene = compose_crop(seed, index, size, options, photos, side)
    return finish(scene, seed, index, options)


def render_scene(
    seed: int,
    index: int,
    size: tuple[int, int] = (320, 320),
    options: SynthOptions | None = None,
    photos: Photos | None = None,
) -> Picture:
    """Render a whole picture with none to four hands.

    Args:
        seed: whole number from 0.
        index: whole number from 0.
        size: (height, width) in pixels.
        options: the ingredients; all where None.
        photos: photos for the background; generated clutter where None.

    Returns:
        The picture and its truth; a hand is left out that shows on less than 4 % of its box, or of which
        fewer than 7 keypoints are inside the picture and free of other things.

    Raises:
        ValueError: a side is under 16, or a number is negative.
    """
    options = options or SynthOptions()
    _check_size(*size)
    picture = finish(compose_scene(seed, index, size, options, photos), seed, index, options)
    return Picture(picture.image, tuple(hand for hand in picture.hands if _shows(hand)), picture.camera)


def _shows(hand: HandLabel) -> bool:
    """Return whether enough of a hand is in the picture and in front to be called visible."""
    height, width = hand.mask.shape
    x0, y0, x1, y1 = np.clip(hand.box, 0, [width, height, width, height]).astype(int)
    shown = int(hand.mask[y0:y1, x0:x1].sum())
    open_ = int((hand.occlusion <= Occlusion.SELF).sum())
    return open_ >= 7 and shown >= max(12.0, 0.04 * float(np.prod(hand.box[2:] - hand.box[:2])))


def finish(scene: Scene, seed: int, index: int, options: SynthOptions) -> Picture:
    """Render a scene, apply the camera, and label the hands."""
    layers = render_layers(scene)
    light = composite(layers, scene)
    effects = stream_of(seed, index, EFFECTS) if options.effects else None
    image = developed(light if effects is None else blurred(light, effects), effects)
    return Picture(image, labels_of(scene, layers.part), scene.matrix)


def labels_of(scene: Scene, part: NDArray[np.int32]) -> tuple[HandLabel, ...]:
    """Label every hand of a scene; `part` says which body each pixel shows."""
    labels = []
    for hand in scene.hands:
        keypoints = keypoints_of(hand.joints)
        occlusion = occlusion_of(
            keypoints, scene.matrix, scene.size, hand.part, scene.vertices, scene.triangles, scene.part
        )
        mask = part == hand.part
        labels.append(label_hand(keypoints, scene.matrix, hand.metres, hand.side, occlusion, mask))
    return tuple(labels)


def _check_size(height: int, width: int) -> None:
    if min(height, width) < 16:
        raise ValueError(f"size {height} x {width} is too small to show a hand; give at least 16 pixels per side")
