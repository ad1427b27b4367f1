"""MediaPipe's world landmarks of the real hands of the study of fits: what `fit_study real --rivals` reads.

    python -m experiments.fit_rivals boxes --real REAL --boxes boxes.json
    python experiments/fit_rivals.py predict --boxes boxes.json --out rivals.npz

The second command runs where `mediapipe==0.10.21` is installed, and needs nothing of likelihand. MediaPipe looks
for hands in squares of four sizes around the true box; of all that it finds the hand nearest to the true points is
taken, if it lies within 30 % of the box's length of them.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

ROOM = (2.0, 1.5, 2.6, 1.25)
NEAREST = 0.3
LEAST = 256
"""Pixels of a square's side below which it is enlarged."""


def write_boxes(real: Path, out: Path) -> None:
    from experiments.fit_data import known_hands

    items = [
        {"name": f"{known.source} {known.key}", "image": str(image.resolve()), "points": known.points.tolist()}
        for image, known in known_hands(real / "formats")
    ]
    out.write_text(json.dumps(items))


def predict(boxes: Path, out: Path) -> None:
    import mediapipe

    found: dict[str, Any] = {}
    options = {"static_image_mode": True, "max_num_hands": 2, "min_detection_confidence": 0.1}
    items = json.loads(boxes.read_text())
    with mediapipe.solutions.hands.Hands(**options) as hands:
        for item in items:
            away, world = min((_nearest(hands, item, room) for room in ROOM), key=lambda pair: pair[0])
            if away < NEAREST:
                found[item["name"]] = world
    np.savez(out, **found)
    print(f"{len(found)} of {len(items)} hands found")


def _nearest(hands: Any, item: dict[str, Any], room: float) -> tuple[float, Any]:  # noqa: ANN401
    """Return how far the nearest hand found lies from the truth, over the box's length, and its landmarks."""
    from PIL import Image

    points = np.array(item["points"])
    low, high = points.min(0), points.max(0)
    side = room * (high - low).max()
    corner = (low + high - side) / 2
    size = max(LEAST, round(side))
    square = (*corner, *(corner + side))
    picture = Image.open(item["image"]).convert("RGB")
    crop = np.asarray(picture.transform((size, size), Image.Transform.EXTENT, square, Image.Resampling.BICUBIC))
    answer = hands.process(np.ascontiguousarray(crop))
    best: tuple[float, Any] = (np.inf, None)
    pairs = zip(answer.multi_hand_landmarks or [], answer.multi_hand_world_landmarks or [], strict=True)
    for flat, world in pairs:
        seen = np.array([[p.x, p.y] for p in flat.landmark]) * side + corner
        away = float(np.linalg.norm(seen - points, axis=1).mean() / (high - low).max())
        best = min(best, (away, np.array([[p.x, p.y, p.z] for p in world.landmark])), key=lambda pair: pair[0])
    return best


def main(arguments: Sequence[str] | None = None) -> int:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("what", choices=["boxes", "predict"])
    p.add_argument("--real", type=Path, default=Path("data/real"))
    p.add_argument("--boxes", type=Path, required=True)
    p.add_argument("--out", type=Path, default=Path("rivals.npz"))
    a = p.parse_args(arguments)
    if a.what == "boxes":
        write_boxes(a.real, a.boxes)
    else:
        predict(a.boxes, a.out)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
