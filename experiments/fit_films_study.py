"""What one shape over a track is worth to the fits of a film, on rendered films of exact truth.

python -m experiments.fit_films_study [--films 8] [--frames 36] [--seed 6000]
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from tqdm import tqdm

from experiments.fit_data import Floats
from experiments.fit_study import procrustes, relative
from experiments.video_clips import Actor, Stage, slow
from likelihand.inference import Predictor, load
from likelihand.reconstruction import HandFit, fit
from likelihand.structures import BONES, Hand
from likelihand.utils.tables import aligned

RATE = 12.0
Frames = list[tuple[Hand, Floats]]
"""What is predicted in each frame in the true box, and the true joints (21, 3)."""


def film(predict: Predictor, seed: int, frames: int) -> Frames:
    """Render and predict a hand that moves slowly and changes its pose."""
    stage = Stage([Actor(seed, "left" if seed % 2 else "right", 0.8, slow)], seed, 4.0)
    seen = (stage.frame(i / RATE) for i in range(frames))
    return [(predict(image, [hands[0].box])[0], hands[0].joints) for image, hands in seen]


def followed(frames: Frames, shared: bool) -> list[HandFit]:
    """Fit frame after frame, with what the frames before say of the shape or without."""
    fits: list[HandFit] = []
    for hand, _ in frames:
        before = fits[-1] if fits else None
        if before is not None and not shared:
            before = replace(before, stiffness=np.zeros_like(before.stiffness))
        fits += fit([hand], after=[before])
    return fits


def lengths(joints: Floats) -> Floats:
    """Return the lengths (20,) of the bones."""
    return np.array([np.linalg.norm(joints[b] - joints[a]) for a, b in BONES])


def row(films: Sequence[Frames], shared: bool) -> list[str]:
    """Return a row of the table, % of the hand's length."""
    errors, jitter = [], []
    for frames in films:
        fits, truth = followed(frames, shared), [relative(joints) for _, joints in frames]
        for found, true in zip(fits, truth, strict=True):
            moved = procrustes(found.joints, true)
            away = (np.linalg.norm(points - true, axis=1)[1:].mean() for points in (found.joints, moved))
            errors.append([*away, np.abs(lengths(found.joints) - lengths(true)).mean()])
        jitter.append(np.std([lengths(f.joints) for f in fits], axis=0).mean())
    figures = [*np.mean(errors, axis=0), np.mean(jitter)]
    return ["one a track" if shared else "one a frame", *(f"{100 * v:.2f}" for v in figures)]


def main(arguments: Sequence[str] | None = None) -> int:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--films", type=int, default=8)
    p.add_argument("--frames", type=int, default=36)
    p.add_argument("--seed", type=int, default=6000)
    a = p.parse_args(arguments)
    predict = load(threads=1, calibration="rendered", detector=False)
    films = [film(predict, a.seed + i, a.frames) for i in tqdm(range(a.films), disable=None)]
    head = ["shape", "error %", "Procrustes %", "bones off %", "bones' jitter %"]
    print(aligned([head, *(row(films, shared) for shared in (False, True))]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
