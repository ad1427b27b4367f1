"""Fetch the photos of the open test set and write their labels as COCO keypoints.

    python -m experiments.open_hands.fetch --out data/open-hands
    likelihand evaluate --data data/open-hands/annotations.json --box keypoints

`manifest.json` beside this file names every photo by repository, commit and path, with its licence. It holds the
hands: side, 21 points, a flag for each (2 seen, 1 weak: visible, but no clear landmark, 0 hidden: guessed), and
how sure the annotator was. Points are in pixels of the photo at the size that the manifest states, corner origin;
where the original has another size they are scaled to it. A hidden keypoint becomes COCO's visibility 1, the
others 2; `--seen` leaves hidden ones out. Photos that are there already are not fetched again. One that cannot be
fetched is named, and its hands are left out of the annotations.
"""

import argparse
import hashlib
import io
import json
import sys
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tqdm import tqdm

from likelihand.data.formats.coco import hand_entry, image_entry, write_document

MANIFEST = Path(__file__).with_name("manifest.json")
BASE = "https://raw.githubusercontent.com/{repository}/{commit}/{path}"
TIMEOUT = 30.0  # seconds
SAME_SHAPE = 0.02  # width over height, of which a photo made smaller keeps all but a rounding


def fetch(photo: dict[str, Any], base: str) -> bytes:
    """Download a photo.

    Raises:
        OSError: it cannot be had.
    """
    url = base.format(**photo | {"path": urllib.parse.quote(photo["path"])})
    with urllib.request.urlopen(url, timeout=TIMEOUT) as answer:
        return bytes(answer.read())


def size_of(photo: dict[str, Any], folder: Path, base: str) -> tuple[int, int]:
    """Return (height, width) of a photo, fetched where it is not there yet.

    Raises:
        OSError: it cannot be had, or it is no picture.
        ValueError: it shows something else than what was labelled.
    """
    file = folder / photo["file"]
    content = file.read_bytes() if file.exists() else fetch(photo, base)
    with Image.open(io.BytesIO(content)) as image:
        width, height = image.size
    if abs(width / height / (photo["width"] / photo["height"]) - 1) > SAME_SHAPE:
        raise ValueError(f"it is {width} x {height}, expected the shape of {photo['width']} x {photo['height']}")
    digest = hashlib.sha256(content).hexdigest()
    if (width, height) == (photo["width"], photo["height"]) and digest != photo["sha256"]:
        print(f"{photo['file']}: another file of the same size, {digest[:12]}", file=sys.stderr)
    if not file.exists():
        file.write_bytes(content)
    return height, width


def visibility(flags: list[int], seen: bool) -> list[int]:
    """Return COCO's codes: 2 for what is visible, 1 for what is hidden, or 0 where only what is seen counts."""
    return [2 if flag else int(not seen) for flag in flags]


def main() -> int:
    """Fetch, and write what was had; return 2 where a photo is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--manifest", type=Path, default=MANIFEST)
    parser.add_argument("--base", default=BASE, help="address of a photo")
    parser.add_argument("--seen", action="store_true", help="leave hidden keypoints out")
    a = parser.parse_args()
    folder = a.out / "images"
    folder.mkdir(parents=True, exist_ok=True)
    images: list[dict[str, Any]] = []
    hands: list[dict[str, Any]] = []
    missing = 0
    for photo in tqdm(json.loads(a.manifest.read_text("utf-8"))["photos"], unit="photo"):
        try:
            height, width = size_of(photo, folder, a.base)
        except (OSError, ValueError) as error:
            print(f"{photo['file']}: {error}", file=sys.stderr)
            missing += 1
            continue
        number = len(images)
        images.append(image_entry(number, photo["file"], (height, width), license=photo["licence"]))
        scale = np.array([width / photo["width"], height / photo["height"]])
        for hand in photo["hands"]:
            points = np.array(hand["points"]) * scale
            codes = visibility(hand["flags"], a.seen)
            more = {"flags": hand["flags"], "sure": hand["sure"], "dataset": photo["repository"]}
            hands.append(hand_entry(len(hands), number, points, visibility=codes, side=hand["side"], **more))
    print(
        write_document(a.out / "annotations.json", images, hands), f"{len(hands)} hands, {missing} photos missing"
    )
    return 2 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
