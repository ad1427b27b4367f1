r"""Lay photos without hands into collages of four, and list where a detector sees hands in them.

    python -m experiments.models.collages EMPTY --finds finds.json --times 3 --out EMPTY_AND_COLLAGES

In a collage things are as small and blurred as in a closer look at a photo, and seams are there too. Writes the
collages as JPEG files beside links to the photos, and `finds.json`: the finds of the photos, as `false_finds`
writes them, with those in the collages. `gpu/train.py` reads both.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import PIL.Image
from tqdm import tqdm

from experiments.pipeline_study import collages
from likelihand.data.images import read_image
from likelihand.inference import bundled
from likelihand.inference.detection import Detector
from likelihand.inference.runtimes import OnnxRuntime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--finds", type=Path, help="of the photos")
    parser.add_argument("--detect", type=Path, default=bundled().with_name("detect.onnx"))
    parser.add_argument("--threshold", type=float, default=0.1, help="least score of a find")
    parser.add_argument("--times", type=int, default=3, help="collages that a photo is part of")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    a = parser.parse_args()
    detector = Detector(OnnxRuntime(a.detect, 1), a.threshold, tiles="always")
    finds = json.loads(a.finds.read_text()) if a.finds else {}
    files = sorted(a.photos.glob("*.jpg"))
    a.out.mkdir(parents=True, exist_ok=True)
    for file in files:
        (a.out / file.name).symlink_to(file.resolve())
    rng = np.random.default_rng(a.seed)
    whole = len(files) // 4
    groups = np.concatenate([rng.permutation(len(files))[: 4 * whole].reshape(whole, 4) for _ in range(a.times)])
    for number, group in enumerate(tqdm(groups, unit="collage", disable=None)):
        (picture,) = collages([read_image(files[i]) for i in group])
        name = f"collage-{number:05d}.jpg"
        PIL.Image.fromarray(picture).save(a.out / name, quality=92)
        finds[name] = [found.box.round(2).tolist() for found in detector(picture)]
    (a.out / "finds.json").write_text(json.dumps(finds) + "\n", encoding="utf-8")
    print(f"{len(groups)} collages, {sum(map(len, finds.values()))} finds -> {a.out}")


if __name__ == "__main__":
    main()
