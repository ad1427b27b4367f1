"""Pictures for bulk runs, and what these wrote."""

from collections import Counter
from pathlib import Path
from typing import Any

import cv2
import numpy as np


def rows(out: Path) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    return [
        row for part in sorted((out / "parts").glob("[0-9]*.parquet")) for row in pq.read_table(part).to_pylist()
    ]


def lines(found: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The hands of each picture as `predictions.jsonl` has them, without what a table leaves out."""
    told: dict[str, list[dict[str, Any]]] = {}
    for row in found:
        hands = told.setdefault(row["path"], [])
        if row["hand"] is not None:
            names = ("covariance", "confidence", "box", "side", "score")
            hands.append({"keypoints": row["points"], **{name: row[name] for name in names}})
    return told


def not_once(out: Path) -> dict[str, int]:
    """Pictures that are not there once: in one row without a hand, or in a row for each of hands 0, 1, ..."""
    places: dict[str, list[Any]] = {}
    for row in rows(out):
        places.setdefault(row["path"], []).append(row["hand"])
    good = {path for path, hands in places.items() if hands == [None] or sorted(hands) == list(range(len(hands)))}
    return dict(Counter({path: len(hands) for path, hands in places.items() if path not in good}))


def write_pictures(folder: Path, count: int, first: int = 0) -> None:
    """Write pictures of noise, each of a size of its own; their names do not sort as their numbers."""
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(first, first + count):
        rng = np.random.default_rng(i)
        cv2.imwrite(str(folder / f"{i * 7919 % 1000}.jpg"), rng.integers(0, 256, (40 + i % 9, 60, 3), np.uint8))
