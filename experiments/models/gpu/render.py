"""Render hands without end into a folder of chunks, which `train.py` beside it picks up while it trains.

    python -m experiments.models.gpu.render --out FOLDER --processes 15 --backgrounds PHOTOS --seconds 560

Process p writes `p-00000.npz`, `p-00001.npz`, ...: pictures (N, size, size, 3) uint8, points, boxes, sides, and
how much farther away than their mean the keypoints are, in pixels at the wrist's distance.
Picture i of process p is record i of `likelihand.data.Synthetic(seed=seed + p)`.
"""

import argparse
import time
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from likelihand.synth import HandLabel, Photos, render_picture


def depths(hand: HandLabel, camera: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute how much farther than their mean keypoints (21,) are, in pixels at the wrist's distance."""
    away = hand.joints[:, 2]
    return np.asarray((away - away.mean()) * camera[0, 0] / away[0])


def render(
    process: int, out: Path, size: int, seed: int, backgrounds: Path | None, seconds: float, chunk: int
) -> None:
    """Write chunks of `chunk` pictures until the time is over."""
    cv2.setNumThreads(1)
    photos = None if backgrounds is None else Photos(backgrounds)
    end = time.monotonic() + seconds
    number = 0
    while time.monotonic() < end:
        rows = range(number * chunk, (number + 1) * chunk)
        pictures = [render_picture(seed + process, i, size, photos=photos) for i in rows]
        hands = [picture.hands[0] for picture in pictures]
        content = {
            "pictures": np.stack([picture.image for picture in pictures]),
            "points": np.stack([hand.points for hand in hands]).astype(np.float32),
            "box": np.stack([hand.box for hand in hands]).astype(np.float32),
            "right": np.array([float(hand.side == "right") for hand in hands], np.float32),
            "depth": np.stack([depths(p.hands[0], p.camera) for p in pictures]).astype(np.float32),
        }
        temporary = out / f".{process}-{number:05}.npz"
        np.savez(temporary, **content)  # type: ignore[arg-type]
        temporary.replace(out / f"{process}-{number:05}.npz")
        number += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--processes", type=int, default=15)
    parser.add_argument("--size", type=int, default=184)
    parser.add_argument("--seed", type=int, default=100)
    parser.add_argument("--backgrounds", type=Path)
    parser.add_argument("--seconds", type=float, default=560.0)
    parser.add_argument("--chunk", type=int, default=128)
    a = parser.parse_args()
    a.out.mkdir(parents=True, exist_ok=True)
    workers = [
        get_context("spawn").Process(
            target=render, args=(p, a.out, a.size, a.seed, a.backgrounds, a.seconds, a.chunk)
        )
        for p in range(a.processes)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


if __name__ == "__main__":
    main()
