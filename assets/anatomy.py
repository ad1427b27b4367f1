"""Say of every vertex where it is in anatomy's terms: finger, way along it, side, palm, nail, forearm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.hand_rig import FINGERS, Rig, Triangles, chain, normals, section, smooth, smoothstep, unit
from assets.mpfb import Array

PALMAR_PADS = ((0, 2.72, 0.0, -0.9), *((finger, 2.88, 0.0, -0.7) for finger in range(1, FINGERS)))
"""Where pinches meet: finger, way along (0 knuckle, 1 PIP, 2 DIP, 3 tip), sideways and dorsal in finger radii."""
REST_SPOTS = ((1, 1.55, 0.7, 0.7), (2, 1.5, 0.4, 0.9), (3, 1.5, 0.4, 0.9), (1, 1.5, 1.0, 0.0))
"""Where a thumb rests: the backs of the index, middle and ring fingers (fist), the side of the index (key)."""


@dataclass(frozen=True)
class Anatomy:
    """Hold one value a vertex (V,); lengths along a finger count joints, across it finger radii."""

    finger: NDArray[np.uint8]  # 0 palm and arm, 1 thumb .. 5 little
    along: Array  # 0 first joint, 1, 2, 3 tip; -1 off the fingers
    lateral: Array  # + to the thumb's side
    dorsal: Array  # + to the nail's side
    palmar: Array  # 0 back of the hand .. 1 palm
    nail: Array  # 0 .. 1
    forearm: Array  # palm lengths from the wrist down the arm, negative on the hand


def finger_of(weights: Array) -> tuple[NDArray[np.int64], Array]:
    """Return which finger (0 .. 4) each vertex follows most, and by how much."""
    share = np.stack([weights[:, 1 + 3 * f : 4 + 3 * f].sum(1) for f in range(FINGERS)], 1)
    return share.argmax(1), share.max(1)


def joint_radii(vertices: Array, triangles: Triangles, rig: Rig) -> Array:
    """Return (21,) half thicknesses of the fingers at the joints: root mean squares over cross-sections."""
    radii = np.full(21, 0.12)
    owner, share = finger_of(rig.weights)
    for finger in range(FINGERS):
        joints = rig.joints[chain(finger)]
        mask = (owner == finger) & (share > 0.5)
        for k in range(4):
            segment = min(k, 2)
            axis = unit(joints[segment + 1] - joints[segment])
            point = joints[k]
            if k == 0:
                point = joints[0] + (0.85 if finger == 0 else 0.6) * (joints[1] - joints[0])
            elif k == 3:
                point = joints[2] + 0.72 * (joints[3] - joints[2])
            cut = section(vertices, triangles, mask, point, axis)
            away = cut - cut.mean(0)
            radii[chain(finger)[k]] = np.sqrt(np.mean(np.sum((away - np.outer(away @ axis, axis)) ** 2, axis=1)))
    return radii


def describe(vertices: Array, triangles: Triangles, rig: Rig, nail: NDArray[np.bool_]) -> Anatomy:
    """Work out the coordinates of every vertex."""
    normal = normals(vertices, triangles)
    owner, share = finger_of(rig.weights)
    on_finger = share > 0.25
    along, lateral, dorsal = (np.full(len(vertices), value) for value in (-1.0, 0.0, 0.0))
    palmar = smoothstep((normal[:, 2] + 0.3) / 0.6)
    for finger in range(FINGERS):
        mask = on_finger & (owner == finger)
        s, side, up = _finger_coordinates(vertices[mask], rig.joints[chain(finger)], rig.dorsal[finger])
        tip = (s > 2.2) & (s < 2.8)
        radius = np.median(np.hypot(side[tip], up[tip]))
        along[mask], lateral[mask], dorsal[mask] = s, side / radius, up / radius
        palmar[mask] = smoothstep((-normal[mask] @ rig.dorsal[finger] + 0.35) / 0.7)
    palmar *= smoothstep((vertices[:, 1] + 0.12) / 0.18)
    return Anatomy(
        np.where(on_finger, owner + 1, 0).astype(np.uint8),
        along,
        lateral,
        dorsal,
        smooth(palmar[:, None], triangles, 3)[:, 0],
        nail.astype(float),
        -vertices[:, 1],
    )


def _finger_coordinates(vertices: Array, joints: Array, dorsal: Array) -> tuple[Array, Array, Array]:
    """Return the way along the nearest bone (0 .. 3), and the offsets to the thumb's side and to the back."""
    ways, sides, ups, distances = [], [], [], []
    for k in range(3):
        length = np.linalg.norm(joints[k + 1] - joints[k])
        axis = (joints[k + 1] - joints[k]) / length
        up = unit(dorsal - dorsal @ axis * axis)
        away = vertices - joints[k]
        way = away @ axis / length
        across = away - np.outer(away @ axis, axis)
        beyond = np.maximum(0, np.maximum(-way, way - 1)) * length
        ways.append(way + k)
        sides.append(across @ np.cross(up, axis))
        ups.append(across @ up)
        distances.append(np.hypot(np.linalg.norm(across, axis=1), beyond))
    nearest = np.argmin(distances, axis=0)
    pick = np.arange(len(vertices))
    return tuple(np.stack(values)[nearest, pick] for values in (ways, sides, ups))


def nearest_vertices(anatomy: Anatomy, spots: tuple[tuple[int, float, float, float], ...]) -> NDArray[np.uint16]:
    """Return the vertex nearest to each spot (finger, along, lateral, dorsal)."""
    found = []
    for finger, along, lateral, dorsal in spots:
        away = (
            (2.5 * (anatomy.along - along)) ** 2
            + (anatomy.lateral - lateral) ** 2
            + (anatomy.dorsal - dorsal) ** 2
            + 1e6 * (anatomy.finger != finger + 1)
        )
        found.append(int(np.argmin(away)))
    return np.array(found, np.uint16)
