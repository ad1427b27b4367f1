"""What detector and hand model find together: the tables of docs/notes/detector.md, measured again by one command.

    python -m experiments.pipeline_study --labelled LABELLED/annotations.json --where subset=core --empty PHOTOS \
        [--hand hand.onnx] [--detect detect.onnx] [--peer PEER.json] [--out pipeline.md]

LABELLED is a COCO keypoint file whose pictures lie in `images` beside it; PHOTOS a folder of photos without hands,
of which the first 500 in the order of the hashes of their names count (the next 200 are for `--choose`, which
shows what thresholds leave). Photos of 300 pixels are not looked at more closely; so collages of four of them are
counted too.
PEER holds another tool's finds in the same pictures, {"pipeline": {annotation: [21 x 2 points, ...]}}.

A hand is missed if no hand was found the tight box of whose points has an IoU of 0.3 with that of its keypoints,
one to one; the error is that of the points of the hands found, by protocol `paper`. The peer is counted likewise.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from experiments.report import write_document
from likelihand.data.coco import CocoHands
from likelihand.data.scenes import EmptyScenes
from likelihand.evaluation.boxes import match_boxes
from likelihand.geometry import FloatArray, Image, box_length, box_of_points, crop_matrix, warp_image
from likelihand.inference import Predictor, bundled
from likelihand.inference.detection import Detector, Tiles
from likelihand.inference.predictor import CONFIDENCE, PRESENCE, PROPOSED, SCORE
from likelihand.inference.runtimes import OnnxRuntime
from likelihand.structures import Record, Side
from likelihand.utils.tables import markdown

TEST, CHOOSE = slice(0, 500), slice(500, 700)
THRESHOLDS = (0.16, 0.2, 0.25)
CONFIDENCES = (0.0, 0.25, 0.35, 0.45)
LOOKS: Final = 4
"""As the command line looks at the hands of a picture."""
SIDE = 320
"""Of a photo in a collage, in pixels."""

Find = Callable[[Image], "list[tuple[FloatArray, FloatArray, Side | None]]"]
"""From a picture to the hands found: tight box, points and side of each."""


@dataclass
class Count:
    """What was found of some hands.

    Attributes:
        hands: labelled.
        errors: NME of each hand that was found.
        others: boxes of no labelled hand.
        sides: whether the side is right, of the hands found whose side is known.
    """

    hands: int = 0
    errors: list[float] = field(default_factory=list)
    others: int = 0
    sides: list[bool] = field(default_factory=list)

    @property
    def missed(self) -> int:
        """Hands that were not found."""
        return self.hands - len(self.errors)

    def cells(self) -> list[str]:
        """Return the cells of a row: hands, missed, other boxes, NME and its median, sides."""
        told = f"{np.mean(self.errors):.3f} ({np.median(self.errors):.3f})" if self.errors else ""
        sides = f"{sum(self.sides)} of {len(self.sides)}" if self.sides else ""
        return [str(self.hands), str(self.missed), str(self.others), told, sides]


def finder(
    hand: OnnxRuntime,
    detect: OnnxRuntime,
    threshold: float | None = None,
    score: float = SCORE,
    presence: float = PRESENCE,
    confidence: float = CONFIDENCE,
    tiles: Tiles = "always",
    tta: int = LOOKS,
) -> Find:
    """Make the pipeline with thresholds of its own; the tool's where they are left out."""
    if threshold is None and tiles != "never":
        threshold = PROPOSED  # as `likelihand.load`
    find = Detector(detect, threshold, tiles=tiles)
    predict = Predictor(hand, detector=find, tta=tta, presence=presence, score=score, confidence=confidence)
    return lambda image: [(box_of_points(h.points), h.points, h.side) for h in predict(image)]


def count(find: Find, pictures: Sequence[tuple[Image, list[Record]]]) -> dict[str, Count]:
    """Count what is found in labelled pictures, by source and in all."""
    counts: defaultdict[str, Count] = defaultdict(Count)
    for image, hands in pictures:
        found = find(image)
        true = [box_of_points(r.points, r.visibility) for r in hands]
        matched = match_boxes([box for box, _, _ in found], true)
        for name in (hands[0].dataset, "all"):
            counts[name].hands += len(hands)
            counts[name].others += len(found) - int((matched >= 0).sum())
        for record, box, position in zip(hands, true, matched, strict=True):
            if position < 0:
                continue
            labelled = record.visibility > 0
            away = np.linalg.norm(found[position][1] - record.points, axis=1)[labelled].mean()
            for name in (record.dataset, "all"):
                counts[name].errors.append(float(away) / box_length(box))
                if record.side is not None:
                    counts[name].sides.append(found[position][2] == record.side)
    return dict(counts)


def pictures_of(labelled: Path, where: dict[str, str]) -> list[tuple[Image, list[Record]]]:
    """Return each picture of a COCO file once, with all its hands."""
    dataset = CocoHands(labelled, where=where)
    groups: defaultdict[str, list[Record]] = defaultdict(list)
    for index in range(len(dataset)):
        record = dataset.record(index)
        groups[record.key.split(" annotation")[0]].append(record)
    return [(records[0].read(), records) for records in groups.values()]


def peer_of(file: Path, labelled: Path, pictures: Sequence[tuple[Image, list[Record]]]) -> dict[str, Count]:
    """Count another tool's finds, which are listed by annotation."""
    content = json.loads(labelled.read_text("utf-8"))
    names = {image["id"]: image["file_name"] for image in content["images"]}
    finds = json.loads(file.read_text("utf-8"))["pipeline"]
    by_picture = {names[a["image_id"]]: finds.get(str(a["id"]), []) for a in content["annotations"]}
    queue = iter([by_picture[Path(records[0].key.split(" annotation")[0]).name] for _, records in pictures])

    def find(_: Image) -> list[tuple[FloatArray, FloatArray, Side | None]]:
        hands = [np.asarray(points, np.float64) + 0.5 for points in next(queue)]
        return [(box_of_points(points), points, None) for points in hands]

    return count(find, pictures)


def false_hands(find: Find, empty: Sequence[Image]) -> int:
    """Count the pictures without hands in which one is found."""
    return sum(bool(find(image)) for image in empty)


def collages(photos: Sequence[Image]) -> list[Image]:
    """Lay four photos at a time into one picture, each of them letterboxed into its quarter."""
    size = (SIDE, SIDE)
    tiles = [warp_image(p, crop_matrix([0, 0, p.shape[1], p.shape[0]], size, padding=1.0), size) for p in photos]
    fours = [tiles[i : i + 4] for i in range(0, len(tiles) - 3, 4)]
    return [np.vstack([np.hstack(four[:2]), np.hstack(four[2:])]) for four in fours]


def choose(hand: OnnxRuntime, detect: OnnxRuntime, empty: Sequence[Image]) -> str:
    """Show what every pair of thresholds leaves of false hands."""
    larger = collages(empty)
    rows = []
    for threshold in THRESHOLDS:
        finds = [finder(hand, detect, threshold, confidence=c) for c in CONFIDENCES]
        rows.append([f"{threshold:g}", *(f"{false_hands(f, empty)}, {false_hands(f, larger)}" for f in finds)])
    told = f"of {len(empty)} photos and {len(larger)} collages"
    return markdown(["threshold", *(f"confidence {c:g}, {told}" for c in CONFIDENCES)], rows)


def report(hand: OnnxRuntime, detect: OnnxRuntime, arguments: argparse.Namespace, empty: Sequence[Image]) -> str:
    """Count by source with the tool's own thresholds, and in all with others."""
    pictures = pictures_of(arguments.labelled, dict(pair.split("=", 1) for pair in arguments.where))
    own = count(finder(hand, detect), pictures)
    peer = peer_of(arguments.peer, arguments.labelled, pictures) if arguments.peer else {}
    sources = sorted(own, key=lambda name: (name == "all", -own[name].hands))
    rows = [[n, *own[n].cells(), *([str(peer[n].missed), *peer[n].cells()[3:4]] if peer else [])] for n in sources]
    head = ["source", "hands", "missed", "other boxes", "NME (median)", "side right"]
    first = markdown([*head, *(["peer missed", "peer NME (median)"] if peer else [])], rows)
    larger = collages(empty)
    rows = []
    for threshold in THRESHOLDS:
        once, closer = finder(hand, detect, threshold, tiles="never"), finder(hand, detect, threshold)
        missed = [count(find, pictures)["all"].missed for find in (once, closer)]
        alone = false_hands(finder(hand, detect, threshold, 0.0, 0.0, 0.0, tta=1), empty)
        false = [alone, false_hands(closer, empty), false_hands(closer, larger)]
        rows.append([f"{threshold:g}", *map(str, missed + false)])
    names = ["threshold", "missed at one look", "missed", f"of {len(empty)} photos without hands: detector alone"]
    return f"{first}\n\n{markdown([*names, 'and hand model', f'of {len(larger)} collages of four'], rows)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labelled", type=Path, required=True)
    parser.add_argument("--where", nargs="*", default=[], metavar="FIELD=VALUE")
    parser.add_argument("--empty", type=Path, required=True)
    parser.add_argument("--hand", type=Path, default=bundled())
    parser.add_argument("--detect", type=Path, default=bundled().with_name("detect.onnx"))
    parser.add_argument("--peer", type=Path)
    parser.add_argument("--choose", action="store_true", help="thresholds instead, on photos kept for them")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    hand, detect = OnnxRuntime(arguments.hand, 1), OnnxRuntime(arguments.detect, 1)
    scenes = EmptyScenes(arguments.empty)
    some = range(len(scenes))[CHOOSE if arguments.choose else TEST]
    empty = [scenes.scene(index).read() for index in some]
    text = choose(hand, detect, empty) if arguments.choose else report(hand, detect, arguments, empty)
    print(text)
    if arguments.out is not None:
        write_document(arguments.out, [text])


if __name__ == "__main__":
    main()
