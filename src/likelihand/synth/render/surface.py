"""Where on a hand a point lies: the coordinates in which skin is painted, and an arm that goes on past the mesh.

Skin is a solid texture (Perlin, "An image synthesizer", 1985; Peachey, 1985): colour is a function of the place in
the rest pose, so that no atlas, no photograph and no seam is needed. Everything is in palm lengths (wrist to
middle knuckle) in the hand's own frame: x towards the thumb's side, y towards the fingers, z out of the palm.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from likelihand.synth.hand.asset import HandAsset, load_asset
from likelihand.synth.render.attributes import (
    ACROSS,
    ALONG,
    ARM,
    ATTRIBUTES,
    FINGER,
    KNUCKLE,
    PALM,
    PLACE,
    RAISED,
)
from likelihand.utils.arrays import Floats, Integers

_RINGS: Final = 0.45 * 1.28 ** np.arange(10)
"""Palm lengths between the rings that continue the arm: ever wider apart."""
_KNUCKLES: Final = ((0.17, 0.9), (0.12, 1.0), (0.09, 0.7))
"""Of a finger's three knuckles, how far around them they show in palm lengths, and how much."""
_ARM_END, _ARM_BEFORE = 0.5, 0.9
"""Palm lengths before the open end between which vertices give the arm's direction."""


@dataclass(frozen=True, eq=False)
class Surface:
    """A hand mesh ready to be painted.

    Attributes:
        attributes: (V + E, 10) float32, see `attributes.Spot`; the last E vertices continue the arm.
        triangles: (F, 3) int32 of a right hand, counter-clockwise seen from outside.
        wound: (F, 3) int32, the triangles of a left hand: the same, wound the other way round.
        rim: (R,) int32, the ring of vertices at the open end of the forearm.
        before: (R,) int32, vertices a little nearer to the hand, which give the arm's direction.
    """

    attributes: Floats
    triangles: Integers
    wound: Integers
    rim: Integers
    before: Integers

    def extended(self, vertices: Floats, bend: Floats) -> Floats:
        """Return the vertices (V + E, 3) with the forearm continued into an upper arm, palm lengths.

        `bend` (3,) is added to the arm's unit direction at the elbow.
        """
        ring = vertices[self.rim]
        centre = ring.mean(0)
        direction = _unit(_unit(centre - vertices[self.before].mean(0)) + bend)
        reach = np.cumsum(_RINGS)[:, None, None]
        around = ring - centre
        around = around - (around @ direction)[:, None] * direction
        turns = (np.arange(len(around)) - np.arange(-3, 4)[:, None]) % len(around)
        around = 1.1 * around[turns].mean(0)
        rings = centre + reach * direction + around[None] * (1.0 + 0.3 * np.tanh(0.3 * reach))
        return np.concatenate([vertices, rings.reshape(-1, 3)]).astype(np.float32)


@cache
def hand_surface() -> Surface:
    """Prepare the package's hand, once per process."""
    return surface_of(load_asset())


def surface_of(asset: HandAsset) -> Surface:
    """Prepare a hand: gather its painting coordinates and continue its forearm.

    Raises:
        ValueError: the mesh has no opening at the forearm.
    """
    attributes = np.zeros((len(asset.solid), ATTRIBUTES), np.float32)
    attributes[:, :3] = asset.solid
    attributes[:, ALONG], attributes[:, ACROSS], attributes[:, RAISED] = asset.along, asset.lateral, asset.raised
    attributes[:, FINGER], attributes[:, PALM], attributes[:, ARM] = asset.finger, asset.palmar, asset.forearm
    joints = asset.joints / np.float32(asset.palm_length)
    attributes[:, KNUCKLE] = _knuckles(asset.solid, joints) * (1.0 - asset.palmar)
    rim = _rim(asset.triangles)
    end = asset.forearm[rim].min()
    before = np.flatnonzero(
        (asset.forearm > end - _ARM_BEFORE) & (asset.forearm < end - _ARM_END) & (asset.finger == 0)
    )
    rings, faces = [attributes], [asset.triangles]
    size = len(rim)
    for k, reach in enumerate(np.cumsum(_RINGS), 1):
        ring = attributes[rim].copy()
        ring[:, PLACE + 1] -= reach
        ring[:, ARM] += reach
        rings.append(ring)
        outer = len(attributes) + (k - 1) * size + np.arange(size)
        inner = rim if k == 1 else outer - size
        turn = np.roll(np.arange(size), -1)
        faces += [np.stack([inner[turn], inner, outer], 1), np.stack([inner[turn], outer, outer[turn]], 1)]
    triangles = np.concatenate(faces).astype(np.int32)
    wound = np.ascontiguousarray(triangles[:, [0, 2, 1]])
    return Surface(np.concatenate(rings), triangles, wound, rim.astype(np.int32), before.astype(np.int32))


def _knuckles(place: Floats, joints: Floats) -> Floats:
    """Return (V,) how near a vertex is to a knuckle, 0..1."""
    strength = np.zeros(len(place))
    for finger in range(5):
        for k, (width, height) in enumerate(_KNUCKLES):
            first = 2 + min(k, 1) if finger == 0 else 4 * finger + 1 + k
            distance = np.linalg.norm(place - joints[first], axis=1)
            strength = np.maximum(strength, height * np.exp(-((distance / width) ** 2)))
    return np.asarray(strength, np.float32)


def _rim(triangles: Integers) -> NDArray[np.int64]:
    """Return the longest loop of edges that belong to one triangle only, in the order in which triangles run."""
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    inside = {(int(b), int(a)) for a, b in edges}
    following = {int(a): int(b) for a, b in edges if (int(a), int(b)) not in inside}
    loops: list[list[int]] = []
    while following:
        vertex, loop = next(iter(following)), []
        while vertex in following:
            loop.append(vertex)
            vertex = following.pop(vertex)
        loops.append(loop)
    if not loops:
        raise ValueError("the hand mesh is closed; bake it with an open end at the forearm")
    return np.array(max(loops, key=len))


def _unit(vector: Floats) -> Floats:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), np.float32)
