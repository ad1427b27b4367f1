"""The hand that every rendered hand is shaped and posed from: MakeHuman's CC0 mesh with a corrected rig.

The *hand frame*, here and in every module of geometry: metres, origin at the wrist keypoint, +y from the wrist to
the middle knuckle, +x to the thumb's side, +z out of the palm; this is a right hand. The bones: 0 hand, 1 to 3
thumb, 4 to 6 index, 7 to 9 middle, 10 to 12 ring, 13 to 15 little finger, 16 forearm, 17 its elbow end.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from io import BytesIO
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

BONES: Final = 18
FOREARM: Final = 16
ELBOW: Final = 17
PARENTS: Final = (-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 0, 10, 11, 0, 13, 14, 0, 16)
HEADS: Final = (0, 1, 2, 3, 5, 6, 7, 9, 10, 11, 13, 14, 15, 17, 18, 19, 0, 0)
"""The keypoint about which each bone turns."""


@dataclass(frozen=True, slots=True)
class HandAsset:
    """The mean right hand in its rest pose, and how it may change.

    Attributes:
        vertices: (V, 3) metres, hand frame.
        triangles: (F, 3) int32, counter-clockwise seen from outside; open only where the forearm was cut.
        joints: (21, 3) the keypoints of the rest pose, metres.
        palm_length: metres from the wrist to the middle knuckle of the mean hand.
        size_spread: standard deviation of the log of the palm length that the shape does not explain.
        components: (16, V, 3) change of the vertices in palm lengths per standard deviation of each component.
        joint_components: (16, 21, 3) the same of the joints.
        size_components: (16,) change of the log of the palm length.
        weight_bones: (V, 4) uint8, the bones that move each vertex.
        weight_shares: (V, 4) by how much; a row sums to one.
        parents: (18,) bone above each bone, -1 for the hand.
        heads: (18,) keypoint about which each bone turns.
        dorsal: (5, 3) unit vectors out of the nails, thumb first.
        radii: (21,) half thickness of the finger at each keypoint, palm lengths.
        solid: (V, 3) rest coordinates in palm lengths: the same for every shape, for solid textures.
        finger: (V,) uint8, 0 palm and forearm, 1 thumb to 5 little finger.
        part: (V,) int8, where collisions are asked for: -1 forearm, 0 palm and roots of fingers, 1 thumb from its
            knuckle, 2 index to 5 little finger from the middle of the first phalanx.
        along: (V,) way along the finger: 0 first joint, 1, 2, 3 tip; -1 off the fingers.
        lateral: (V,) offset from the finger's axis to the thumb's side, finger radii.
        raised: (V,) offset from the finger's axis to the nail's side, finger radii.
        palmar: (V,) 0 back of the hand to 1 palm side.
        nail: (V,) 0 skin, 1 nail.
        forearm: (V,) palm lengths from the wrist down the forearm, negative on the hand.
        pads: (5,) vertex in the middle of each finger tip's pad.
        thumb_rests: (4,) vertices on which a thumb rests: backs of index, middle, ring; side of the index.
        palm: (n,) vertices of the palm, its edges and the ball of the thumb: skin that fingers may run into.
        thenar: (n,) how much of each follows the thumb's metacarpal.
        normals: (V, 3) unit normals of the mean hand at rest.
        contacts: by gesture, poses (n, 24) in radians whose thumb touches what it should, on hands near the mean.
    """

    vertices: Floats
    triangles: NDArray[np.int32]
    joints: Floats
    palm_length: float
    size_spread: float
    components: Floats
    joint_components: Floats
    size_components: Floats
    weight_bones: NDArray[np.uint8]
    weight_shares: Floats
    parents: NDArray[np.int64]
    heads: NDArray[np.int64]
    dorsal: Floats
    radii: Floats
    solid: Floats
    finger: NDArray[np.uint8]
    part: NDArray[np.int8]
    along: Floats
    lateral: Floats
    raised: Floats
    palmar: Floats
    nail: Floats
    forearm: Floats
    pads: NDArray[np.int64]
    thumb_rests: NDArray[np.int64]
    palm: NDArray[np.int64]
    thenar: Floats
    normals: Floats
    contacts: Mapping[str, NDArray[np.float64]]

    def weights(self) -> Floats:
        """Return the skin weights as a dense matrix (V, 18)."""
        dense = np.zeros((len(self.vertices), BONES), np.float32)
        np.add.at(dense, (np.arange(len(dense))[:, None], self.weight_bones), self.weight_shares)
        return dense


def vertex_normals(vertices: Floats, triangles: NDArray[np.int32]) -> Floats:
    """Return unit normals (V, 3): the mean of the triangles around each vertex, weighted by area."""
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    face = np.cross(b - a, c - a)
    total = np.zeros_like(vertices)
    for k in range(3):
        np.add.at(total, triangles[:, k], face)
    return np.asarray(total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-20), np.float32)


def _read(part: str) -> dict[str, NDArray[Any]]:
    """Return the arrays of one part ("asset" or "contacts") named in provenance.json, whose checksum must fit."""
    folder = resources.files("likelihand.synth.hand").joinpath("assets")
    record = json.loads(folder.joinpath("provenance.json").read_text())[part]
    content = folder.joinpath(record["file"]).read_bytes()
    if hashlib.sha256(content).hexdigest() != record["sha256"]:
        raise ValueError(
            f"synth/hand/assets/{record['file']} is damaged (its SHA-256 differs): install likelihand again"
        )
    with np.load(BytesIO(content), allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def _parts(finger: NDArray[np.uint8], along: Floats, forearm: Floats) -> NDArray[np.int8]:
    part = np.where(along > np.where(finger == 1, 0.9, 0.45), finger.astype(np.int8), np.int8(0))
    return np.asarray(np.where(forearm > 0.5, -1, part), np.int8)


@cache
def load_asset() -> HandAsset:
    """Load the hand from the package, once per process.

    Raises:
        ValueError: a file differs from what its provenance says.
    """
    data = _read("asset")
    palm_length = float(np.exp(data["size"][0]))
    solid, triangles = data["vertices"], data["triangles"].astype(np.int32)
    along, lateral, raised, palmar, nail, forearm = data["anatomy"].astype(np.float32)
    shares = data["weight_shares"].astype(np.float32)
    shares /= shares.sum(1, keepdims=True)
    normals = vertex_normals(solid, triangles)
    of_hand, of_thumb = (np.sum(shares * (data["weight_bones"] == bone), axis=1) for bone in (0, 1))
    palm = np.flatnonzero((of_hand + of_thumb > 0.5) & (normals[:, 2] > -0.3) & (solid[:, 1] > 0.05))
    asset = HandAsset(
        vertices=solid * np.float32(palm_length),
        triangles=triangles,
        joints=data["joints"] * np.float32(palm_length),
        palm_length=palm_length,
        size_spread=float(data["size"][1]),
        components=data["components"] * data["component_steps"][:, None, None],
        joint_components=data["joint_components"],
        size_components=data["size_components"].astype(np.float32),
        weight_bones=data["weight_bones"],
        weight_shares=shares,
        parents=np.array(PARENTS),
        heads=np.array(HEADS),
        dorsal=data["dorsal"],
        radii=data["radii"],
        solid=solid,
        finger=data["finger"],
        part=_parts(data["finger"], along, forearm),
        along=along,
        lateral=lateral,
        raised=raised,
        palmar=palmar,
        nail=nail,
        forearm=forearm,
        pads=data["pads"].astype(np.int64),
        thumb_rests=data["thumb_rests"].astype(np.int64),
        palm=palm,
        thenar=of_thumb[palm],
        normals=normals,
        contacts={name: poses.astype(np.float64) for name, poses in _read("contacts").items()},
    )
    for name in HandAsset.__slots__:
        value = getattr(asset, name)
        if isinstance(value, np.ndarray):
            value.setflags(write=False)
    return asset
