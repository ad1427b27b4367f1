"""Turn hands that another model found into COCO keypoint JSON, which `CocoHands` reads.

    python -m experiments.models.pseudo_to_coco FOLDER --out hands.json

Its `pseudo_labels.json` holds {"hands": {picture: [{"points": 21 x 2, "side", "score"}]}}, corner origin. Its
`index.csv` names for each picture its size and whether its licence is permissive ("yes"); others are left out.
Such labels are wrong at times: they are for training under a loss that expects it, never for scores.
"""

import argparse
import csv
import json
from pathlib import Path

import numpy as np

from likelihand.geometry import box_of_points
from likelihand.hand import KEYPOINTS


def coco_of(hands: dict[str, list[dict]], index: list[dict[str, str]], least: float) -> dict:
    """Make the COCO document of the permissive pictures' hands whose score is at least `least`."""
    pictures = [row for row in index if row["permissive"] == "yes" and hands.get(row["file"])]
    images = [
        {"id": i, "file_name": row["file"], "width": int(row["width"]), "height": int(row["height"])}
        for i, row in enumerate(pictures)
    ]
    annotations = [
        _annotation(image["id"], hand, row)
        for image, row in zip(images, pictures, strict=True)
        for hand in hands[row["file"]]
        if hand["score"] >= least
    ]
    for number, annotation in enumerate(annotations):
        annotation["id"] = number
    category = {"id": 1, "name": "hand", "keypoints": list(KEYPOINTS)}
    return {"images": images, "annotations": annotations, "categories": [category]}


def _annotation(image: int, hand: dict, row: dict[str, str]) -> dict:
    points = np.asarray(hand["points"], np.float64)
    x0, y0, x1, y1 = box_of_points(points).tolist()
    keypoints = np.column_stack([points - 0.5, np.full(21, 2)])  # COCO counts from the centre of the first pixel
    return {
        "image_id": image,
        "category_id": 1,
        "keypoints": keypoints.round(3).ravel().tolist(),
        "bbox": [x0, y0, x1 - x0, y1 - y0],
        "handedness": hand["side"],
        "dataset": row["file"].split("_")[0],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--least", type=float, default=0.0, help="lowest score")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    with (arguments.folder / "index.csv").open(newline="", encoding="utf-8") as file:
        index = list(csv.DictReader(file))
    hands = json.loads((arguments.folder / "pseudo_labels.json").read_text())["hands"]
    document = coco_of(hands, index, arguments.least)
    arguments.out.write_text(json.dumps(document))
    print(f"{len(document['annotations'])} hands on {len(document['images'])} pictures")


if __name__ == "__main__":
    main()
