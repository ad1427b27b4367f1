"""Things in the hand and things in front of it: boxes, cylinders, spheres, pens, telephones, cups, bars."""

import math
from functools import cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from likelihand.synth.render.attributes import ATTRIBUTES
from likelihand.utils.arrays import Floats, Generator, Integers

Vector = NDArray[np.float32] | NDArray[np.float64]

_AROUND, _ALONG = 20, 13
"""Vertices around and along a thing."""
FLESH: Final = 0.085
"""Half the thickness of a finger in palm lengths: how near a thing may come to a joint."""


class Thing(NamedTuple):
    """A closed mesh in the hand's frame, in palm lengths, with places for its pattern."""

    vertices: Floats
    attributes: Floats
    triangles: Integers


@cache
def _sphere() -> tuple[NDArray[np.float64], NDArray[np.float64], Integers]:
    """Return longitudes, latitudes and triangles of a ball whose axis is y."""
    longitude = np.tile(np.arange(_AROUND) * 2 * math.pi / _AROUND, _ALONG)
    latitude = np.repeat(np.linspace(-math.pi / 2, math.pi / 2, _ALONG), _AROUND)
    triangles = []
    for j in range(_ALONG - 1):
        for i in range(_AROUND):
            a, b = j * _AROUND + i, j * _AROUND + (i + 1) % _AROUND
            triangles += [(a, a + _AROUND, b), (b, a + _AROUND, b + _AROUND)]
    return longitude, latitude, np.array(triangles, np.int32)


def _power(x: NDArray[np.float64], exponent: float) -> NDArray[np.float64]:
    return np.asarray(np.sign(x) * np.abs(x) ** exponent)


def superellipsoid(half: tuple[float, float, float], round_along: float, round_around: float) -> Thing:
    """Make a box, cylinder, ball or anything in between (Barr, "Superquadrics", 1981).

    Args:
        half: half the extent along x, y (the axis) and z.
        round_along: 1 for a ball's profile, towards 0 for flat ends.
        round_around: 1 for a round section, towards 0 for a square one.

    Example:
        >>> superellipsoid((1.0, 2.0, 1.0), 1.0, 1.0).vertices.max(0)
        array([1., 2., 1.], dtype=float32)
    """
    longitude, latitude, triangles = _sphere()
    ring = _power(np.cos(latitude).clip(0), round_along)
    x = ring * _power(np.cos(longitude), round_around)
    z = ring * _power(np.sin(longitude), round_around)
    vertices = np.stack([x, _power(np.sin(latitude), round_along), z], 1) * np.array(half)
    attributes = np.zeros((len(vertices), ATTRIBUTES), np.float32)
    attributes[:, :3] = vertices
    return Thing(vertices.astype(np.float32), attributes, triangles)


def held(rng: Generator, joints: Floats) -> Thing | None:
    """Make a thing where the hand can hold it, as thick as the fingers leave room; None where they leave none."""
    pinch = joints[4] - joints[8 if rng.random() < 0.7 else 12]
    gap = float(np.linalg.norm(pinch))
    if gap < 0.6 and rng.random() < 0.55:
        return _pinched(rng, joints, pinch, gap)
    return _grasped(rng, joints)


def beneath(rng: Generator, joints: Floats) -> Thing:
    """Make what a hand lies on, under its palm side, +z: a table, a keyboard, a book, a ball, a leg."""
    normal = np.array([0.0, 0.0, 1.0]) + rng.normal(0, 0.16, 3)
    normal /= np.linalg.norm(normal)
    top = float((joints @ normal).max()) + FLESH
    wide, long = np.exp(rng.uniform(math.log(0.5), math.log(4.0), 2))
    centre = joints[rng.integers(21)] + rng.normal(0, 0.3, 3)
    if rng.random() < 0.3:
        thick = rng.uniform(0.5, 2.0)
        thing = superellipsoid((thick, max(thick, long), thick), rng.uniform(0.1, 1), 1.0)
    else:
        thick = rng.uniform(0.03, 0.3)
        thing = superellipsoid((wide, long, thick), 0.1, 0.1)
    centre = centre + (top + thick - centre @ normal) * normal
    along, beside = (np.cross(normal, rng.normal(size=3)) for _ in range(2))
    return _placed(thing, centre, _axes(along, beside), 0.0)


def _pinched(rng: Generator, joints: Floats, pinch: Floats, gap: float) -> Thing:
    """Make a pen, a card, a telephone or a ball between thumb and finger."""
    half = max(0.02, gap / 2 - 0.8 * FLESH)
    centre = joints[4] - pinch / 2
    kind = rng.random()
    if kind < 0.4:
        thing = superellipsoid((half, rng.uniform(0.4, 0.9), half), 0.2, 1.0)
    elif kind < 0.7:
        thing = superellipsoid((half, rng.uniform(0.3, 0.8), rng.uniform(0.2, 0.5)), 0.15, 0.15)
    else:
        thing = superellipsoid((half, half * rng.uniform(0.6, 1.6), half * rng.uniform(0.6, 1.6)), 1.0, 1.0)
    along = np.cross(pinch, rng.normal(size=3))
    slide = rng.uniform(-0.3, 0.3) if kind < 0.7 else 0.0
    return _placed(thing, centre, _axes(along, pinch), slide)


def _grasped(rng: Generator, joints: Floats) -> Thing | None:
    """Make a cylinder, box, cup, telephone or ball in the hollow of the hand."""
    flesh = np.concatenate([joints[2:], 0.5 * (joints[[5, 9, 13, 17]] + joints[0])])
    knuckles = joints[5] - joints[17]
    across = knuckles / np.linalg.norm(knuckles)
    hollow = 0.45 * joints[[5, 9, 13, 17]].mean(0) + 0.35 * joints[[8, 12, 16, 20]].mean(0) + 0.2 * joints[4]
    tries = hollow + rng.normal(0, 0.12, (40, 3))
    off = flesh[None] - tries[:, None]
    ball = rng.random() < 0.25
    off = off if ball else off - (off @ across)[..., None] * across
    room = np.linalg.norm(off, axis=2).min(1) - FLESH
    best = int(room.argmax())
    radius = min(float(room[best]), 0.42)
    if radius < 0.05:
        return None
    if ball:
        return _placed(superellipsoid((radius,) * 3, 1.0, 1.0), tries[best], np.eye(3), 0.0)
    long = rng.uniform(0.4, 1.3) if rng.random() < 0.7 else rng.uniform(1.3, 5.0)
    square = 1.0 if rng.random() < 0.6 else 0.2
    half = (radius * (0.8 if square < 1 else 1.0), long, radius * (0.8 if square < 1 else 1.0))
    thing = superellipsoid(half, rng.choice([0.12, 0.12, 0.4]), square)
    return _placed(thing, tries[best], _axes(across, rng.normal(size=3)), rng.uniform(-0.3, 0.3))


def in_front(rng: Generator, joints: Floats, towards: Floats) -> Thing:
    """Make a bar, box or ball between part of the hand and the camera, whose unit direction is `towards`."""
    thick, long = rng.uniform(0.04, 0.3), rng.uniform(0.3, 2.2)
    wide = rng.uniform(0.3, 1.2) if rng.random() < 0.25 else thick
    thing = superellipsoid((wide, long, thick * rng.uniform(0.3, 1.2)), rng.uniform(0.1, 1), rng.uniform(0.1, 1))
    centre = joints[rng.integers(21)] + rng.normal(0, 0.25, 3) + towards * (rng.uniform(0.3, 0.8) + thick)
    along = np.cross(towards, rng.normal(size=3)) + 0.4 * rng.normal(size=3)
    return _placed(thing, centre, _axes(along, towards), 0.0)


def _axes(along: Vector, beside: Vector) -> NDArray[np.float64]:
    """Return (3, 3) columns x, y, z of a frame with y along the first vector and x near the second."""
    y = along / max(float(np.linalg.norm(along)), 1e-9)
    x = beside - (beside @ y) * y
    x = x / max(float(np.linalg.norm(x)), 1e-9)
    return np.stack([x, y, np.cross(x, y)], 1)


def _placed(thing: Thing, centre: Floats, axes: NDArray[np.float64], slide: float) -> Thing:
    """Turn a thing by `axes`, slide it along its own axis and move it to `centre`."""
    vertices = (thing.vertices + np.array([0.0, slide, 0.0])) @ axes.T + centre
    return thing._replace(vertices=vertices.astype(np.float32))
