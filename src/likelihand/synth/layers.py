"""Render a scene to linear light: layers, shadows and the composite."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from likelihand.synth.compiled import compiled
from likelihand.synth.hand.skin import vertex_normals
from likelihand.synth.render.attributes import Vector
from likelihand.synth.render.light_maps import NOTHING, SHADOW_MAP, frames_of, height_map, sky_light
from likelihand.synth.render.raster import rasterise
from likelihand.synth.render.shading import SAMPLES, Body, Lamps, ShadowMap, shade
from likelihand.synth.render.texture import noise_volume
from likelihand.synth.scene.labels import screen_points
from likelihand.synth.scene.scene import Scene
from likelihand.utils import opencv as cv2
from likelihand.utils.arrays import Floats

MARGIN: Final = 0.45
"""Palm lengths around the joints that shadows reach to."""
SHADE_MAP: Final = 40
SHADE_SIGMA: Final = 2.0
"""Side of the map of what a hand darkens behind it, and the deviation of its blur there, in cells."""
LUMINANCE: Final = (0.2126, 0.7152, 0.0722)
"""Of linear sRGB (ITU-R BT.709)."""


class Layers(NamedTuple):
    """A picture before it is put on its background.

    Attributes:
        colour: (height, width, 4) float32, linear RGB times coverage, and coverage 0..1.
        part: (height, width) int32, the nearest part of each pixel, -1 where none.
    """

    colour: Floats
    part: NDArray[np.int32]


def lamps_and_body(scene: Scene) -> tuple[Lamps, Body]:
    """Compute a scene's normals, its skylight at every vertex and its shadow map."""
    light = scene.light
    centre, radius = bounds(scene)
    normals = vertex_normals(scene.vertices, scene.triangles)
    frames = frames_of(light.sky)
    sky = sky_light(scene.vertices, normals, scene.triangles, frames, light.sky_colour, centre, radius)
    frame = frames_of(light.key[None])[0]
    if light.shadows > 0:
        nearest = height_map(scene.vertices, scene.triangles, frame, centre, radius, SHADOW_MAP)
    else:
        nearest = np.full((2, 2), NOTHING, np.float32)
    corners = np.concatenate([scene.attributes, scene.vertices, normals, sky], 1)
    right, up, forward = map(_numbers, frame)
    lamps = Lamps(
        key=_numbers(light.key),
        key_colour=_numbers(light.key_colour),
        second=_numbers(light.second),
        second_colour=_numbers(light.second_colour),
        shininess=float(light.shininess),
        softness=float(light.softness),
        shadow=ShadowMap(nearest, right, up, forward, _numbers(centre), radius),
    )
    return lamps, Body(corners, scene.triangles, scene.part, scene.materials)


def _numbers(row: Floats) -> Vector:
    """Return an array (3,) as three numbers."""
    x, y, z = row.tolist()
    return x, y, z


def bounds(scene: Scene) -> tuple[Floats, float]:
    """Return the centre and radius of the ball around the hands, in which shadows are computed."""
    joints = np.concatenate([hand.joints for hand in scene.hands]) if scene.hands else np.zeros((1, 3))
    centre = joints.mean(0)
    radius = float(np.linalg.norm(joints - centre, axis=1).max()) + MARGIN
    return centre.astype(np.float32), radius


def render_layers(scene: Scene) -> Layers:
    """Draw the solids of a scene."""
    height, width = scene.size
    if not len(scene.triangles):
        return Layers(np.zeros((height, width, 4), np.float32), np.full((height, width), -1, np.int32))
    lamps, body = lamps_and_body(scene)
    points = screen_points(scene.vertices, scene.matrix) * np.float32(SAMPLES)
    depth = np.ascontiguousarray(scene.vertices[:, 2])
    fragments = rasterise(points, depth, scene.triangles, (SAMPLES * height, SAMPLES * width))
    return Layers(*shade(body, fragments, lamps, noise_volume()))


def composite(layers: Layers, scene: Scene) -> Floats:
    """Composite the solids over their background: (height, width, 3) linear RGB, exposed."""
    behind = scene.background
    if scene.shade > 0:
        behind = behind * (1.0 - scene.shade * soft_shadow(layers.colour[..., 3], scene.shade_shift))[..., None]
    hands = np.zeros(len(scene.materials) + 1, np.bool_)
    hands[[hand.part for hand in scene.hands]] = True
    return _blend(layers.colour, layers.part, hands, behind, scene.brightness)


@compiled
def _blend(
    colour: Floats, part: NDArray[np.int32], hands: NDArray[np.bool_], behind: Floats, brightness: float
) -> Floats:
    """Expose the solids so that the hands' mean light is `brightness`, and lay them over what is behind."""
    height, width = part.shape
    total, count = 0.0, 0
    for i in range(height):
        for j in range(width):
            if hands[part[i, j]] and colour[i, j, 3] > 0.99:
                r, g, b = colour[i, j, 0], colour[i, j, 1], colour[i, j, 2]
                total += LUMINANCE[0] * r + LUMINANCE[1] * g + LUMINANCE[2] * b
                count += 1
    gain = brightness / (total / count + 1e-4) if count > 0 else 1.0
    picture = np.empty((height, width, 3), np.float32)
    for i in range(height):
        for j in range(width):
            clear = 1.0 - colour[i, j, 3]
            for c in range(3):
                picture[i, j, c] = gain * colour[i, j, c] + clear * behind[i, j, c]
    return picture


def soft_shadow(alpha: Floats, shift: tuple[float, float]) -> Floats:
    """Blur and shift a coverage: the soft shadow of a hand on a wall behind it."""
    small = cv2.resize(alpha, (SHADE_MAP, SHADE_MAP), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), SHADE_SIGMA)
    height, width = alpha.shape
    matrix = np.array([[width / SHADE_MAP, 0, shift[0]], [0, height / SHADE_MAP, shift[1]]], np.float32)
    return np.asarray(cv2.warpAffine(small, matrix, (width, height), flags=cv2.INTER_LINEAR), np.float32)
