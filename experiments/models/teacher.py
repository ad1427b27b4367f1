r"""Label hands in photos by many looks of MediaPipe's landmark network, joined with a model of our own.

    python -m experiments.models.teacher --hands HANDS.json --images FOLDER --network hand_landmark_full.tflite \
        --model hand.onnx --out labels.npz

HANDS is `{photo: [{"points": 21 x 2 or absent, "box": [x0, y0, x1, y1]}, ...]}` in pixels, corner origin: where
hands may be. A hand is looked at upright from eight sides (four sizes and turns, each mirrored too); where these
disagree, eight turns and our model's estimate are tried as a start. Their geometric median is the label, their
distance from it its spread; our model's estimate joins by inverse variance. What the two leave open becomes the
label's own noise, which the likelihood takes as known (`gpu/train.py`). On 108 hands with labels by people the
median of looks alone errs by 0.062 of the hand's size (median 0.044), one look by 0.096.

Writes photo names, points (N, 21, 2), noise (N, 21) and spread (N,) in pixels and shares of the size, the side
(1 right, 0 left, NaN where the two disagree) and presence (N,). Interrupted work goes on where it stopped.
"""

import argparse
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

import likelihand as lh
from likelihand.geometry import Image, crop_matrix, invert, transform_points, warp_image

Floats = NDArray[np.float64]

SIDE = 224  # of the network's input
PALM = (0, 1, 2, 3, 5, 6, 9, 10, 13, 14, 17, 18)  # what the region of a look is fitted around
LOOKS = ((1.8, 0.0), (2.1, 0.15), (2.1, -0.15), (2.4, 0.0))  # side over the palm's, radians
DOUBTFUL = 0.03  # spread over the size above which other starts are tried
FLOOR = 0.012  # of the size: what the looks cannot see in themselves, the median distance from people's labels
OWN_FLOOR, OWN_FACTOR = 0.015, 1.7  # the same of our model, and how much too small its regions are on photos


class Look(NamedTuple):
    """A square region of a photo: its centre (2,), side and turn in radians, and whether it is mirrored."""

    centre: Floats
    side: float
    radians: float
    mirrored: bool


class Seen(NamedTuple):
    """What many looks agree on: points (21, 2), spread (21,) in pixels, presence, the chance of a right hand."""

    points: Floats
    spread: Floats
    presence: float
    right: float

    @property
    def share(self) -> float:
        """The mean spread over the hand's size."""
        return float(self.spread.mean() / np.ptp(self.points, axis=0).max())


class Landmarks:
    """MediaPipe's landmark network on LiteRT.

    Args:
        path: `hand_landmark_full.tflite`.
    """

    def __init__(self, path: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._runtime = Interpreter(str(path), num_threads=1)
        self._runtime.allocate_tensors()
        self._input = self._runtime.get_input_details()[0]["index"]
        self._outputs = [each["index"] for each in self._runtime.get_output_details()[:3]]

    def __call__(self, image: Image, look: Look) -> tuple[Floats, float, float]:
        """Return points (21, 2) in the photo's pixels, presence, and the chance of a right hand."""
        half = look.side / 2
        box = np.concatenate([look.centre - half, look.centre + half])
        matrix = crop_matrix(box, (SIDE, SIDE), padding=1.0, radians=-look.radians, flip=look.mirrored)
        crop = warp_image(image, matrix, (SIDE, SIDE)).astype(np.float32) / 255
        self._runtime.set_tensor(self._input, crop[None])
        self._runtime.invoke()
        points, presence, right = (self._runtime.get_tensor(index) for index in self._outputs)
        found = transform_points(invert(matrix), points.reshape(21, 3)[:, :2].astype(np.float64))
        chance = float(right.item())
        return found, float(presence.item()), 1 - chance if look.mirrored else chance


def direction(points: Floats) -> float:
    """Compute how far a hand is turned clockwise from upright, in radians."""
    towards = (points[5] + points[13]) / 4 + points[9] / 2 - points[0]
    return float(np.arctan2(towards[0], -towards[1]))


def upright(points: Floats, scale: float) -> Look:
    """Make the look in which a hand stands upright, `scale` times the size of its palm."""
    turn = direction(points)
    axes = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])  # turned from image
    palm = points[list(PALM)] @ axes.T
    side = max(float(np.ptp(palm, axis=0).max()), 2.0)
    centre = (palm.min(0) + palm.max(0)) / 2 + np.array([0.0, -0.1]) * side
    return Look(centre @ axes, side * scale, turn, False)


def geometric_median(points: Floats, weights: Floats, steps: int = 30) -> Floats:
    """Compute the point of least weighted distance of (L, K, 2), for each keypoint (Weiszfeld's steps)."""
    middle = np.average(points, 0, weights)
    for _ in range(steps):
        distance = np.maximum(np.linalg.norm(points - middle, axis=2), 1e-3)
        share = weights[:, None] / distance
        middle = (points * share[..., None]).sum(0) / share.sum(0)[:, None]
    return np.asarray(middle)


def look_around(network: Landmarks, image: Image, start: Floats) -> Seen:
    """Look eight times around points (21, 2)."""
    base = upright(start, 1.0)
    looks = [
        Look(base.centre, base.side * scale, base.radians + turn, mirrored)
        for scale, turn in LOOKS
        for mirrored in (False, True)
    ]
    points, presence, right = (np.array(each) for each in zip(*(network(image, k) for k in looks), strict=True))
    middle = geometric_median(points, presence**2 + 1e-6)
    spread = np.linalg.norm(points - middle, axis=2).mean(0)
    return Seen(middle, spread, float(presence.mean()), float(right.mean()))


def search(network: Landmarks, image: Image, box: Floats) -> Floats:
    """Find points (21, 2) in a box by eight turns: the look that finds a hand, and finds it upright."""
    centre, side = (box[:2] + box[2:]) / 2, float((box[2:] - box[:2]).max()) * 1.5
    best, most = None, -1.0
    for turn in np.arange(8) * np.pi / 4:
        points, presence, _ = network(image, Look(centre, side, float(turn), False))
        off = abs((direction(points) - turn + np.pi) % (2 * np.pi) - np.pi)
        value = presence**4 * float(np.exp(-((off / 0.7) ** 2)))
        if value > most:
            best, most = points, value
    assert best is not None
    return best


def label(network: Landmarks, image: Image, box: Floats, starts: list[Floats]) -> Seen:
    """Look around each start; the first where its looks agree, else whichever start or search agrees most."""
    seen = look_around(network, image, starts[0])
    if seen.share <= DOUBTFUL:
        return seen
    others = [*starts[1:], search(network, image, box)]
    least = 0.4 * float((box[2:] - box[:2]).max())  # a smaller hand than that is another one
    tried = [seen, *(look_around(network, image, start) for start in others)]
    large = [each for each in tried if np.ptp(each.points, axis=0).max() > least]
    return min(large or tried, key=lambda each: each.share)


def join(seen: Seen, own: Floats, covariance: NDArray[np.floating]) -> tuple[Floats, Floats]:
    """Join the looks with our model's points by inverse variance; return points and each one's noise in pixels."""
    size = float(np.ptp(seen.points, axis=0).max())
    first = (FLOOR * size) ** 2 + (1.5 * seen.spread) ** 2  # mean distance to standard deviation: about 1.5 for 2D
    second = (OWN_FLOOR * size) ** 2 + OWN_FACTOR**2 * np.linalg.eigvalsh(covariance).mean(1)
    weight = (second / (first + second))[:, None]
    points = weight * seen.points + (1 - weight) * own
    apart = np.linalg.norm(seen.points - own, axis=1) / 2
    return points, np.sqrt(first * second / (first + second) + apart**2)


def main() -> None:
    """Label every hand."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hands", type=Path, required=True)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--network", type=Path, required=True)
    parser.add_argument("--model", type=Path, help="our model; the bundled one by default")
    parser.add_argument("--out", type=Path, required=True)
    a = parser.parse_args()
    network = Landmarks(a.network)
    predict = lh.load(a.model, detector=False, threads=1)
    journal = a.out.with_suffix(".jsonl")
    done = [json.loads(line) for line in journal.read_text().splitlines()] if journal.exists() else []
    hands = [(name, hand) for name, each in json.loads(a.hands.read_text()).items() for hand in each]
    with journal.open("a", encoding="utf-8") as file:
        for name, hand in tqdm(hands[len(done) :], initial=len(done), total=len(hands), unit="hand"):
            image = lh.read_image(a.images / name)
            box = np.array(hand["box"], np.float64)
            own = predict(image, boxes=[box])[0]
            starts = [np.array(hand["points"], np.float64)] if hand.get("points") else []
            seen = label(network, image, box, [*starts, own.points])
            points, noise = join(seen, own.points, own.covariance)
            sure = abs(seen.right - 0.5) > 0.35 and (own.side == "right") == (seen.right > 0.5)
            row = {
                "photo": name, "points": points.round(3).tolist(), "noise": noise.round(3).tolist(),
                "spread": seen.share, "side": float(seen.right > 0.5) if sure else None, "presence": seen.presence,
            }  # fmt: skip
            file.write(json.dumps(row) + "\n")
            done.append(row)
    columns = {
        key: np.array([row[key] for row in done]) for key in ("photo", "points", "noise", "spread", "presence")
    }
    columns["side"] = np.array([np.nan if row["side"] is None else row["side"] for row in done])
    with a.out.open("wb") as out:
        np.savez_compressed(out, **columns)  # type: ignore[arg-type]
    print(f"{len(done)} hands, {np.mean(columns['spread'] < DOUBTFUL):.0%} of spread below {DOUBTFUL} -> {a.out}")


if __name__ == "__main__":
    main()
