"""Find, once and for all, poses of the mean hand whose thumb touches what each gesture says, free of collisions.

    python -m assets.bake_contacts

Writes contacts.npz beside the hand. `sample_hand` starts from these: few steps close them on any shape.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from likelihand.synth.hand.anatomy import LIMITS
from likelihand.synth.hand.asset import HandAsset, load_asset
from likelihand.synth.hand.gestures import GESTURES
from likelihand.synth.hand.hand_sampler import PALM_SKIN_DEPTH, SKIN_DEPTH, pose_hand, settle
from likelihand.synth.hand.pose import Pose, gesture_angles, limit
from likelihand.synth.hand.shape import HandShape, sample_shape
from likelihand.synth.hand.skin import skin_crossings

ASSETS = Path(__file__).parents[1] / "src/likelihand/synth/hand/assets"
WANTED = 48
TRIES = 600


def start(rng: np.random.Generator, name: str) -> Pose:
    """Return the gesture with its fingers a little, its thumb anywhere."""
    gesture = GESTURES[name]
    angles = gesture_angles(gesture) + np.radians(rng.normal(0, 6, 24))
    anywhere = rng.uniform(LIMITS[16:21, 0], LIMITS[16:21, 1])
    angles[16:21] += rng.random() * (anywhere - angles[16:21])
    angles[21:] = 0
    return Pose(limit(angles), gesture.pinch, gesture.rest)


def find(rng: np.random.Generator, name: str, shapes: list[HandShape], asset: HandAsset) -> list[np.ndarray]:
    """Return up to `WANTED` poses (24,) of one gesture."""
    found: list[np.ndarray] = []
    for _ in range(TRIES):
        pose, shape = start(rng, name), shapes[rng.integers(len(shapes))]
        angles, free = settle(shape, pose, asset, 5)
        if not free:
            continue
        crossings = skin_crossings(pose_hand(shape, angles, asset).vertices, asset)
        if crossings[1:].max() < SKIN_DEPTH and crossings[0].max() < PALM_SKIN_DEPTH:
            found.append(angles)
        if len(found) == WANTED:
            break
    return found


def main() -> None:
    asset, rng = load_asset(), np.random.default_rng(0)
    calm = replace(asset, components=0.4 * asset.components, joint_components=0.4 * asset.joint_components)
    shapes = [sample_shape(rng, calm) for _ in range(40)]
    names = [name for name, gesture in GESTURES.items() if gesture.pinch or gesture.rest]
    poses = {name: find(rng, name, shapes, asset) for name in tqdm(names)}
    print({name: len(found) for name, found in poses.items()})
    path = ASSETS / "contacts.npz"
    kept = {name: np.array(found, np.float16) for name, found in poses.items() if found}
    np.savez_compressed(path, **kept)  # type: ignore[arg-type]
    record = json.loads((ASSETS / "provenance.json").read_text())
    record["contacts"] = {"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    (ASSETS / "provenance.json").write_text(json.dumps(record, indent=1) + "\n")
    print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
