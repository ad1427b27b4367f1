"""Scenes end to end in a few buffers, so that a batch of them reaches a GPU in as many copies."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from likelihand.synth import shading as s
from likelihand.synth.lighting import DIRECTIONS, Light, frames_of
from likelihand.synth.raster import NEAR
from likelihand.synth.render import MARGIN
from likelihand.synth.scene import Scene

Floats = NDArray[np.float32]

_SHADOWS: Final = s.LAMP_COLUMNS
_BRIGHTNESS: Final = _SHADOWS + 1
_SHADE: Final = _BRIGHTNESS + 1
_FRAMES: Final = _SHADE + 3
_SKY: Final = _FRAMES + 9 * DIRECTIONS


class Packed(NamedTuple):
    """Scenes end to end on the host: a tuple of tensors, which a `DataLoader` can hand over and pin.

    Attributes:
        vertices: (V, 3) float32; attributes: (V, 10) float32.
        triangles: (F, 3) int32 into the scene's own vertices; part: (F,) int32 into its own materials.
        materials: (P, 44) float32; hands: (P,) bool, whether a part is a labelled hand.
        background: (N, height, width, 3) float32.
        table: (N, 140) float32, a row of numbers a scene: lamps, exposure, shade, sky.
        camera: (N, 4) float64, focal lengths and centre: fx, cx, fy, cy in pixels.
        counts: (N, 3) int64, vertices, triangles and parts of each scene.
    """

    vertices: Tensor
    attributes: Tensor
    triangles: Tensor
    part: Tensor
    materials: Tensor
    hands: Tensor
    background: Tensor
    table: Tensor
    camera: Tensor
    counts: Tensor


@dataclass(frozen=True)
class Batch:
    """Scenes end to end, as tensors of one device.

    Attributes:
        vertices: (V, 3); attributes: (V, 10).
        points: (V, 2) raster samples, NaN for vertices that are not before the camera.
        triangles: (F, 3) into the vertices; part: (F,) into the materials.
        of_triangle, of_vertex: (F,) and (V,), the number of the scene.
        materials: (P, 44); hands: (P,) bool, whether a part is a labelled hand.
        lamps: (N, 27) as `shading.LAMP_COLUMNS`; shadows: (N,) bool.
        frames: (N, 9, 3, 3) of the sky's directions; sky: (N, 9, 3) their colours.
        background: (N, height, width, 3); brightness: (N,).
        shade: (N, 3) how much the hand darkens what is behind it, and the shift (x, y) of that in pixels.
    """

    vertices: Tensor
    attributes: Tensor
    points: Tensor
    triangles: Tensor
    part: Tensor
    of_triangle: Tensor
    of_vertex: Tensor
    materials: Tensor
    hands: Tensor
    lamps: Tensor
    shadows: Tensor
    frames: Tensor
    sky: Tensor
    background: Tensor
    brightness: Tensor
    shade: Tensor

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self.background.shape[1], self.background.shape[2]


def pack(scenes: Sequence[Scene], pin: bool = False) -> Packed:
    """Put scenes of one size end to end; this needs no GPU, so that a loader's process can do it.

    Args:
        scenes: what `compose_crop` or `compose_scene` put together.
        pin: into page-locked memory, from which a GPU copies faster.

    Raises:
        ValueError: there is no scene, or their sizes differ.
    """
    sizes = {scene.size for scene in scenes}
    if len(sizes) != 1:
        raise ValueError(f"a batch needs scenes of one size, not {sorted(sizes)}; render each size on its own")
    counts = [(len(scene.vertices), len(scene.triangles), len(scene.materials)) for scene in scenes]
    known = [{hand.part for hand in scene.hands} for scene in scenes]
    hands = [part in own for own, (_, _, parts) in zip(known, counts, strict=True) for part in range(parts)]
    camera = np.stack([scene.matrix for scene in scenes])[:, [0, 0, 1, 1], [0, 2, 1, 2]]
    return Packed(
        vertices=_joined([scene.vertices for scene in scenes], pin),
        attributes=_joined([scene.attributes for scene in scenes], pin),
        triangles=_joined([scene.triangles for scene in scenes], pin),
        part=_joined([scene.part for scene in scenes], pin),
        materials=_joined([scene.materials for scene in scenes], pin),
        hands=_joined([np.array(hands, np.bool_)], pin),
        background=_joined([scene.background[None] for scene in scenes], pin),
        table=_joined([_table(scenes)], pin),
        camera=_joined([camera.astype(np.float64)], pin),
        counts=_joined([np.array(counts, np.int64)], pin),
    )


def _joined(arrays: Sequence[NDArray[Any]], pin: bool) -> Tensor:
    """Put arrays end to end, over all threads of PyTorch."""
    parts = [torch.from_numpy(np.require(array, requirements=["C", "W"])) for array in arrays]
    shape = (sum(len(part) for part in parts), *parts[0].shape[1:])
    return torch.cat(parts, out=torch.empty(shape, dtype=parts[0].dtype, pin_memory=pin))


def _table(scenes: Sequence[Scene]) -> Floats:
    """Give what is one number a scene, (N, 140)."""
    columns_of = zip(*(scene.light for scene in scenes), strict=True)
    light = Light._make(np.array(column) for column in columns_of)
    centre, radius = balls(scenes)
    count = len(scenes)
    columns: list[Any] = [
        light.key, light.key_colour, light.second, light.second_colour, light.shininess,
        frames_of(light.key.astype(np.float32)), centre, radius, light.softness, light.shadows,
        [scene.brightness for scene in scenes], [(scene.shade, *scene.shade_shift) for scene in scenes],
        frames_of(light.sky.reshape(-1, 3).astype(np.float32)), light.sky_colour,
    ]  # fmt: skip
    return np.concatenate([np.asarray(column, np.float32).reshape(count, -1) for column in columns], 1)


def balls(scenes: Sequence[Scene]) -> tuple[Floats, Floats]:
    """Give `render.bounds` of every scene: centres (N, 3) and radii (N,), palm lengths."""
    number = np.array([len(scene.hands) for scene in scenes])
    of = np.repeat(np.arange(len(scenes)), number)
    joints = np.array([hand.joints for scene in scenes for hand in scene.hands]).reshape(-1, 21, 3)
    centre, radius = np.zeros((len(scenes), 3)), np.zeros(len(scenes))
    np.add.at(centre, of, joints.mean(1))
    centre /= np.maximum(number, 1)[:, None]
    np.maximum.at(radius, of, np.linalg.norm(joints - centre[of, None], axis=2).max(1))
    return centre.astype(np.float32), (radius + MARGIN).astype(np.float32)


def batch_of(packed: Packed, device: torch.device | str) -> Batch:
    """Bring packed scenes to a device, and number their triangles through."""
    there = Packed(*(tensor.to(device, non_blocking=True) for tensor in packed))
    first = there.counts.cumsum(0) - there.counts
    of_triangle = _owner(there.counts[:, 1], len(packed.triangles))
    of_vertex = _owner(there.counts[:, 0], len(packed.vertices))
    table = there.table
    return Batch(
        vertices=there.vertices,
        attributes=there.attributes,
        points=_samples(there.vertices, there.camera, of_vertex),
        triangles=there.triangles + first[of_triangle, 0, None],
        part=there.part + first[of_triangle, 2],
        of_triangle=of_triangle,
        of_vertex=of_vertex,
        materials=there.materials,
        hands=there.hands,
        lamps=table[:, : s.LAMP_COLUMNS],
        shadows=table[:, _SHADOWS] > 0,
        frames=table[:, _FRAMES:_SKY].reshape(-1, DIRECTIONS, 3, 3),
        sky=table[:, _SKY:].reshape(-1, DIRECTIONS, 3),
        background=there.background,
        brightness=table[:, _BRIGHTNESS],
        shade=table[:, _SHADE:_FRAMES],
    )


def _owner(counts: Tensor, total: int) -> Tensor:
    """Give the number of the scene of each of `total` things, of which every scene has so many."""
    return torch.repeat_interleave(torch.arange(len(counts), device=counts.device), counts, output_size=total)


def _samples(vertices: Tensor, camera: Tensor, of: Tensor) -> Tensor:
    """Project vertices to raster samples as `labels.screen_points` does, in double precision: (V, 2)."""
    focal, centre = camera[of, 0::2], camera[of, 1::2]
    depth = vertices[:, 2:].double()
    points = (vertices[:, :2].double() / depth * focal + centre).float() * s.SAMPLES
    return torch.where(vertices[:, 2:] >= NEAR, points, torch.nan)
