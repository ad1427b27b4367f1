"""Pictures on disk and a COCO file of them, for tests of whole pictures."""

import json
from pathlib import Path

import cv2
import numpy as np


def paint(file: Path, box: tuple[int, int, int, int] | None = None, size: tuple[int, int] = (60, 80)) -> None:
    image = np.zeros((*size, 3), np.uint8)
    if box is not None:
        image[box[1] : box[3], box[0] : box[2]] = 255
    file.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(file), image)


def coco(folder: Path) -> Path:
    images, annotations = [], []
    for i in range(4):
        paint(folder / "images" / f"{i}.png", (20, 10, 40, 40))
        images.append({"id": i, "file_name": f"{i}.png", "width": 80, "height": 60})
        extra = {"handedness": "left", "subset": "core" if i < 2 else "extra", "dataset": f"set {i}"}
        annotations.append({"id": i, "image_id": i, "bbox": [20, 10, 20, 30], **extra})
    images.append({"id": 9, "file_name": "9.png"})
    paint(folder / "images" / "9.png")
    path = folder / "annotations.json"
    path.write_text(json.dumps({"images": images, "annotations": annotations}))
    return path
