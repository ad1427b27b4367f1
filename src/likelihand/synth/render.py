"""From a scene to light: the road that every rendered picture takes on a CPU."""

from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from likelihand.synth.labels import screen_points
from likelihand.synth.lighting import FAR, SHADOW_MAP, frames_of, height_map, sky_light
from likelihand.synth.raster import rasterise, vertex_normals
from likelihand.synth.scene import Scene
from likelihand.synth.shading import SAMPLES, Body, Lamp, shade
from likelihand.synth.texture import noise_volume

Floats = NDArray[np.float32]
LUMINANCE: Final = np.array([0.2126, 0.7152, 0.0722], np.float32)
_MARGIN: Final = 0.45


class Layers(NamedTuple):
    """A picture before it is put on its background.

    Attributes:
        colour: (height, width, 4) float32, linear RGB times coverage, and coverage 0..1.
        part: (height, width) int32, the nearest part of each pixel, -1 where none.
    """

    colour: Floats
    part: NDArray[np.int32]


def lamp_and_body(scene: Scene) -> tuple[Lamp, Body]:
    """Work out a scene's normals, its skylight at every vertex and its shadow map."""
    light = scene.light
    centre, radius = bounds(scene)
    normals = vertex_normals(scene.vertices, scene.triangles)
    frames = frames_of(light.sky)
    sky = sky_light(scene.vertices, normals, scene.triangles, frames, light.sky_colour, centre, radius)
    frame = frames_of(light.key[None])[0]
    if light.shadows > 0:
        nearest = height_map(scene.vertices, scene.triangles, frame, centre, radius, SHADOW_MAP)
    else:
        nearest = np.full((2, 2), FAR, np.float32)
    body = Body(scene.vertices, normals, scene.attributes, sky, scene.triangles, scene.part, scene.materials)
    lamp = Lamp(
        light.key, light.key_colour, light.softness, light.second, light.second_colour, light.shininess,
        frame, centre, radius, nearest,
    )  # fmt: skip
    return lamp, body


def bounds(scene: Scene) -> tuple[Floats, float]:
    """Give the centre and radius of the ball around the hands, in which shadows are worked out."""
    joints = np.concatenate([hand.joints for hand in scene.hands]) if scene.hands else np.zeros((1, 3))
    centre = joints.mean(0)
    radius = float(np.linalg.norm(joints - centre, axis=1).max()) + _MARGIN
    return centre.astype(np.float32), radius


def render_layers(scene: Scene) -> Layers:
    """Draw the solids of a scene."""
    height, width = scene.size
    if not len(scene.triangles):
        return Layers(np.zeros((height, width, 4), np.float32), np.full((height, width), -1, np.int32))
    lamp, body = lamp_and_body(scene)
    points = screen_points(scene.vertices, scene.matrix) * np.float32(SAMPLES)
    depth = np.ascontiguousarray(scene.vertices[:, 2])
    fragments = rasterise(points, depth, scene.triangles, (SAMPLES * height, SAMPLES * width))
    return Layers(*shade(body, fragments, lamp, noise_volume()))


def exposure(layers: Layers, scene: Scene) -> float:
    """Give the gain that brings the hands' mean light to the scene's brightness."""
    parts = [hand.part for hand in scene.hands]
    on = np.isin(layers.part, parts) & (layers.colour[..., 3] > 0.99)
    if not on.any():
        return 1.0
    return float(scene.brightness / (float((layers.colour[on, :3] @ LUMINANCE).mean()) + 1e-4))


def composite(layers: Layers, scene: Scene) -> Floats:
    """Put the solids on their background: (height, width, 3) linear RGB, exposed."""
    behind = scene.background
    alpha = layers.colour[..., 3]
    if scene.shade > 0:
        behind = behind * (1.0 - scene.shade * soft_shadow(alpha, scene.shade_shift))[..., None]
    gain = np.float32(exposure(layers, scene))
    return np.asarray(layers.colour[..., :3] * gain + behind * (1.0 - alpha)[..., None], np.float32)


def soft_shadow(alpha: Floats, shift: tuple[float, float]) -> Floats:
    """Blur and move a coverage: what a hand near a wall does to the light on it."""
    small = cv2.resize(alpha, (40, 40), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), 2.0)
    height, width = alpha.shape
    matrix = np.array([[width / 40, 0, shift[0]], [0, height / 40, shift[1]]], np.float32)
    return np.asarray(cv2.warpAffine(small, matrix, (width, height), flags=cv2.INTER_LINEAR), np.float32)
