"""Writes the golden vectors of the page's TypeScript: what this library computes, for Vitest to compare.

`python tests/apps/web/golden.py` replaces `web/golden/golden.json`. No model is involved: the networks' answers
are drawn at random and written down beside what this library makes of them.
"""

import json
import sys
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).parents[3]))

from likelihand import geometry, uncertainty
from likelihand.apps.web.files import page_constants
from likelihand.cli import formats, tables
from likelihand.inference import Predictor, detection, without_duplicates
from likelihand.inference.detection import Detection, Detector
from likelihand.inference.metadata import ModelMetadata
from likelihand.inference.tta import LOOKS, Answer, merge
from likelihand.structures import Hand
from likelihand.tracking import tracker as tracking
from likelihand.uncertainty import Calibration, Calibrations, RadialTable
from tests.apps.web.golden_films import filtered, tracks
from tests.apps.web.golden_tools import SHAPE, SIZE, bytes64, covariances, picture, rounded, triple

FILE = Path(__file__).parents[3] / "web" / "golden" / "golden.json"


def crops():
    rng = np.random.default_rng(1)
    cases = []
    for i in range(12):
        x, y, w, h = rng.uniform((-20, -20, 5, 5), (200, 150, 200, 150))
        case = {
            "box": rounded([x, y, x + w, y + h]),
            "size": [128, 96] if i % 3 == 0 else [160, 160],
            "padding": round(float(rng.uniform(1, 1.5)), 3),
            "radians": round(float(rng.uniform(-2, 2)), 3),
            "flip": bool(i % 2),
        }
        more = {k: case[k] for k in ("padding", "radians", "flip")}
        matrix = geometry.crop_matrix(case["box"], tuple(case["size"]), **more)
        cases.append(
            case | {"matrix": matrix[:2].ravel().tolist(), "inverse": geometry.invert(matrix)[:2].ravel().tolist()}
        )
    return cases


def warps():
    image = picture(90, 120)
    plans = [
        ([10, 10, 90, 80], (64, 64), {}),
        ([-40, -30, 60, 50], (48, 64), {"radians": 0.7}),
        ([30, 20, 60, 70], (96, 96), {"flip": True, "radians": -1.2}),
        ([0, 0, 120, 90], (40, 40), {"padding": 1.0}),
        ([-10, 5, 118, 100], (24, 24), {"radians": 0.2}),
        ([0, 0, 120, 90], (9, 9), {}),
        ([-300, -200, 400, 300], (32, 32), {}),
    ]
    cases = []
    for box, size, more in plans:
        matrix = geometry.crop_matrix(box, size, **more)
        warped = geometry.warp_image(image, matrix, size)
        cases.append({"matrix": matrix[:2].ravel().tolist(), "size": size, "rgb": bytes64(warped)})
    return {"height": 90, "width": 120, "rgb": bytes64(image), "cases": cases}


def calibration(name="rendered", looks=1, factor=1.0, added=0.0, hand=0.1, keypoint=0.2):
    levels = (0.0, 0.2, 0.5, uncertainty.ONE_SIGMA, 0.9, 0.98)
    table = RadialTable(levels, (0.0, 0.6, 1.1, uncertainty.UNIT, 2.4, 4.0), 1.3)
    return Calibration(0.42, 1.02, 0.69, table, "", name, looks, factor, added, hand, keypoint)


def density():
    rng = np.random.default_rng(2)
    scale, spread = rng.uniform(0.5, 5, (8, 2)).round(3), covariances(rng, 8).round(3)
    c = calibration(factor=1.2, added=0.03)
    covariance = c.covariance(scale, spread, 64.0)
    near = np.round(np.linspace(0, 0.9, 8), 3)
    length = rng.uniform(1, 20, 8).round(3)
    distances, chances = rng.uniform(0, 9, 20).round(3), rng.uniform(0, 0.999, 20).round(4)
    ellipses = uncertainty.ellipses(np.zeros((8, 2)), covariance, float(c.radial.radius(0.9)))
    return {
        "calibration": c.to_json(),
        "side": 64,
        "scale": scale.tolist(),
        "spread": triple(spread),
        "covariance": triple(covariance),
        "size": 55,
        "stated": triple(c.stated(covariance, 55.0)),
        "nearness": near.tolist(),
        "stated_near": triple(c.stated(covariance, 55.0, near)),
        "length": length.tolist(),
        "chance": rounded(uncertainty.chance_within(length, covariance, c.radial), 9),
        "distance": distances.tolist(),
        "level": rounded(c.radial.level(distances), 9),
        "gaussian_level": rounded(uncertainty.GAUSSIAN.level(distances), 9),
        "chances": chances.tolist(),
        "radius": rounded(c.radial.radius(chances), 9),
        "gaussian_radius": rounded(uncertainty.GAUSSIAN.radius(chances), 9),
        "axes": rounded(ellipses.axes),
        "angle": rounded(ellipses.angle),
    }


class Drawn:
    """A runtime whose answers are drawn at random and written down, a crop each."""

    def __init__(self, metadata, answer):
        self.metadata, self.answer, self.record = metadata, answer, []

    def __call__(self, images):
        answers = [self.answer(len(self.record) + i) for i in range(len(images))]
        for image, answer in zip(images, answers, strict=True):
            told = {
                k: np.asarray(v, np.float32).ravel().astype(float).round(6).tolist() for k, v in answer.items()
            }
            self.record.append({"sum": int(image.astype(int).sum()), "outputs": told})
        return {k: np.stack([np.asarray(a[k], np.float32) for a in answers]) for k in answers[0]}


def detector_answer(number):
    rng = np.random.default_rng((3, number))
    scores = (rng.uniform(0, 1, (8, 8)) ** 6).round(3)
    low = rng.uniform(0, 44, (8, 8, 2))
    boxes = np.concatenate([low, low + rng.uniform(6, 30, (8, 8, 2))], -1).round(2)
    return {"scores": scores, "boxes": boxes, "sides": rng.uniform(0, 1, (8, 8)).round(3)}


def detections():
    metadata = ModelMetadata(size=SIZE, kind="detect", outputs=("scores", "boxes", "sides"), threshold=0.3)
    cases = []
    for height, width, tiles in ((200, 300, "always"), (120, 90, "never"), (70, 64, "always")):
        runtime = Drawn(metadata, detector_answer)
        found = Detector(runtime, tiles=tiles)(picture(height, width))
        told = [{"box": rounded(f.box), "side": f.side, "score": f.score} for f in found]
        cases.append({"height": height, "width": width, "tiles": tiles, "calls": runtime.record, "found": told})
    parts = [rounded(p) for share in detection.PARTS for p in detection.parts_of(480, 640, share)]
    return {"metadata": json.loads(metadata.to_json()), "cases": cases, "parts": parts}


def hand_answer(number):
    rng = np.random.default_rng((4, number // 4))  # looks that follow one another nearly agree
    few = np.random.default_rng((5, number))
    points = 32 + 9 * SHAPE + rng.uniform(-3, 3, 2) + few.normal(0, 0.5, (21, 2))
    scale = rng.uniform(0.3, 1.5, (21, 2))
    return {
        "points": points.round(3),
        "scale": scale.round(3),
        "side": np.round(few.uniform(0, 1), 3),
        "presence": np.round(rng.uniform(0.1, 1) ** 0.3, 3),
        "spread": covariances(rng, 21, 0.3, 0.9).round(3),
    }


def hand_metadata():
    outputs = ("points", "scale", "side", "presence", "spread")
    kinds = (
        ("rendered", 1, 1.0, 0.0),
        ("rendered", 4, 0.8, 0.0),
        ("photos", 1, 1.3, 0.04),
        ("photos", 2, 1.1, 0.05),
    )
    return ModelMetadata(
        size=SIZE, outputs=outputs, calibrations=Calibrations(tuple(calibration(*k) for k in kinds))
    )


def hand_values(hand):
    return {
        "points": rounded(hand.points),
        "covariance": triple(hand.covariance),
        "confidence": rounded(hand.confidence),
        "box": rounded(hand.box),
        "side": hand.side,
        "score": round(hand.score, 9),
        "clarity": round(hand.clarity, 9),
    }


def predictions():
    boxes = ([10, 10, 40, 45], [45, 15, 75, 50], [11, 10.5, 42, 46.5], [50, 50, 95, 90], [80, 62, 119, 100])
    found = [
        Detection(np.array(b, float), side, 0.9 - 0.1 * i)
        for i, (b, side) in enumerate(zip(boxes, ("left", "right", None, "right", "left"), strict=True))
    ]
    told = [{"box": f.box.tolist(), "side": f.side, "score": f.score} for f in found]
    cases = []
    low = {"presence": 0.1, "score": 0.1, "confidence": 0.0}
    for looks, least, name in ((1, {}, None), (2, low, None), (4, low, None), (4, low, "rendered")):
        runtime = Drawn(hand_metadata(), hand_answer)
        hands = Predictor(runtime, detector=lambda image: found, tta=looks, calibration=name, **least)(
            picture(100, 120, seed=9)
        )
        cases.append(
            {
                "looks": looks,
                "least": least,
                "calibration": name,
                "calls": runtime.record,
                "hands": [hand_values(h) for h in hands],
            }
        )
    image = {"height": 100, "width": 120, "rgb": bytes64(picture(100, 120, seed=9))}
    kinds = [[c.name, c.looks] for c in hand_metadata().calibrations.entries]
    return {
        "metadata": json.loads(hand_metadata().to_json()),
        "kinds": kinds,
        "image": image,
        "found": told,
        "cases": cases,
    }


def merges():
    rng = np.random.default_rng(6)
    answers = [
        Answer(rng.normal(0, 9, (3, 2)).round(3), covariances(rng, 3).round(3), 0.9 - 0.1 * i, 0.2 * i)
        for i in range(4)
    ]
    joined = merge(answers)
    told = [
        {"points": a.points.tolist(), "covariance": triple(a.covariance), "presence": a.presence, "right": a.right}
        for a in answers
    ]
    merged = {
        "points": rounded(joined.points),
        "covariance": triple(joined.covariance),
        "presence": joined.presence,
        "right": joined.right,
    }
    matrices = [[*look.crop_from_image(np.array([10, 20, 90, 70.0]), SIZE, 1.25)[:2].ravel()] for look in LOOKS]
    return {"answers": told, "merged": merged, "matrices": rounded(matrices, 9)}


def doubles():
    rng = np.random.default_rng(12)
    hands = []
    for i in range(6):
        points = (100 + 20 * SHAPE + rng.uniform(-9, 9, 2) * (i % 3) + rng.normal(0, 2, (21, 2))).round(2)
        covariance = covariances(rng, 21).round(2)
        hands.append(
            Hand(
                points,
                np.sqrt(covariance.reshape(-1, 4)[:, ::3]),
                np.zeros(4),
                covariance,
                score=round(0.5 + 0.1 * (i // 2), 2),
                clarity=(0.95, 0.9, 0.5)[i // 2],
            )
        )
    kept = [next(i for i, h in enumerate(hands) if h is hand) for hand in without_duplicates(hands)]
    told = [
        {"points": h.points.tolist(), "covariance": triple(h.covariance), "score": h.score, "clarity": h.clarity}
        for h in hands
    ]
    return {"hands": told, "kept": kept}


def written():
    rng = np.random.default_rng(13)
    lines, frames, hands = [], [], []
    for number, (name, count) in enumerate((('a, "b".jpg', 2), ("c.png", 0), ("d.png", 1))):
        inner = []
        for i in range(count):
            points, covariance = (100 + 20 * rng.normal(0, 1, (21, 2))).round(7), covariances(rng, 21).round(7)
            scale = np.sqrt(covariance.reshape(-1, 4)[:, ::3])
            box = np.array([50, 60, 150.5, 160])
            more = {"picture": (130, 640), "track": 3 + i, "seen": i == 0}
            hand = tracking.TrackedHand(points, scale, box, covariance, (None, "left")[i], 0.87654, **more)
            inner.append(hand)
            told = {"points": points.tolist(), "covariance": triple(covariance), "box": box.tolist()}
            hands.append(told | {"side": hand.side, "score": hand.score})
        lines.append({"file": name, "size": [130, 640], "hands": [Hand.to_json(hand) for hand in inner]})
        frame = {"frame": number, "time": 0.04 * number, "size": [130, 640]}
        frames.append(frame | {"hands": [hand.to_json() for hand in inner]})
    return {
        "lines": lines,
        "hands": hands,
        "coco": parts(formats.coco(lambda: lines)),
        "rows": [list(row) for row in tables.picture_rows(lines)],
        "film": {
            "lines": frames,
            "coco": parts(formats.coco(lambda: frames, "clip")),
            "rows": [list(row) for row in tables.film_rows(frames)],
        },
    }


def parts(coco):
    return {part: list(entries) for part, entries in coco.items()}


def vectors():
    """Compute every vector."""
    return {
        "constants": page_constants() | {"version": ""},
        "crops": crops(),
        "warps": warps(),
        "density": density(),
        "detections": detections(),
        "merges": merges(),
        "duplicates": doubles(),
        "predictions": predictions(),
        "filter": filtered(),
        "tracks": tracks(),
        "formats": written(),
    }


def main():
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(json.dumps(vectors(), allow_nan=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
