"""A hand of a random person in a random pose, as the renderer takes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from likelihand.structures import Side
from likelihand.synth.hand.anatomy import ANGLES, LIMITS, THUMB, THUMB_ELEVATION, THUMB_IP, THUMB_MCP, WRIST
from likelihand.synth.hand.asset import Floats, HandAsset
from likelihand.synth.hand.collision import Allowance, PalmSkin, make_room
from likelihand.synth.hand.gestures import GESTURES
from likelihand.synth.hand.kinematics import Doubles, Vector, place_bones
from likelihand.synth.hand.pinch_solver import Contact, Problem, touch
from likelihand.synth.hand.pose import Pose, gesture_angles, limit, sample_pose
from likelihand.synth.hand.shape import HandShape, sample_shape
from likelihand.synth.hand.skin import skin, skin_crossings

FINGER_DEPTH = 0.0008
"""Metres by which two fingers' capsules may overlap: skin gives way."""
PALM_DEPTH = 0.002
PINCH_GAP, REST_GAP = 0.001, 0.003
"""Metres between the spots of skin that should touch: of two pads, of a pad and the back of a finger."""
PINCH_DEPTH, REST_DEPTH = 0.055, 0.024
"""Palm lengths by which the thumb's capsules may be in the finger it touches: capsules are thicker than pads."""
SKIN_DEPTH = 0.0012
"""Metres by which skin of one finger may be behind the skin of another, and of a finger behind the palm's."""
PALM_SKIN_DEPTH = 0.0035
THUMB_TIP_BONE = 3
TRIES = 32
"""Poses drawn before a hand is left relaxed."""
LIFTS = 5
LIFT = np.zeros(ANGLES)
LIFT[[THUMB_ELEVATION, THUMB_MCP, THUMB_IP]] = 0.03, -0.04, -0.04
"""Radians by which a thumb that is too deep in the finger it rests on is lifted, so many times."""
FINGER_NAMES = ("", "index", "middle", "ring", "little")


@dataclass(frozen=True, slots=True)
class PosedHand:
    """One hand's geometry in its own frame.

    The frame of a right hand: metres, origin at the wrist, +y from the wrist to the middle knuckle, +x towards the
    thumb's side, +z out of the palm. A left hand is its mirror image (x -> -x) and its triangles are wound the
    other way round, so that they too are counter-clockwise seen from outside.

    Attributes:
        vertices: (V, 3) float32.
        rest: (V, 3) float32 palm lengths: the same anatomy has the same coordinates in every hand.
        triangles: (F, 3) int32.
        joints: (21, 3) float32, the keypoints.
        side: "left" or "right".
        angles: (24,) joint angles in radians, in the order of `kinematics`.
        palm_length: metres from the wrist to the middle knuckle.
        radii: (21,) metres, half thickness of the finger at each keypoint.
        contact: what the thumb touches: "index" .. "little" pad, "rest" on a closed finger, "" nothing.
    """

    vertices: Floats
    rest: Floats
    triangles: NDArray[np.int32]
    joints: Floats
    side: Side
    angles: Doubles
    palm_length: float
    radii: Doubles
    contact: str = ""


def mirrored(hand: PosedHand) -> PosedHand:
    """Return the other hand: x becomes -x exactly, triangles are wound the other way round.

    Example:
        >>> from likelihand.synth.hand.asset import load_asset
        >>> right = sample_hand(np.random.default_rng(0), load_asset(), "right")
        >>> bool(np.all(mirrored(right).joints[:, 0] == -right.joints[:, 0]))
        True
    """
    flip = np.array([-1, 1, 1], np.float32)
    return PosedHand(
        hand.vertices * flip,
        hand.rest,
        np.ascontiguousarray(hand.triangles[:, ::-1]),
        hand.joints * flip,
        "left" if hand.side == "right" else "right",
        hand.angles,
        hand.palm_length,
        hand.radii,
        hand.contact,
    )


def pose_hand(shape: HandShape, angles: Doubles, asset: HandAsset, contact: str = "") -> PosedHand:
    """Return the right hand of `shape` with joint angles (24,) in radians."""
    rotations, translations, joints = place_bones(shape.skeleton, angles)
    vertices = skin(shape.vertices, asset.weight_bones, asset.weight_shares, rotations, translations)
    return PosedHand(
        vertices,
        asset.solid,
        asset.triangles,
        joints.astype(np.float32),
        "right",
        angles,
        shape.palm_length,
        shape.radii,
        contact,
    )


def bring_together(shape: HandShape, pose: Pose, asset: HandAsset) -> tuple[Doubles, bool]:
    """Move thumb and finger until they touch; return the angles (24,) and whether they do (or need not)."""
    if not (pose.pinch or pose.rest):
        return pose.angles, True
    thumb = np.arange(THUMB, WRIST)
    if pose.pinch:
        target, bone = int(asset.pads[pose.pinch]), 3 * pose.pinch + 3
        first = 4 * (pose.pinch - 1)
        active = np.concatenate([thumb, np.arange(first, first + 4)])
    else:
        target, active = int(asset.thumb_rests[pose.rest - 1]), thumb
        bone = 3 * int(asset.finger[target]) - 1
    pad, length = int(asset.pads[0]), shape.palm_length
    depth, allowed_gap = (PINCH_DEPTH, PINCH_GAP) if pose.pinch else (REST_DEPTH, REST_GAP)
    contact = Contact(
        thumb_point=_numbers(shape.vertices[pad]),
        thumb_normal=_numbers(asset.normals[pad]),
        finger_point=_numbers(shape.vertices[target]),
        finger_normal=_numbers(asset.normals[target]),
        thumb_bone=THUMB_TIP_BONE,
        finger_bone=bone,
        palm_length=length,
        depth=depth * length,
    )
    angles, gap = touch(Problem(shape.skeleton, shape.radii, pose.angles, LIMITS, active, contact))
    return angles, gap < allowed_gap


def _numbers(row: Floats) -> Vector:
    x, y, z = row.tolist()
    return x, y, z


def free_fingers(
    shape: HandShape, angles: Doubles, asset: HandAsset, thumb_depth: float = FINGER_DEPTH
) -> tuple[Doubles, bool]:
    """Return the angles (24,) nudged out of overlaps of fingers and palm, and whether that succeeded."""
    palm = asset.palm
    points, normals = shape.vertices[palm].astype(np.float64), asset.normals[palm].astype(np.float64)
    skin_of_palm = PalmSkin(points, normals, asset.thenar.astype(np.float64))
    allowed = Allowance(FINGER_DEPTH, thumb_depth, PALM_DEPTH)
    return make_room(shape.skeleton, angles, LIMITS, shape.radii, skin_of_palm, allowed)


def sample_hand(rng: np.random.Generator, asset: HandAsset, side: Side | None = None) -> PosedHand:
    """Draw a person, a pose and, unless given, a side; a pure function of the state of `rng`.

    Poses whose fingers run into each other or into the palm, and pinches that do not close, are drawn again.
    """
    return sample_hand_of(sample_shape(rng, asset), rng, asset, side)


def sample_hand_of(
    shape: HandShape, rng: np.random.Generator, asset: HandAsset, side: Side | None, names: Sequence[str] = ()
) -> PosedHand:
    """Draw a pose of this person's hand, of the gestures of these names alone where there are any."""
    chosen = side or ("left" if rng.random() < 0.5 else "right")
    hand = _sample_free(rng, shape, asset, names)
    return hand if chosen == "right" else mirrored(hand)


def _sample_free(rng: np.random.Generator, shape: HandShape, asset: HandAsset, names: Sequence[str]) -> PosedHand:
    """Draw poses until one is free of collisions; after many tries, the relaxed one."""
    for _ in range(TRIES):
        pose = sample_pose(rng, asset.contacts, names)
        angles, free = settle(shape, pose, asset)
        if free:
            contact = "rest" if pose.rest else FINGER_NAMES[pose.pinch]
            for _ in range(LIFTS if pose.rest else 1):
                hand = pose_hand(shape, angles, asset, contact)
                crossings = skin_crossings(hand.vertices, asset)
                if crossings[1:].max() < SKIN_DEPTH and crossings[0].max() < PALM_SKIN_DEPTH:
                    return hand
                angles = np.clip(angles + LIFT, LIMITS[:, 0], LIMITS[:, 1])
    return pose_hand(shape, limit(gesture_angles(GESTURES["relaxed"])), asset)


def settle(shape: HandShape, pose: Pose, asset: HandAsset, rounds: int = 2) -> tuple[Doubles, bool]:
    """Return angles (24,) with the fingers apart and the contact closed, and whether both succeeded."""
    if not (pose.pinch or pose.rest):
        return free_fingers(shape, pose.angles, asset)
    angles = pose.angles
    depth = (PINCH_DEPTH if pose.pinch else REST_DEPTH) * shape.palm_length + FINGER_DEPTH
    for _ in range(rounds):
        angles, touching = bring_together(shape, Pose(angles, pose.pinch, pose.rest), asset)
        moved, free = free_fingers(shape, angles, asset, depth)
        if touching and free and np.array_equal(moved, angles):
            return angles, True
        angles = moved
    return angles, False
