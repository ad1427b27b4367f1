"""Render hands without end into a folder of chunks, which `train.py` beside it picks up while it trains.

    python -m experiments.models.gpu.render --out FOLDER --processes 15 --backgrounds PHOTOS --seconds 560

Process p writes `p-00000.npz`, `p-00001.npz`, ...: pictures (N, size, size, 3) uint8, points, boxes and sides.
Record i of process p is record i of `likelihand.data.Synthetic(seed=seed + p)`.
"""

import argparse
import time
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np

from likelihand.data import Synthetic

ENDLESS = 10**8


def render(
    process: int, out: Path, size: int, seed: int, backgrounds: Path | None, seconds: float, chunk: int
) -> None:
    """Write chunks of `chunk` pictures until the time is over."""
    cv2.setNumThreads(1)
    hands = Synthetic(ENDLESS, seed=seed + process, size=size, backgrounds=backgrounds)
    end = time.monotonic() + seconds
    number = 0
    while time.monotonic() < end:
        records = [hands.record(number * chunk + i) for i in range(chunk)]
        content = {
            "pictures": np.stack([record.read() for record in records]),
            "points": np.stack([record.points for record in records]).astype(np.float32),
            "box": np.stack([record.box for record in records]).astype(np.float32),
            "right": np.array([float(record.side == "right") for record in records], np.float32),
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
