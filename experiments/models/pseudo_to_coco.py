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
from typing import Any

from likelihand.data.formats.coco import document, hand_entry, image_entry


def coco_of(hands: dict[str, list[dict[str, Any]]], index: list[dict[str, str]], least: float) -> dict[str, Any]:
    """Make the COCO document of the permissive pictures' hands whose score is at least `least`."""
    pictures = [row for row in index if row["permissive"] == "yes" and hands.get(row["file"])]
    images = [image_entry(i, r["file"], (int(r["height"]), int(r["width"]))) for i, r in enumerate(pictures)]
    kept = [(image, hand) for image in images for hand in hands[image["file_name"]] if hand["score"] >= least]
    annotations = [
        hand_entry(
            number, image["id"], hand["points"], side=hand["side"], dataset=image["file_name"].split("_")[0]
        )
        for number, (image, hand) in enumerate(kept)
    ]
    return document(images, annotations)


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
