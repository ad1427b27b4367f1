"""Draw the shape of one person's hand: child to adult, slim to broad, each bone of its own length and girth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from likelihand.synth.compiled import compiled
from likelihand.synth.hand.asset import BONES, ELBOW, FOREARM, Floats, HandAsset
from likelihand.synth.hand.kinematics import Doubles, Skeleton, make_skeleton

FINGER_BONES: Final = slice(1, FOREARM)


@dataclass(frozen=True, slots=True)
class HandShape:
    """One person's right hand in its rest pose.

    Attributes:
        vertices: (V, 3) float32 metres, hand frame.
        skeleton: where its bones are.
        radii: (21,) half thickness of the finger at each keypoint, metres.
        palm_length: metres from the wrist to the middle knuckle.
    """

    vertices: Floats
    skeleton: Skeleton
    radii: Doubles
    palm_length: float


@compiled
def _blend_affine(
    vertices: Floats, bones: NDArray[np.uint8], shares: Floats, stretch: Doubles, shift: Doubles
) -> Floats:
    moved = np.empty_like(vertices)
    for v in range(len(vertices)):
        for i in range(3):
            total = 0.0
            for k in range(bones.shape[1]):
                share = shares[v, k]
                if share > 0:
                    b = bones[v, k]
                    total += share * (
                        stretch[b, i, 0] * vertices[v, 0]
                        + stretch[b, i, 1] * vertices[v, 1]
                        + stretch[b, i, 2] * vertices[v, 2]
                        + shift[b, i]
                    )
            moved[v, i] = total
    return moved


@compiled
def _combine(coefficients: Floats, components: Floats, start: Floats) -> Floats:
    total = start.copy()
    for k in range(len(coefficients)):
        for v in range(len(start)):
            for i in range(3):
                total[v, i] += coefficients[k] * components[k, v, i]
    return total


def _bone_stretches(rng: np.random.Generator, joints: Doubles, asset: HandAsset) -> tuple[Doubles, Doubles]:
    """Return a stretch (18, 3, 3) of every bone in rest space, and its thickness factor (18,).

    Each bone deviates by itself, each finger by itself and all fingers together (standard deviations of 3, 4 and
    4.5 % in length, 2, 2 and 3.5 % in thickness), and the whole hand in breadth (6 %): what is left of people's
    variety where shapes are 16 components of one model. Hands outside the limits below look deformed.
    """
    length, thickness = 1 + rng.normal(0, 0.03, BONES), 1 + rng.normal(0, 0.02, BONES)
    finger_length = (1 + rng.normal(0, 0.04, 5)) * (1 + rng.normal(0, 0.045))
    breadth = float(np.clip(1 + rng.normal(0, 0.06), 0.86, 1.16))
    finger_thickness = (1 + rng.normal(0, 0.02, 5)) * breadth * (1 + rng.normal(0, 0.035))
    length[FINGER_BONES] *= np.repeat(finger_length, 3)
    thickness[FINGER_BONES] *= np.repeat(finger_thickness, 3)
    length, thickness = np.clip(length, 0.82, 1.2), np.clip(thickness, 0.8, 1.28)
    starts = joints[asset.heads[FINGER_BONES]]
    along = joints[asset.heads[FINGER_BONES] + 1] - starts
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    stretch = np.zeros((BONES, 3, 3))
    stretch[:] = np.eye(3) * thickness[:, None, None]
    stretch[FINGER_BONES] += (length - thickness)[FINGER_BONES, None, None] * along[:, :, None] * along[:, None, :]
    stretch[0] = np.diag([breadth, 1.0, np.clip(breadth * (1 + rng.normal(0, 0.05)), 0.85, 1.2)])
    arm = breadth * float(np.clip(1 + rng.normal(0, 0.05), 0.85, 1.15))
    stretch[FOREARM] = stretch[ELBOW] = np.diag([arm, 1.0, arm])
    thickness[0] = breadth
    return stretch, thickness


def sample_shape(rng: np.random.Generator, asset: HandAsset) -> HandShape:
    """Draw one person's hand; a pure function of the state of `rng`.

    Sixteen principal components of MakeHuman's people set age, sex, ancestry and build; then each bone is
    stretched and thickened on its own, about its joint, so that the joints move with the skin.
    """
    coefficients = np.clip(rng.normal(0, 0.9, len(asset.components)), -2.3, 2.3).astype(np.float32)
    vertices: Floats = _combine(coefficients, asset.components, asset.solid)
    mean_joints = _combine(coefficients, asset.joint_components, asset.joints / np.float32(asset.palm_length))
    log_size = float(asset.size_components @ coefficients) + rng.normal(0, asset.size_spread)
    palm_length = asset.palm_length * float(np.exp(np.clip(log_size, -0.5, 0.3)))
    joints: Doubles = mean_joints.astype(np.float64)
    stretch, thickness = _bone_stretches(rng, joints, asset)
    heads, centres = joints[asset.heads], joints[asset.heads].copy()
    for bone in range(1, FOREARM):
        parent = asset.parents[bone]
        centres[bone] = centres[parent] + stretch[parent] @ (heads[bone] - heads[parent])
    shift = centres - np.einsum("bij,bj->bi", stretch, heads)
    vertices = _blend_affine(vertices, asset.weight_bones, asset.weight_shares, stretch, shift)
    moved = joints.copy()
    moved[asset.heads[:FOREARM]] = centres[:FOREARM]
    for finger in range(5):
        bone, tip = 3 * finger + 3, 4 * finger + 4
        moved[tip] = stretch[bone] @ joints[tip] + shift[bone]
    carriers = np.repeat(np.arange(5), 4) * 3 + np.tile([1, 2, 3, 3], 5)
    radii = asset.radii.astype(np.float64)
    radii[1:] *= thickness[carriers]
    radii[0] *= thickness[0]
    return HandShape(
        vertices * np.float32(palm_length),
        make_skeleton(moved * palm_length, asset.dorsal),
        radii * palm_length,
        palm_length,
    )
