"""Correct MakeHuman's hand rig: joints where anatomy has them, skin weights to match, coordinates for textures.

Everything is in the hand's own frame in decimetres: origin at the wrist, +y to the middle knuckle, +x to the
thumb's side, +z out of the palm (a right hand). Bones: hand, three a finger (thumb first), forearm, its elbow end.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix

from assets.mpfb import Array, SourceMesh

Triangles = NDArray[np.int32]
FINGERS = 5
BONES = 18
FOREARM, ELBOW = 16, 17
KNUCKLE_RATIO = (1.64, 1.56, 1.62, 1.80)
"""Proximal over middle phalanx, index to little. Bones have 1.78, 1.70, 1.61, 1.81; index and middle are shortened
by 8 %, since MakeHuman's middle phalanges are that much too long there; it puts the knuckles under their bumps."""
KNUCKLE_DEPTH = 0.105  # of the centre of a metacarpal's head under the skin of the back of the hand, in decimetres
JOINT_DEPTH = 0.45  # of PIP, DIP and IP: share of the finger's thickness, from its back
TIP_SHARE = 0.88  # of the way from the last joint to the end of the skin, as human annotators place it
WRIST_SHIFT = 0.08  # towards the middle knuckle, as human annotators place it
THUMB_METACARPAL = 0.47  # decimetres, of a hand 1.84 long


@dataclass(frozen=True)
class Rig:
    """Hold the corrected rig on the mean hand."""

    joints: Array  # (21, 3)
    dorsal: Array  # (5, 3) unit: out of each finger's nail
    weights: Array  # (V, 18)


def chain(finger: int) -> list[int]:
    return [1 + 4 * finger + k for k in range(4)]


def unit(vector: Array) -> Array:
    return np.asarray(vector / np.linalg.norm(vector, axis=-1, keepdims=True))


def smoothstep(value: Array) -> Array:
    value = np.clip(value, 0, 1)
    return np.asarray(value * value * (3 - 2 * value))


def to_hand_frame(vertices: Array, joints: Array) -> tuple[Array, Array, float]:
    """Move vertices and joints into the hand's frame; return also the palm's length (wrist to middle knuckle)."""
    along = joints[9] - joints[0]
    length = float(np.linalg.norm(along))
    y = along / length
    x = joints[5] - joints[17]
    x = unit(x - x @ y * y)
    basis = np.stack([x, y, np.cross(x, y)])
    return (vertices - joints[0]) @ basis.T, (joints - joints[0]) @ basis.T, length


def triangulate(vertices: Array, quads: NDArray[np.int64]) -> Triangles:
    """Split each quad along its shorter diagonal; counter-clockwise seen from outside."""
    first = np.linalg.norm(vertices[quads[:, 0]] - vertices[quads[:, 2]], axis=1)
    second = np.linalg.norm(vertices[quads[:, 1]] - vertices[quads[:, 3]], axis=1)
    flip = first > second
    order = np.where(flip[:, None], np.roll(quads, -1, axis=1), quads)
    return np.concatenate([order[:, [0, 1, 2]], order[:, [0, 2, 3]]]).astype(np.int32)


def normals(vertices: Array, triangles: Triangles) -> Array:
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    face = np.cross(b - a, c - a)
    total = np.zeros_like(vertices)
    for k in range(3):
        np.add.at(total, triangles[:, k], face)
    return unit(total)


def section(vertices: Array, triangles: Triangles, mask: NDArray[np.bool_], point: Array, axis: Array) -> Array:
    """Cut the masked mesh with the plane through `point` across `axis`; return the points cut (n, 3)."""
    kept = triangles[mask[triangles].all(1)]
    height = (vertices - point) @ axis
    found = []
    for a, b in ((0, 1), (1, 2), (2, 0)):
        start, end = height[kept[:, a]], height[kept[:, b]]
        cut = start * end < 0
        share = (start[cut] / (start[cut] - end[cut]))[:, None]
        found.append(vertices[kept[cut, a]] * (1 - share) + vertices[kept[cut, b]] * share)
    return np.concatenate(found)


def _centre(points: Array, point: Array, axis: Array, dorsal: Array, depth: float) -> Array:
    """Move `point` within its cross-section: to the middle sideways, to `depth` of the thickness from the back."""
    dorsal = unit(dorsal - dorsal @ axis * axis)
    across = np.cross(axis, dorsal)
    up, side = (points - point) @ dorsal, (points - point) @ across
    lift = up.max() - depth * (up.max() - up.min())
    return np.asarray(point + lift * dorsal + (side.max() + side.min()) / 2 * across)


def _back_of_hand(vertices: Array, triangles: Triangles, point: Array) -> float:
    """Return z of the skin of the back of the hand over `point`."""
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    area = np.cross(b[:, :2] - a[:, :2], c[:, :2] - a[:, :2])
    area = np.where(np.abs(area) < 1e-12, np.nan, area)
    second = np.cross(point[:2] - a[:, :2], c[:, :2] - a[:, :2]) / area
    third = np.cross(b[:, :2] - a[:, :2], point[:2] - a[:, :2]) / area
    hit = (second >= 0) & (third >= 0) & (second + third <= 1)
    depth = a[:, 2] + second * (b[:, 2] - a[:, 2]) + third * (c[:, 2] - a[:, 2])
    return float(depth[hit].min())


def dorsal_directions(vertices: Array, triangles: Triangles, source: SourceMesh) -> Array:
    """Return (5, 3) unit vectors out of the nails."""
    normal = normals(vertices, triangles)
    owned = [_finger_weight(source, finger) > 0.5 for finger in range(FINGERS)]
    return np.stack([unit(normal[source.nail & own].mean(0)) for own in owned])


def _finger_weight(source: SourceMesh, finger: int) -> Array:
    weights: Array = np.sum([source.weights[f"finger{finger + 1}-{k}"] for k in (1, 2, 3)], axis=0)
    return weights


def correct_joints(vertices: Array, triangles: Triangles, source: SourceMesh, raw: Array) -> Array:
    """Return the joints (21, 3) where anatomy and annotators have them."""
    joints = raw.copy()
    dorsal = dorsal_directions(vertices, triangles, source)
    for finger in range(FINGERS):
        mask = _finger_weight(source, finger) > 0.3
        mcp, pip, dip, tip = chain(finger)
        for joint in (pip, dip) if finger else (dip,):
            axis = unit(raw[joint + 1] - raw[joint - 1])
            points = section(vertices, triangles, mask, raw[joint], axis)
            joints[joint] = _centre(points, raw[joint], axis, dorsal[finger], JOINT_DEPTH)
        joints[tip] = _tip(vertices, triangles, mask, joints[dip], raw[tip], dorsal[finger])
        if finger:
            reach = KNUCKLE_RATIO[finger - 1] * np.linalg.norm(joints[dip] - joints[pip])
            base = raw[pip] + 0.6 * (raw[mcp] - raw[pip])
            axis = unit(joints[pip] - base)
            points = section(vertices, triangles, mask, base, axis)
            base = _centre(points, base, axis, dorsal[finger], JOINT_DEPTH)
            joints[mcp] = joints[pip] - reach * unit(joints[pip] - base)
            joints[mcp, 2] = _back_of_hand(vertices, triangles, joints[mcp]) + KNUCKLE_DEPTH
    joints[2] = raw[2] + 0.1 * (raw[3] - raw[2])
    trapezium = raw[1] + 0.45 * (raw[0] - raw[1]) + 0.05 * (raw[5] - raw[17])
    joints[1] = joints[2] + THUMB_METACARPAL * unit(trapezium - joints[2])
    joints[0] = raw[0] + WRIST_SHIFT * (joints[9] - raw[0])
    return joints


def _tip(
    vertices: Array, triangles: Triangles, mask: NDArray[np.bool_], last: Array, end: Array, dorsal: Array
) -> Array:
    axis = unit(end - last)
    middle = last + 0.6 * (end - last)
    middle = _centre(section(vertices, triangles, mask, middle, axis), middle, axis, dorsal, 0.5)
    axis = unit(middle - last)
    return np.asarray(last + TIP_SHARE * ((vertices[mask] - last) @ axis).max() * axis)


def joint_regressor(vertices: Array, joints: Array, neighbours: int = 24) -> Array:
    """Return (21, V) rows that sum to one and give the joints of any shape as means of nearby skin.

    The least-norm change of equal weights over the nearest vertices, as MakeHuman's own helper cubes would do.
    """
    regressor = np.zeros((len(joints), len(vertices)))
    for row, joint in zip(regressor, joints, strict=True):
        near = np.argsort(np.linalg.norm(vertices - joint, axis=1))[:neighbours]
        system = np.concatenate([vertices[near].T, np.ones((1, neighbours))])
        start = np.full(neighbours, 1 / neighbours)
        row[near] = start + np.linalg.pinv(system) @ (np.append(joint, 1.0) - system @ start)
    return regressor


def smooth(values: Array, triangles: Triangles, rounds: int) -> Array:
    """Average each vertex half with its neighbours, `rounds` times."""
    edges = np.concatenate([triangles[:, pair] for pair in ([0, 1], [1, 2], [2, 0])])
    edges = np.concatenate([edges, edges[:, ::-1]])
    size = len(values)
    adjacency = coo_matrix((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(size, size)).tocsr()
    adjacency.data[:] = 1
    degree = np.asarray(adjacency.sum(1))
    for _ in range(rounds):
        values = 0.5 * values + 0.5 * (adjacency @ values) / degree
    return values


def split_weights(vertices: Array, triangles: Triangles, source: SourceMesh, joints: Array) -> Array:
    """Return skin weights (V, 18) that bend about the corrected joints."""
    of = source.weights
    weights = np.zeros((len(vertices), BONES))
    weights[:, 0] = of["wrist"]
    for k in range(3):
        weights[:, 1 + k] = of[f"finger1-{k + 1}"]
    for finger in range(1, FINGERS):
        first = 1 + 3 * finger
        along = _along(vertices, joints[chain(finger)[0]], joints[chain(finger)[1]])
        moved = smoothstep((along + 0.26) / 0.60)
        metacarpal, phalanx = of[f"metacarpal{finger}"], of[f"finger{finger + 1}-1"]
        weights[:, first] = (metacarpal + phalanx) * moved
        weights[:, 0] += (metacarpal + phalanx) * (1 - moved)
        weights[:, first + 1] = of[f"finger{finger + 1}-2"]
        weights[:, first + 2] = of[f"finger{finger + 1}-3"]
    weights = _pull_thenar(smooth(weights, triangles, 2), vertices, joints)
    weights = smooth(weights, triangles, 2)
    forearm = of["lowerarm01"] + of["lowerarm02"]
    down = np.clip(-vertices[:, 1] / -vertices[:, 1].min(), 0, 1)
    twist = smooth((smoothstep(down) * forearm)[:, None], triangles, 2)[:, 0]
    weights[:, FOREARM], weights[:, ELBOW] = smooth(forearm[:, None], triangles, 2)[:, 0] - twist, twist
    weights = np.where(weights < 0.01, 0, weights)
    return np.asarray(weights / weights.sum(1, keepdims=True))


def _along(vertices: Array, start: Array, end: Array) -> Array:
    return np.asarray((vertices - start) @ (end - start) / np.sum((end - start) ** 2))


def _pull_thenar(weights: Array, vertices: Array, joints: Array) -> Array:
    """Let the ball of the thumb follow its metacarpal."""
    along = _along(vertices, joints[1], joints[2])
    axis = unit(joints[2] - joints[1])
    away = vertices - joints[1]
    radius = np.linalg.norm(away - np.outer(away @ axis, axis), axis=1)
    share = 0.75 * smoothstep((along + 0.05) / 0.6) * smoothstep((0.30 - radius) / 0.16) * (weights[:, 1] < 0.6)
    moved = share * weights[:, 0]
    weights = weights.copy()
    weights[:, 1] += moved
    weights[:, 0] -= moved
    return weights
