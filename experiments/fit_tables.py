"""Learn the fit's tables from the renderer's own hands, and write `src/likelihand/reconstruction/tables.json`.

    python -m experiments.fit_tables [--hands 20000] [--components 10] [--parts 12] [--poses 96]

The skeleton is the mean rendered hand's; shapes are principal components of where sampled people's fingers begin
and how long their bones are; poses are a mixture of Gaussians, fitted by expectation maximisation (Bishop,
"Pattern Recognition and Machine Learning", 9.2), and a library of the centres of k-means to start from.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from likelihand.synth.hand.asset import load_asset
from likelihand.synth.hand.hand_sampler import sample_hand_of
from likelihand.synth.hand.kinematics import Skeleton, make_skeleton
from likelihand.synth.hand.shape import sample_shape

Floats = NDArray[np.float64]
OUT = Path(__file__).parents[1] / "src" / "likelihand" / "reconstruction" / "tables.json"
SEED = 20_261
LEAST_SPREAD = np.radians(3.0)
"""Added to every part of the mixture: angles at their limits would have none."""


def shape_of(joints: Floats, palm: float) -> Floats:
    """Return (30,) where digits begin and how long their bones are, of joints (21, 3) at rest, in palm lengths."""
    digits = joints[1:].reshape(5, 4, 3) / palm
    lengths = np.linalg.norm(np.diff(digits, axis=1), axis=-1)
    return np.concatenate([(digits[:, 0] - joints[0] / palm).ravel(), lengths.ravel()])


def sampled(count: int) -> tuple[Floats, Floats]:
    """Draw people and poses: shapes (count, 30) and angles (count, 21)."""
    asset, shapes, angles = load_asset(), [], []
    for i in tqdm(range(count), disable=None):
        rng = np.random.default_rng([SEED, i])
        person = sample_shape(rng, asset)
        shapes.append(shape_of(person.skeleton.joints, person.palm_length))
        angles.append(sample_hand_of(person, rng, asset, "right").angles[:21])
    return np.array(shapes), np.array(angles)


def mixture(angles: Floats, parts: int, rounds: int = 100) -> tuple[Floats, Floats, Floats]:
    """Fit a mixture of Gaussians to angles (N, 21): shares, means and covariances."""
    means = centres(angles, parts)
    covariances = np.tile(np.cov(angles.T) / 4 + LEAST_SPREAD**2 * np.eye(21), (parts, 1, 1))
    shares = np.full(parts, 1 / parts)
    for _ in range(rounds):
        away = angles - means[:, None]
        form = (away @ np.linalg.inv(covariances) * away).sum(-1)
        logs = np.log(shares)[:, None] - 0.5 * (form + np.linalg.slogdet(covariances)[1][:, None])
        logs -= logs.max(0)
        mine = np.exp(logs) / np.exp(logs).sum(0)
        total = mine.sum(1)
        shares, means = total / total.sum(), (mine @ angles) / total[:, None]
        away = angles - means[:, None]
        covariances = np.einsum("mn,mni,mnj->mij", mine, away, away, optimize=True) / total[:, None, None]
        covariances += LEAST_SPREAD**2 * np.eye(21)
    return shares, means, covariances


def centres(angles: Floats, count: int, rounds: int = 30) -> Floats:
    """Return the centres (count, 21) of k-means."""
    rng = np.random.default_rng(SEED)
    found = angles[rng.choice(len(angles), count, replace=False)]
    for _ in range(rounds):
        nearest = (np.square(found).sum(1) - 2 * angles @ found.T).argmin(1)
        for k in range(count):
            if (nearest == k).any():
                found[k] = angles[nearest == k].mean(0)
    return found


def skeleton() -> Skeleton:
    """Return the mean hand's skeleton in palm lengths."""
    asset = load_asset()
    return make_skeleton(asset.joints / asset.palm_length, asset.dorsal)


def tables(shapes: Floats, angles: Floats, components: int, parts: int, poses: int) -> dict[str, object]:
    """Learn all tables."""
    rig = skeleton()
    digits = rig.joints[1:].reshape(5, 4, 3)
    along = np.diff(digits, axis=1)
    mean = shapes.mean(0)
    _, values, vectors = np.linalg.svd(shapes - mean, full_matrices=False)
    spread = values / np.sqrt(len(shapes) - 1)
    shares, means, covariances = mixture(angles, parts)
    explained = float(np.square(spread[:components]).sum() / np.square(spread).sum())
    learnt = {
        "directions": along / np.linalg.norm(along, axis=-1, keepdims=True),
        "axes": rig.axes.reshape(5, 3, 3),
        "rest": rig.rest[:21],
        "mean": mean,
        "components": vectors[:components] * spread[:components, None],
        "shares": shares,
        "means": means,
        "factors": np.linalg.cholesky(covariances)[:, *np.tril_indices(21)],
        "poses": centres(angles, poses),
    }
    source = f"{len(shapes)} rendered hands; {components} components hold {explained:.1%} of the shapes' variance"
    start = {"factor": 1.0, "added": 0.01, "angle_factor": 1.0, "levels": [0, 0.5], "radii": [0, 1.5], "tail": 2.0}
    return {"source": source, "regions": start} | {
        name: np.round(values, 5).tolist() for name, values in learnt.items()
    }


def main(arguments: Sequence[str] | None = None) -> int:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--hands", type=int, default=20_000)
    p.add_argument("--components", type=int, default=10)
    p.add_argument("--parts", type=int, default=12)
    p.add_argument("--poses", type=int, default=96)
    a = p.parse_args(arguments)
    made = tables(*sampled(a.hands), a.components, a.parts, a.poses)
    OUT.write_text(json.dumps(made) + "\n")
    print(made["source"], "->", OUT.name)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
