"""Golden vectors of films: a tracker that is asked and answered, and a filter."""

import math

import numpy as np

from likelihand import geometry
from likelihand.inference.detection import Detection
from likelihand.structures import Hand
from likelihand.tracking import tracker as tracking
from likelihand.tracking.filters import PointFilter
from tests.apps.web.golden_tools import SHAPE, covariances, rounded, triple


def world(number, seconds):
    """Two hands of which the second passes in front of the first."""
    if number == 0:
        return 60 + 12 * SHAPE + (30 * math.sin(seconds * 2), 8 * math.cos(seconds * 3))
    return (200 - 110 * seconds, 80 + 20 * seconds) + 14 * SHAPE[::-1] * (1, 1 + 0.1 * math.sin(4 * seconds))


class Film:
    """Answers a tracker's questions about a made-up film, and writes questions and answers down."""

    def __init__(self):
        self.seconds, self.asked, self.frame = 0.0, [], 0
        self.rng = np.random.default_rng(11)

    def predict(self, image, boxes):
        hands = [self.hand(np.asarray(box)) for box in boxes]
        told = [
            {
                "points": h.points.tolist(),
                "covariance": triple(h.covariance),
                "box": rounded(h.box),
                "side": h.side,
                "score": h.score,
                "clarity": h.clarity,
            }
            for h in hands
        ]
        self.asked.append({"boxes": rounded(boxes), "hands": told})
        return hands

    def hand(self, box):
        middle = (box[:2] + box[2:]) / 2
        truths = [world(n, self.seconds) for n in (1, 0)]
        away = [float(np.linalg.norm(t.mean(0) - middle)) for t in truths]
        number = 0 if away[0] < 30 else int(np.argmin(away))  # the second hand hides the first
        lost = 20 <= self.frame < 26 and number == 1
        points = (truths[number] + self.rng.normal(0, 1, (21, 2))).round(2)
        side = ("right", "left")[number] if self.rng.uniform() < 0.9 else "left"
        score = 0.1 if lost or min(away) > 60 else round(float(self.rng.uniform(0.96, 1)), 3)
        covariance = covariances(self.rng, 21, 0.5, 1.5).round(2)
        scale = np.sqrt(covariance.reshape(-1, 4)[:, ::3])
        clarity = 0.2 if self.frame < 2 and number == 1 else 0.8  # that hand may not start a track yet
        return Hand(points, scale, np.round(box, 6), covariance, side, score, clarity=clarity)

    def detect(self, image):
        found = []
        for number in (0, 1):
            if 20 <= self.frame < 26 and number == 0:
                continue
            box = geometry.box_of_points(world(number, self.seconds)) + self.rng.normal(0, 2, 4)
            found.append(Detection(box.round(2), ("left", "right")[number], 0.8))
        self.asked.append({"found": [{"box": f.box.tolist(), "side": f.side, "score": f.score} for f in found]})
        return found


def tracks():
    film = Film()
    follow = tracking.Tracker(film.predict, film.detect, tracking.Tracking(every=7))
    frames = []
    for i in range(48):
        film.seconds, film.frame, film.asked = round(i / 30 + 0.004 * (i % 3), 4), i, []
        hands = follow(np.zeros((180, 240, 3), np.uint8), film.seconds)
        told = [
            {
                "track": h.track,
                "seen": h.seen,
                "side": h.side,
                "points": rounded(h.points, 4),
                "covariance": rounded(triple(h.covariance), 4),
            }
            for h in hands
        ]
        frames.append({"seconds": film.seconds, "asked": film.asked, "hands": told})
    return {"height": 180, "width": 240, "every": 7, "frames": frames}


def filtered():
    rng = np.random.default_rng(8)
    follow, steps = PointFilter(), []
    for i in range(30):
        points = (50 + 10 * SHAPE + (3.0 * i, 0)).round(2) + rng.normal(0, 0.5, (21, 2)).round(2)
        points[4] += 60.0 * (i in (9, 14, 15, 16, 17, 18))
        points += 70.0 * (i >= 24)
        covariance = covariances(rng, 21, 0.5, 1.5).round(2)
        given = None if i in (11, 12) else points
        smoothed = follow.step(given, None if given is None else covariance, 0.04)
        steps.append({
            "points": None if given is None else rounded(points, 2),
            "covariance": triple(covariance),
            "smoothed": rounded(smoothed.points, 5),
            "velocity": rounded(smoothed.velocity, 4),
            "out": rounded(triple(smoothed.covariance), 4),
        })  # fmt: skip
    return {"seconds": 0.04, "steps": steps}
