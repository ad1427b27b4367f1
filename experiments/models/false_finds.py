"""List where a detector sees hands in photos that show none: what a hand model must learn to refuse.

    python -m experiments.models.false_finds PHOTOS --detect detect.onnx --threshold 0.1 --out finds.json

Writes {photo: [[x0, y0, x1, y1], ...]}, which `likelihand.data.NoHands` reads as `boxes`.
"""

import argparse
import json
from pathlib import Path

from tqdm import tqdm

from likelihand.data.scenes import EmptyScenes
from likelihand.inference import bundled
from likelihand.inference.detection import Detector
from likelihand.inference.runtimes import OnnxRuntime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--detect", type=Path, default=bundled().with_name("detect.onnx"))
    parser.add_argument("--threshold", type=float, default=0.1, help="least score of a find")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    detector = Detector(OnnxRuntime(arguments.detect, 1), arguments.threshold, tiles="always")
    finds: dict[str, list[list[float]]] = {}
    for scene in tqdm(EmptyScenes(arguments.photos).scenes, unit="photo", disable=None):
        boxes = [found.box.round(2).tolist() for found in detector(scene.read())]
        if boxes:
            finds[scene.key] = boxes
    arguments.out.write_text(json.dumps(finds) + "\n", encoding="utf-8")
    print(f"{sum(map(len, finds.values()))} finds in {len(finds)} photos -> {arguments.out}")


if __name__ == "__main__":
    main()
