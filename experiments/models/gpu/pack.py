"""Cut labelled hands out of their photos and pack them into the one file that `train.py` decodes into GPU memory.

    python -m experiments.models.gpu.pack --set LABELS.npz IMAGES --set LABELS.npz IMAGES --out photos.npz

LABELS is what `experiments.models.teacher` writes. `--chances` gives the beginnings of photo names a weight with
which their hands are drawn ({"hagrid": 4}; 1 where none fits); `--refused` lists labels that were looked at and
found wrong ({"photo.jpg": [0]}: the hand's number within its photo); `--held` lists photos kept for tests.
"""

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from likelihand.data.images import read_image
from likelihand.geometry import box_length, box_of_points, crop_matrix, transform_points, warp_image

Floats: TypeAlias = NDArray[np.float64]

ROOM = 2.2  # side of a cut over the hand's box: what a crop of padding 1.25 sees turned and enlarged by a quarter
SIDE = (48, 224)  # of a cut in pixels: photos of smaller hands are kept as they are
SMALLEST = 14  # of a hand's box in pixels
FULL_CHANCE = 40  # of a hand's box in pixels: smaller ones are drawn less often, by the root
SPREAD, PRESENCE = 0.03, 0.8  # of labels that are taken


def usable(labels: dict[str, NDArray[Any]], refused: dict[str, list[int]], held: set[str]) -> NDArray[np.intp]:
    """Return the rows whose looks agree, that show a hand, and that nobody refused or keeps for tests."""
    seen: Counter[str] = Counter()
    good = (labels["spread"] <= SPREAD) & (labels["presence"] >= PRESENCE)
    for row, photo in enumerate(labels["photo"].tolist()):
        good[row] &= photo not in held and seen[photo] not in refused.get(photo, [])
        seen[photo] += 1
    return np.flatnonzero(good)


def cut(image: NDArray[np.uint8], points: Floats, noise: Floats) -> tuple[bytes, Floats, Floats] | None:
    """Cut one hand: its JPEG, labels (21, 4) of x, y, weight and noise, and box; None where it is too small."""
    box = box_of_points(points)
    length = box_length(box)
    if length < SMALLEST:
        return None
    side = int(np.clip(round(ROOM * length), *SIDE))
    matrix = crop_matrix(box, (side, side), padding=ROOM)
    scale = side / (ROOM * length)
    quality = 76 if side > 150 else 84
    picture = warp_image(image, matrix, (side, side))[:, :, ::-1]
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    moved = transform_points(matrix, points)
    labels = np.column_stack([moved, np.ones(21), noise * scale])
    return data.tobytes(), labels, transform_points(matrix, box.reshape(2, 2)).ravel()


def chance_of(photo: str, length: float, chances: dict[str, float]) -> float:
    """Return how often a hand is drawn against others."""
    weight = next((chance for prefix, chance in chances.items() if photo.startswith(prefix)), 1.0)
    return float(weight * min(1.0, length / FULL_CHANCE) ** 0.5)


def main() -> None:
    """Pack every set into one file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", type=Path, nargs=2, action="append", required=True, metavar=("LABELS", "IMAGES"))
    for name in ("chances", "refused", "held"):
        parser.add_argument(f"--{name}", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    a = parser.parse_args()
    chances, refused, held = (json.loads(p.read_text()) if p else {} for p in (a.chances, a.refused, a.held))
    data, ends, rows = bytearray(), [], []
    for path, images in a.set:
        with np.load(path, allow_pickle=False) as file:
            labels = {name: file[name] for name in file.files}
        for row in usable(labels, refused, set(held)):
            photo = str(labels["photo"][row])
            image = read_image(images / photo)
            points = labels["points"][row].astype(np.float64)
            found = cut(image, points, labels["noise"][row].astype(np.float64))
            if found is not None:
                data += found[0]
                ends.append(len(data))
                length = float(np.ptp(points, axis=0).max())
                rows.append((found[1], found[2], (labels["side"][row], 1.0), chance_of(photo, length, chances)))
    labels_, box, traits, chance = (np.array(each, np.float32) for each in zip(*rows, strict=True))
    content = {"labels": labels_, "box": box, "traits": traits, "chance": chance}
    np.savez(a.out, data=np.frombuffer(bytes(data), np.uint8), ends=np.array(ends), **content)  # type: ignore[arg-type]
    print(f"{len(ends)} hands, {len(data) / 1e6:.1f} MB -> {a.out}")


if __name__ == "__main__":
    main()
