"""Hands as .glb: read again from the bytes, and by pygltflib where it is installed."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from likelihand.interop.animation import clips_of
from likelihand.interop.gltf import glb, quaternions_of, write_glb
from likelihand.reconstruction.mesh import mesh_of
from tests.interop.fitted import film

WIDTHS = {"SCALAR": 1, "VEC3": 3, "VEC4": 4, "MAT4": 16}
TYPES = {5126: np.float32, 5125: np.uint32, 5121: np.uint8}


def parsed(content: bytes) -> tuple[dict[str, Any], list[np.ndarray]]:
    """Return the JSON and the arrays of a .glb."""
    magic, version, size = struct.unpack_from("<4sII", content)
    assert (magic, version, size) == (b"glTF", 2, len(content))
    length, kind = struct.unpack_from("<I4s", content, 12)
    document = json.loads(content[20 : 20 + length])
    more, binary = struct.unpack_from("<I4s", content, 20 + length)
    assert (kind, binary, more) == (b"JSON", b"BIN\0", document["buffers"][0]["byteLength"])
    data, arrays = content[28 + length :], []
    for accessor in document["accessors"]:
        view, width = document["bufferViews"][accessor["bufferView"]], WIDTHS[accessor["type"]]
        values = np.frombuffer(
            data, TYPES[accessor["componentType"]], accessor["count"] * width, view["byteOffset"]
        )
        assert values.nbytes == view["byteLength"]
        arrays.append(values.reshape(-1, width))
    return document, arrays


def turn_of(q: np.ndarray) -> np.ndarray:
    x, y, z, w = q
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def skinned(document: dict[str, Any], arrays: list[np.ndarray], hand: int) -> np.ndarray:
    """Return the vertices of a hand in the first frame, as the specification has a viewer compute them."""
    nodes, world = document["nodes"], {}

    def visit(number: int, above: np.ndarray) -> None:
        local = np.eye(4)
        local[:3, :3] = turn_of(np.array(nodes[number].get("rotation", [0, 0, 0, 1])))
        local[:3, 3] = nodes[number].get("translation", [0, 0, 0])
        world[number] = above @ local
        for child in nodes[number].get("children", []):
            visit(child, world[number])

    for root in document["scenes"][0]["nodes"]:
        visit(root, np.eye(4))
    skin = document["skins"][hand]
    parts = document["meshes"][hand]["primitives"][0]["attributes"]
    inverse = arrays[skin["inverseBindMatrices"]].reshape(-1, 4, 4).swapaxes(1, 2)
    joints = np.array([world[joint] for joint in skin["joints"]]) @ inverse
    vertices = np.concatenate([arrays[parts["POSITION"]], np.ones((len(arrays[parts["POSITION"]]), 1))], 1)
    blend = np.einsum("vk,vkij->vij", arrays[parts["WEIGHTS_0"]], joints[arrays[parts["JOINTS_0"]]])
    return (blend @ vertices[..., None])[:, :3, 0]


def test_a_viewer_shows_the_fitted_skin() -> None:
    lines, tracks = film(1)
    document, arrays = parsed(glb(clips_of(lines, 1.0)))
    for hand, (found,) in enumerate(tracks):
        seen = (
            skinned(document, arrays, hand)
            - document["nodes"][document["skins"][hand]["joints"][0]]["translation"]
        )
        np.testing.assert_allclose(seen, mesh_of(found).vertices * [1, -1, -1], atol=3e-3)


def test_the_animation_moves_every_bone_over_all_frames() -> None:
    lines, _ = film(3)
    document, arrays = parsed(glb(clips_of(lines)))
    animation = document["animations"][0]
    assert len(animation["channels"]) == 2 * 17
    for sampler in animation["samplers"]:
        np.testing.assert_allclose(arrays[sampler["input"]][:, 0], [0, 0.04, 0.08], atol=1e-6)
        assert len(arrays[sampler["output"]]) == 3
    assert np.isfinite(np.concatenate([a.ravel() for a in arrays if a.dtype == np.float32])).all()


def test_hands_keep_one_clock() -> None:
    """A hand that comes later moves later, not from the first frame on."""
    lines, _ = film(3)
    lines[0]["hands"] = lines[0]["hands"][:1]
    document, arrays = parsed(glb(clips_of(lines)))
    inputs = {sampler["input"] for sampler in document["animations"][0]["samplers"]}
    times = sorted(arrays[number][:, 0].round(6).tolist() for number in inputs)
    np.testing.assert_allclose(times[0], [0, 0.04, 0.08], atol=1e-6)
    np.testing.assert_allclose(times[1], [0.04, 0.08], atol=1e-6)


def test_quaternions_are_the_turns() -> None:
    rng = np.random.default_rng(0)
    q = rng.normal(size=(50, 4))
    q /= np.linalg.norm(q, axis=1, keepdims=True)
    q[:3] = np.eye(4)[:3]  # half turns, where the scalar part is 0
    turns = np.array([turn_of(each) for each in q])
    np.testing.assert_allclose([turn_of(each) for each in quaternions_of(turns)], turns, atol=1e-12)
    found = quaternions_of(turns)
    assert ((found[1:] * found[:-1]).sum(1) >= -1e-12).all()


def test_pygltflib_reads_it(tmp_path: Path) -> None:
    pygltflib = pytest.importorskip("pygltflib")
    lines, _ = film(2)
    read = pygltflib.GLTF2().load_binary(str(write_glb(clips_of(lines), tmp_path / "hands.glb")))
    assert [skin.joints[0] for skin in read.skins] == [0, 17]
    assert read.nodes[0].name == "right_hand_0_hand"
    assert len(read.animations[0].channels) == 34
