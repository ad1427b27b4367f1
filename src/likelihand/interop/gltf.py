"""Fitted hands as glTF 2.0 (.glb): a skinned mesh with its skeleton, and its movement; y up, metres."""

import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from likelihand.interop.animation import Clip
from likelihand.reconstruction.mesh import MESH_BONES, MESH_PARENTS
from likelihand.synth.hand.asset import vertex_normals
from likelihand.uncertainty import FloatArray
from likelihand.utils.files import write_atomically

_TYPES: Final = {1: "SCALAR", 3: "VEC3", 4: "VEC4", 16: "MAT4"}
_COMPONENTS: Final = {np.dtype(np.float32): 5126, np.dtype(np.uint32): 5125, np.dtype(np.uint8): 5121}
"""glTF's numbers for the types of elements (specification 2.0, 3.6.2)."""
_SKIN_COLOUR: Final = [0.80, 0.58, 0.47, 1.0]


class _Document:
    """A glTF document and its one binary buffer."""

    def __init__(self) -> None:
        self.binary = bytearray()
        self.json: dict[str, Any] = {
            "asset": {"version": "2.0", "generator": "likelihand"},
            **{key: [] for key in ("nodes", "meshes", "skins", "accessors", "bufferViews")},
            "materials": [
                {
                    "pbrMetallicRoughness": {
                        "baseColorFactor": _SKIN_COLOUR,
                        "metallicFactor": 0,
                        "roughnessFactor": 0.7,
                    },
                    "doubleSided": True,
                }
            ],
        }

    def append(self, part: str, entry: dict[str, Any]) -> int:
        """Append an entry to a part, and return its number."""
        entries: list[dict[str, Any]] = self.json.setdefault(part, [])
        entries.append(entry)
        return len(entries) - 1

    def array(self, values: NDArray[Any], bounds: bool = False) -> int:
        """Append an array (n,) or (n, width), and return its accessor's number."""
        flat = values.reshape(len(values), -1)
        self.binary += b"\0" * (-len(self.binary) % 4)
        view = {"buffer": 0, "byteOffset": len(self.binary), "byteLength": flat.nbytes}
        self.binary += np.ascontiguousarray(flat).tobytes()
        entry: dict[str, Any] = {
            "bufferView": self.append("bufferViews", view),
            "componentType": _COMPONENTS[values.dtype],
            "count": len(flat),
            "type": _TYPES[flat.shape[1]],
        }
        if bounds:
            entry |= {"min": flat.min(0).tolist(), "max": flat.max(0).tolist()}
        return self.append("accessors", entry)

    def bytes(self) -> bytes:
        """Return the document as .glb."""
        self.binary += b"\0" * (-len(self.binary) % 4)
        self.json["buffers"] = [{"byteLength": len(self.binary)}]
        text = json.dumps(self.json, allow_nan=False).encode()
        text += b" " * (-len(text) % 4)
        size = 12 + 8 + len(text) + 8 + len(self.binary)
        head = struct.pack("<4sII", b"glTF", 2, size) + struct.pack("<I4s", len(text), b"JSON")
        return head + text + struct.pack("<I4s", len(self.binary), b"BIN\0") + bytes(self.binary)


def glb(clips: Sequence[Clip]) -> bytes:
    """Return hands as .glb: a node, a skin and a skeleton per hand, and one animation of all."""
    document = _Document()
    channels: list[dict[str, Any]] = []
    samplers: list[dict[str, Any]] = []
    start = min(clip.seconds[0] for clip in clips)
    roots = [node for clip in clips for node in _add(document, clip, start, channels, samplers)]
    document.json |= {"scene": 0, "scenes": [{"nodes": roots}]}
    document.json["animations"] = [{"name": "hands", "channels": channels, "samplers": samplers}]
    return document.bytes()


def write_glb(clips: Sequence[Clip], path: str | Path) -> Path:
    """Write hands as .glb; see `glb`."""
    write_atomically(path, glb(clips))
    return Path(path)


def _add(
    document: _Document, clip: Clip, start: float, channels: list[dict[str, Any]], samplers: list[dict[str, Any]]
) -> list[int]:
    """Add a hand, its seconds counted from `start`, and return its nodes without parents."""
    quaternions, heads = quaternions_of(clip.turns), clip.person.heads * clip.scale
    first = len(document.json["nodes"])
    for bone, name in enumerate(MESH_BONES):
        place = clip.places[0] if bone == 0 else heads[bone] - heads[MESH_PARENTS[bone]]
        node: dict[str, Any] = {"name": f"{clip.name}_{name}", "translation": place.tolist()}
        node["rotation"] = quaternions[0, bone].tolist()
        if children := [first + child for child, parent in enumerate(MESH_PARENTS) if parent == bone]:
            node["children"] = children
        document.append("nodes", node)
    seconds = document.array((clip.seconds - start).astype(np.float32), bounds=True)
    movements = [(0, "translation", clip.places)]
    movements += [(bone, "rotation", quaternions[:, bone]) for bone in range(len(MESH_BONES))]
    for bone, path, values in movements:
        samplers.append({"input": seconds, "output": document.array(values.astype(np.float32))})
        channels.append({"sampler": len(samplers) - 1, "target": {"node": first + bone, "path": path}})
    return [first, document.append("nodes", _skinned(document, clip, heads, first))]


def _skinned(document: _Document, clip: Clip, heads: FloatArray, first: int) -> dict[str, Any]:
    """Add a hand's mesh and skin, and return the node that shows them."""
    person = clip.person
    vertices = (person.vertices * clip.scale).astype(np.float32)
    bones = np.argsort(-person.weights, axis=1, kind="stable")[:, :4]
    shares = np.take_along_axis(person.weights, bones, 1)
    bones[shares == 0] = 0
    attributes = {
        "POSITION": document.array(vertices, bounds=True),
        "NORMAL": document.array(vertex_normals(vertices, person.triangles.astype(np.int32))),
        "JOINTS_0": document.array(bones.astype(np.uint8)),
        "WEIGHTS_0": document.array((shares / shares.sum(1, keepdims=True)).astype(np.float32)),
    }
    triangles = document.array(person.triangles.astype(np.uint32).reshape(-1))
    primitive = {"attributes": attributes, "indices": triangles, "material": 0}
    inverse = np.tile(np.eye(4, dtype=np.float32), (len(heads), 1, 1))
    inverse[:, 3, :3] = -heads  # glTF stores matrices by columns
    mesh = document.append("meshes", {"name": clip.name, "primitives": [primitive]})
    joints = list(range(first, first + len(heads)))
    skin = document.append(
        "skins", {"joints": joints, "skeleton": first, "inverseBindMatrices": document.array(inverse)}
    )
    return {"name": clip.name, "mesh": mesh, "skin": skin}


def quaternions_of(turns: FloatArray) -> FloatArray:
    """Return unit quaternions (F, ..., 4), x, y, z, w, of turns (F, ..., 3, 3), without jumps of sign over F.

    Of the four forms of Shepperd (1978) the one is taken whose divisor is largest.

    Example:
        >>> quaternions_of(np.array([[[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]])).round(4)
        array([[0.    , 0.    , 0.7071, 0.7071]])
    """
    r = np.moveaxis(turns, (-2, -1), (0, 1))
    x, y, z = r[0, 0], r[1, 1], r[2, 2]
    squares = np.stack([1 + x - y - z, 1 - x + y - z, 1 - x - y + z, 1 + x + y + z], -1)
    a, b, c = r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1]
    d, e, f = r[0, 1] + r[1, 0], r[0, 2] + r[2, 0], r[1, 2] + r[2, 1]
    s0, s1, s2, s3 = np.moveaxis(squares, -1, 0)
    forms = np.stack(
        [np.stack(row, -1) for row in ((s0, d, e, a), (d, s1, f, b), (e, f, s2, c), (a, b, c, s3))], -2
    )
    best = squares.argmax(-1)[..., None, None]
    out = np.take_along_axis(forms, np.broadcast_to(best, (*best.shape[:-2], 1, 4)), -2)[..., 0, :]
    out = out / np.linalg.norm(out, axis=-1, keepdims=True)
    steps = np.sign((out[1:] * out[:-1]).sum(-1, keepdims=True))
    signs = np.concatenate([np.ones_like(out[:1, ..., :1]), np.cumprod(np.where(steps == 0, 1, steps), 0)])
    return np.asarray(out * signs)
