"""Scenes, assembled from hands, arms and things."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from likelihand.structures import Side
from likelihand.synth.hand.skin import vertex_normals
from likelihand.synth.render.attributes import ARM, ATTRIBUTES
from likelihand.synth.render.material import COLUMNS, OUT_OF_REACH, SLEEVE_START
from likelihand.synth.render.surface import hand_surface
from likelihand.synth.scene.light import Light
from likelihand.synth.scene.objects import Thing
from likelihand.utils.arrays import Doubles, Floats, Generator, Integers

if TYPE_CHECKING:
    from likelihand.synth.hand.hand_sampler import PosedHand


@dataclass(frozen=True, slots=True, eq=False)
class Limb:
    """A hand with its arm, dressed, in palm lengths, in its own frame.

    Attributes:
        vertices: (V, 3) float32.
        attributes: (V, 10) float32, see `attributes.Spot`.
        triangles: (F, 3) int32.
        joints: (21, 3) float64.
        arm: (3,) unit direction from the wrist to the elbow.
        palm: metres of a palm length.
        side: "left" or "right".
    """

    vertices: Floats
    attributes: Floats
    triangles: Integers
    joints: Doubles
    arm: Doubles
    palm: float
    side: Side


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """A hand in a scene: its keypoints in the camera's frame in palm lengths of the scene, and its part number."""

    joints: Doubles
    metres: float
    side: Side
    part: int


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """Everything that a picture is made of, before the camera's faults.

    Attributes:
        vertices: (V, 3) float32 in the camera's frame, palm lengths.
        attributes: (V, 10) float32.
        triangles: (F, 3) int32.
        part: (F,) int32, row of `materials` of each triangle.
        materials: (P, 44) float32.
        hands: the labelled ones.
        light: the lamps.
        matrix: (3, 3) camera matrix in pixels.
        background: (height, width, 3) float32 linear RGB.
        brightness: mean linear light that the hands' skin is exposed to.
        shade: how much the hand darkens what is behind it, 0..1.
        shade_shift: (x, y) pixels by which that shadow is moved.
    """

    vertices: Floats
    attributes: Floats
    triangles: Integers
    part: Integers
    materials: Floats
    hands: tuple[Placed, ...]
    light: Light
    matrix: Doubles
    background: Floats
    brightness: float
    shade: float = 0.0
    shade_shift: tuple[float, float] = (0.0, 0.0)

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self.background.shape[0], self.background.shape[1]

    def mirrored(self) -> "Scene":
        """Return the scene in a mirror: left hands become right hands, light comes from the other side."""
        flip = np.array([-1, 1, 1], np.float32)
        light = self.light._replace(
            key=self.light.key * flip, second=self.light.second * flip, sky=self.light.sky * flip
        )
        matrix = self.matrix.copy()
        matrix[0, 2] = self.size[1] - matrix[0, 2]
        hands = tuple(
            replace(h, joints=h.joints * flip, side="left" if h.side == "right" else "right") for h in self.hands
        )
        return replace(
            self, vertices=self.vertices * flip, triangles=np.ascontiguousarray(self.triangles[:, ::-1]),
            hands=hands, light=light, matrix=matrix, background=np.ascontiguousarray(self.background[:, ::-1]),
            shade_shift=(-self.shade_shift[0], self.shade_shift[1]),
        )  # fmt: skip


def limb_of(hand: "PosedHand", material: Floats, rng: Generator) -> Limb:
    """Add to a posed hand an upper arm and, where its material has one, a sleeve that stands off the skin."""
    surface = hand_surface()
    palm = float(np.linalg.norm(hand.joints[9] - hand.joints[0]))
    bend = rng.normal(0, 0.5, 3).astype(np.float32)
    if hand.side == "left":
        bend[0] = -bend[0]
    vertices = surface.extended((hand.vertices / palm).astype(np.float32), bend)
    triangles = surface.triangles if hand.side == "right" else surface.wound
    joints = hand.joints.astype(np.float64) / palm
    arm = vertices[surface.rim].mean(0).astype(np.float64) - joints[0]
    width, wave = rng.uniform(0.03, 0.16), rng.uniform(6, 30)
    fold = 0.02 * rng.random()
    start = float(material[SLEEVE_START])
    if start < OUT_OF_REACH:
        along = surface.attributes[:, ARM]
        off = width * (0.5 + 0.5 * np.clip((along - start) / 0.06, 0, 1)) + fold * np.sin(wave * along)
        off = np.where(along > start, off, 0.0).astype(np.float32)
        vertices = vertices + vertex_normals(vertices, triangles) * off[:, None]
    return Limb(vertices, surface.attributes, triangles, joints, arm / np.linalg.norm(arm), palm, hand.side)


class Assembly:
    """Collects meshes in the camera's frame, one part after the other."""

    def __init__(self) -> None:
        self._vertices: list[Floats] = []
        self._attributes: list[Floats] = []
        self._triangles: list[Integers] = []
        self._part: list[Integers] = []
        self._materials: list[Floats] = []
        self._count = 0

    def add(
        self, mesh: Limb | Thing, material: Floats, rotation: Doubles, shift: Doubles, scale: float = 1.0
    ) -> int:
        """Add a mesh, turned, scaled and moved into the camera's frame, and return its part number."""
        vertices = (mesh.vertices @ (scale * rotation).T.astype(np.float32) + shift).astype(np.float32)
        self._triangles.append(mesh.triangles + np.int32(self._count))
        self._part.append(np.full(len(mesh.triangles), len(self._materials), np.int32))
        self._vertices.append(vertices)
        self._attributes.append(mesh.attributes)
        self._materials.append(material)
        self._count += len(vertices)
        return len(self._materials) - 1

    def meshes(self) -> tuple[Floats, Floats, Integers, Integers, Floats]:
        """Return vertices, attributes, triangles, part of each triangle, materials."""
        if not self._vertices:
            return (
                np.zeros((0, 3), np.float32), np.zeros((0, ATTRIBUTES), np.float32), np.zeros((0, 3), np.int32),
                np.zeros(0, np.int32), np.zeros((0, COLUMNS), np.float32),
            )  # fmt: skip
        return (
            np.concatenate(self._vertices),
            np.concatenate(self._attributes),
            np.concatenate(self._triangles).astype(np.int32),
            np.concatenate(self._part),
            np.stack(self._materials),
        )
