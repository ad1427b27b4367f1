"""List faces and ears in photos of people, as places that show no hand, for `likelihand.data.NoHands`.

    python -m experiments.models.faces UNLABELLED --out faces.json

UNLABELLED is a folder of `images`, `index.csv` and `pseudo_labels.json`. Writes {photo: [[x0, y0, x1, y1], ...]}.
Needs OpenCV 4, whose package carries the cascades of Viola and Jones; OpenCV 5 has none, so give it an environment
of its own (opencv-python-headless 4, NumPy). A place that touches a hand that is known is left out.
"""

import argparse
import csv
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np

Box = tuple[float, float, float, float]

SURE = 8
"""Overlapping finds of a cascade that make a face."""
SMALLEST = 0.06
"""Side of the smallest face over the photo's longer side."""
EAR = 0.45
"""Side of the square around an ear over the face's."""


def faces(grey: Any, cascades: list[Any]) -> list[Box]:  # noqa: ANN401
    """Find faces from the front and from both sides."""
    least = max(24, round(SMALLEST * max(grey.shape)))
    front, side = cascades
    found = [tuple(map(float, f)) for f in front.detectMultiScale(grey, 1.1, SURE, minSize=(least, least))]
    found += [tuple(map(float, f)) for f in side.detectMultiScale(grey, 1.1, SURE, minSize=(least, least))]
    for x, y, w, h in side.detectMultiScale(grey[:, ::-1].copy(), 1.1, SURE, minSize=(least, least)):
        found.append((float(grey.shape[1] - x - w), float(y), float(w), float(h)))
    return [(x, y, x + w, y + h) for x, y, w, h in found]


def places(face: Box) -> list[Box]:
    """Return a face, its lower and upper half, and the squares around its ears."""
    x0, y0, x1, y1 = face
    side, middle = x1 - x0, y0 + 0.52 * (y1 - y0)
    ear = EAR * side / 2
    ears = [(x - ear, middle - ear, x + ear, middle + ear) for x in (x0 + 0.05 * side, x1 - 0.05 * side)]
    half = (y0 + y1) / 2
    return [face, (x0, y0, x1, half), (x0 + 0.15 * side, half, x1 - 0.15 * side, y1), *ears]


def touches(box: Box, hands: list[Box]) -> bool:
    """Say whether a box meets a hand's, enlarged by a fifth of its size."""
    for x0, y0, x1, y1 in hands:
        edge = 0.2 * max(x1 - x0, y1 - y0)
        if box[0] < x1 + edge and box[2] > x0 - edge and box[1] < y1 + edge and box[3] > y0 - edge:
            return True
    return False


def known_hands(folder: Path) -> dict[str, list[Box]]:
    """Read the boxes of the hands that another model or a person found, by permissively licensed photo."""
    found = json.loads((folder / "pseudo_labels.json").read_text(encoding="utf-8"))["hands"]
    known: dict[str, list[Box]] = {}
    with (folder / "index.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["permissive"] != "yes":
                continue
            points = [np.asarray(hand["points"], np.float64) for hand in found.get(row["file"], [])]
            boxes: list[Box] = [(*p.min(0).tolist(), *p.max(0).tolist()) for p in points]
            if row["hand_x"]:
                x, y, w, h = (float(row[name]) for name in ("hand_x", "hand_y", "hand_w", "hand_h"))
                boxes.append((x, y, x + w, y + h))
            known[row["file"]] = boxes
    return known


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--sources", nargs="+", default=["hagrid", "mp", "subhi"], help="beginnings of file names")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    root = Path(cv2.data.haarcascades)  # type: ignore[attr-defined]
    names = ("haarcascade_frontalface_default.xml", "haarcascade_profileface.xml")
    cascades = [cv2.CascadeClassifier(str(root / name)) for name in names]  # type: ignore[attr-defined]
    listed: dict[str, list[Box]] = {}
    for name, hands in known_hands(arguments.photos).items():
        if hands and name.startswith(tuple(f"{source}_" for source in arguments.sources)):
            grey = cv2.imread(str(arguments.photos / "images" / name), cv2.IMREAD_GRAYSCALE)
            found = [p for face in faces(grey, cascades) for p in places(face)]
            kept: list[Box] = [p for p in found if not touches(p, hands)]
            if kept:
                listed[name] = [tuple(round(v, 1) for v in box) for box in kept]  # type: ignore[misc]
    arguments.out.write_text(json.dumps(listed) + "\n", encoding="utf-8")
    print(f"{sum(map(len, listed.values()))} places in {len(listed)} photos -> {arguments.out}")


if __name__ == "__main__":
    main()
