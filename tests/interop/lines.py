"""Lines as `likelihand predict` writes them, for the tests of what is made of them."""

from typing import Any

import numpy as np

from likelihand.structures import Hand
from likelihand.tracking.tracker import TrackedHand

SIZE = (120, 160)


def hand(seed: int = 0, side: str | None = "left", spread: float = 2.0, **track: Any) -> Hand:
    rng = np.random.default_rng(seed)
    points = rng.uniform(10, 110, (21, 2))
    root = spread * (rng.normal(size=(21, 2, 2)) + 2 * np.eye(2))
    covariance = root @ np.swapaxes(root, -1, -2)
    scale = np.sqrt(covariance.reshape(-1, 4)[:, ::3])
    kind = TrackedHand if track else Hand
    return kind(points, scale, np.array([5.0, 6, 115, 112]), covariance, side, 0.9, picture=SIZE, **track)  # type: ignore[arg-type]


def picture(name: str, *hands: Hand) -> dict[str, Any]:
    return {"file": name, "size": list(SIZE), "hands": [Hand.to_json(h) for h in hands]}


def frame(number: int, *hands: TrackedHand, rate: float = 25.0) -> dict[str, Any]:
    found = [h.to_json() for h in hands]
    return {"frame": number, "time": number / rate, "size": list(SIZE), "hands": found}
