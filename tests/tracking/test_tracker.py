"""Tracks through a world of moving hands whose model and detector answer from the truth."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from likelihand.geometry import box_iou, box_of_points
from likelihand.inference.predictor import is_clear
from likelihand.structures import Hand, Side
from likelihand.tracking import Region, TrackedHand, Tracker, Tracking, whole_picture
from likelihand.tracking.filters import spread

IMAGE = np.zeros((480, 640, 3), np.uint8)
SHAPE = np.random.default_rng(0).uniform(-40, 40, (21, 2))
OTHER = np.random.default_rng(1).uniform(-40, 40, (21, 2))
FRAME = 1 / 30


@dataclass
class World:
    """Hands that a model sees nearest to its box and a detector sees all; the first in `hands` is in front."""

    hands: list[Hand] = field(default_factory=list)
    boxes: list[Any] = field(default_factory=list)
    looks: int = 0
    blind: bool = False
    jitter: float = 0.0
    sure: float = 0.95
    rng: Any = field(default_factory=lambda: np.random.default_rng(2))

    def predict(self, image: Any, boxes: Any) -> list[Hand]:
        self.boxes.append(boxes)
        return [self._answer(box) for box in boxes]

    def _answer(self, box: Any) -> Hand:
        shown = [h for h in self.hands if self._is_open(h)]
        if not shown:
            return Hand(SHAPE + 300.0, np.ones((21, 2)), box, score=0.01)
        middle = (box[:2] + box[2:]) / 2
        hand = min(shown, key=lambda h: float(np.linalg.norm(h.points.mean(0) - middle)))
        near = float(box_iou(box_of_points(hand.points), box)) > 0.1
        points = hand.points + self.jitter * self.rng.normal(size=(21, 2))
        return replace(hand, points=points, box=box, score=self.sure if near else 0.05)

    def _is_open(self, hand: Hand) -> bool:
        front = self.hands[: [h is hand for h in self.hands].index(True)]
        return not any(box_iou(box_of_points(f.points), box_of_points(hand.points)) > 0.6 for f in front)

    def detect(self, image: Any) -> list[Region]:
        self.looks += 1
        shown = [] if self.blind else [h for h in self.hands if self._is_open(h)]
        return [Region(box_of_points(h.points), h.side, 0.9) for h in shown]


def hand(x: float, y: float, side: Side | None = "right", shape: Any = SHAPE, scale: float = 1.0) -> Hand:
    covariance = np.tile(scale**2 * np.eye(2), (21, 1, 1))
    return Hand(shape + np.array([x, y]), np.full((21, 2), scale), np.zeros(4), covariance, side)


Script = Callable[[int], Sequence[Hand]]


def play(world: World, script: Script, frames: int, **settings: Any) -> list[list[TrackedHand]]:
    follow = Tracker(world.predict, world.detect, Tracking(**settings))
    answers = []
    for i in range(frames):
        world.hands = list(script(i))
        answers.append(follow(IMAGE, i * FRAME))
    return answers


def test_the_detector_looks_seldom_and_the_crop_follows() -> None:
    world = World()
    answers = play(world, lambda i: [hand(100 + 4 * i, 200)], 31, every=10)
    assert world.looks == 4
    assert all([h.track for h in hands] == [0] for hands in answers)
    for i, hands in enumerate(answers):
        np.testing.assert_allclose(hands[0].points, SHAPE + np.array([100 + 4 * i, 200]), atol=1.5)
    # each crop is the tight box of where the hand will be, not of where it was
    np.testing.assert_allclose(world.boxes[-1][0], box_of_points(SHAPE + np.array([100 + 4 * 30, 200])), atol=0.5)


def test_without_hands_the_detector_looks_at_some_frames() -> None:
    world = World()
    answers = play(world, lambda i: [] if i < 7 else [hand(100, 100)], 12, every=100, idle=3)
    assert [len(hands) for hands in answers] == [0] * 9 + [1] * 3
    assert world.looks == 4


def test_a_lost_hand_is_found_again_under_its_number() -> None:
    def script(i: int) -> list[Hand]:
        return [] if 10 <= i < 25 else [hand(100 if i < 10 else 160, 200)]

    world = World()
    answers = play(world, script, 30, every=10)
    assert [h.seen for h in answers[9]] == [True]
    assert [h.seen for h in answers[10]] == [False] and answers[10][0].observed is None
    assert answers[20] == []
    assert [(h.track, h.seen) for h in answers[28]] == [(0, True)]
    np.testing.assert_allclose(answers[28][0].points, SHAPE + np.array([160, 200]), atol=1)


def test_a_forgotten_hand_gets_a_new_number() -> None:
    answers = play(World(), lambda i: [] if 10 <= i < 50 else [hand(100, 200)], 55, every=10)
    assert answers[9][0].track == 0 and answers[54][0].track == 1


def test_a_hidden_frame_is_bridged_and_grows_unsure() -> None:
    answers = play(World(), lambda i: [] if 10 <= i < 13 else [hand(100 + 5 * i, 200)], 20, every=100)
    before = 0.0
    for i in (10, 11, 12):
        (coasting,) = answers[i]
        assert not coasting.seen and coasting.track == 0
        np.testing.assert_allclose(coasting.points, SHAPE + np.array([100 + 5 * i, 200]), atol=2)
        assert coasting.covariance[3, 0, 0] > before
        before = coasting.covariance[3, 0, 0]
    assert answers[13][0].seen and answers[13][0].track == 0


@pytest.mark.parametrize("jitter", [0.0, 2.0])
@pytest.mark.parametrize("sides", [("left", "right"), ("right", "right")])
def test_crossing_hands_keep_number_and_side(sides: tuple[Side, Side], jitter: float) -> None:
    """One passes before the other, which is hidden for about eight frames."""

    def script(i: int) -> list[Hand]:
        return [hand(120 + 7 * i, 200, sides[0]), hand(520 - 7 * i, 215, sides[1], OTHER)]

    world = World(jitter=jitter)
    answers = play(world, script, 58)
    for i in (0, 10, 20, 38, 45, 57):
        first, second = answers[i]
        assert (first.track, second.track) == (0, 1) and (first.side, second.side) == sides
        np.testing.assert_allclose(first.points, script(i)[0].points, atol=3 + 5 * jitter)
        np.testing.assert_allclose(second.points, script(i)[1].points, atol=3 + 5 * jitter)
    assert {h.track for hands in answers for h in hands} == {0, 1}


def test_two_tracks_on_one_hand_become_one() -> None:
    def script(i: int) -> list[Hand]:
        return [hand(200, 200), hand(320, 200, "left", OTHER)][: 2 if i < 10 else 1]

    class Collapsing(World):
        def _answer(self, box: Any) -> Hand:
            answer = super()._answer(box)
            return replace(answer, score=0.95)

    answers = play(Collapsing(), script, 60)
    assert [len([h for h in hands if h.seen]) for hands in answers] == [2] * 10 + [1] * 50
    assert [h.track for h in answers[-1]] == [0]


def test_the_side_is_a_matter_of_votes() -> None:
    def script(i: int) -> list[Hand]:
        return [hand(200, 200, "left" if i % 5 == 4 or i > 60 else "right")]

    answers = play(World(), script, 130, every=1000)
    assert {hands[0].side for hands in answers[:61]} == {"right"}
    assert answers[-1][0].side == "left"
    silent = play(World(), lambda i: [hand(200, 200, None)], 3)
    assert silent[-1][0].side is None


@pytest.mark.parametrize(
    "odd",
    [
        hand(200, 200, shape=3 * SHAPE),
        hand(200, 200, shape=0.3 * SHAPE),
        hand(200, 200, scale=90.0),
        replace(hand(200, 200), points=np.full((21, 2), np.nan)),
        replace(hand(200, 200), points=np.full((21, 2), 200.0)),
        replace(hand(200, 200), covariance=np.full((21, 2, 2), np.inf)),
    ],
    ids=["wide", "narrow", "unsure", "nan", "collapsed", "infinite"],
)
def test_what_is_no_hand_is_not_followed(odd: Hand) -> None:
    class Odd(World):
        def _answer(self, box: Any) -> Hand:
            return odd if len(self.boxes) > 6 else super()._answer(box)

    world = Odd()
    answers = play(world, lambda i: [hand(200, 200)], 8, every=100)
    assert [hands[0].seen for hands in answers] == [True] * 5 + [False] * 3
    assert all(np.isfinite(hands[0].points).all() for hands in answers)


def test_no_more_hands_than_asked_for() -> None:
    answers = play(World(), lambda i: [hand(150, 200), hand(450, 200, "left", OTHER)], 5, most=1, every=1)
    assert [[h.track for h in hands] for hands in answers] == [[0]] * 5


@pytest.mark.parametrize("newcomer_first", [False, True])
def test_a_hand_found_again_is_not_given_up_for_a_new_one(newcomer_first: bool) -> None:
    old, new = hand(150, 200), hand(450, 200, "left", OTHER)
    both = [new, old] if newcomer_first else [old, new]
    answers = play(World(), lambda i: [old] if i < 5 else [] if i < 15 else both, 20, most=1, every=1, idle=1)
    assert [[h.track for h in hands] for hands in answers[15:]] == [[0]] * 5
    assert all(np.allclose(h.points.mean(0), old.points.mean(0), atol=1.0) for (h,) in answers[15:])


def test_a_new_hand_is_found_within_a_round() -> None:
    answers = play(World(), lambda i: [hand(150, 200), hand(450, 200, "left", OTHER)][: 1 + (i > 3)], 20, every=8)
    assert [len(hands) for hands in answers] == [1] * 8 + [2] * 12


def test_points_outside_the_picture_are_not_looked_at_again() -> None:
    def predict(image: Any, boxes: Any) -> list[Hand]:
        assert all(box[2] > 0 and box[0] < image.shape[1] for box in boxes)
        return [replace(hand(-300, 200), box=box, score=0.96) for box in boxes]

    follow = Tracker(predict, lambda image: [Region(np.array([0.0, 100.0, 80.0, 180.0]))])
    assert [follow(IMAGE, i * FRAME) for i in range(3)] == [[]] * 3


def test_a_track_on_part_of_a_hand_is_put_right() -> None:
    """A model that shrinks its answers slowly is still plausible; the detector's next look is not fooled."""

    class Shrinking(World):
        def _answer(self, box: Any) -> Hand:
            answer = super()._answer(box)
            middle = answer.points.mean(0)
            wide = np.ptp(box.reshape(2, 2), axis=0).max() / np.ptp(answer.points, axis=0).max()
            return replace(answer, points=middle + 0.9 * min(wide, 1.0) * (answer.points - middle), score=0.96)

    answers = play(Shrinking(), lambda i: [hand(200, 200)], 40, every=12)
    assert [[h.track for h in hands] for hands in answers] == [[0]] * 40
    sizes = [spread(hands[0].points) / spread(SHAPE) for hands in answers]
    assert min(sizes) < 0.5 and sizes[12] > 0.6 and sizes[24] > 0.6


def test_few_frames_a_second() -> None:
    world = World()
    follow = Tracker(world.predict, world.detect, Tracking())
    for i in range(6):
        world.hands = [hand(100 + 20 * i, 200)]
        (answer,) = follow(IMAGE, 2.0 * i)
        assert answer.track == 0 and answer.seen
    assert world.looks == 1


def test_without_smoothing_points_are_the_models() -> None:
    world = World(jitter=4.0)
    plain = Tracker(world.predict, world.detect, smoothing=None)
    for i in range(10):
        world.hands = [hand(200, 200)]
        (answer,) = plain(IMAGE, i * FRAME)
        assert answer.observed is not None
        assert (answer.points == answer.observed).all()


def test_smoothing_calms_a_still_hand() -> None:
    world = World(jitter=2.0)
    answers = play(world, lambda i: [hand(200, 200, scale=6.0)], 40)
    smooth = np.stack([hands[0].points for hands in answers])[10:]
    raw = np.stack([hands[0].observed for hands in answers if hands[0].observed is not None])[10:]
    assert np.diff(smooth, axis=0).std() < 0.7 * np.diff(raw, axis=0).std()


def test_a_hand_that_leaves_the_picture_ends() -> None:
    world = World()
    answers = play(world, lambda i: [hand(500 + 30 * i, 200)], 30, every=5)
    assert answers[2] and not answers[29]


def test_a_doubtful_hand_starts_no_track_and_ends_none() -> None:
    world = World(sure=0.7)
    follow = Tracker(world.predict, world.detect, Tracking())
    world.hands = [hand(320, 240)]
    assert follow(IMAGE, 0.0) == []
    world.sure = 0.95
    assert [h.track for i in range(1, 5) for h in follow(IMAGE, i * FRAME)][:1] == [0]
    world.sure = 0.7
    assert [h.seen for i in range(5, 9) for h in follow(IMAGE, i * FRAME)] == [True] * 4


def test_the_whole_picture_as_a_hand() -> None:
    world = World()
    world.hands = [hand(320, 240, shape=4 * SHAPE)]
    follow = Tracker(world.predict, whole_picture, Tracking(most=1))
    for i in range(4):
        (answer,) = follow(IMAGE, i * FRAME)
    assert answer.track == 0 and spread(answer.points) == pytest.approx(4 * spread(SHAPE), rel=0.01)


def test_time_goes_forward() -> None:
    world = World()
    follow = Tracker(world.predict, world.detect)
    follow(IMAGE, 1.0)
    with pytest.raises(ValueError, match=r"frame at 0.5 s after one at 1.0 s"):
        follow(IMAGE, 0.5)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"every": 0}, "every is 0"),
        ({"presence": 2}, "presence is 2"),
        ({"most": 0}, "most is 0"),
        ({"confidence": 35}, "confidence is 35"),
    ],
)
def test_settings_are_checked(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Tracking(**wrong)


class Forearm(World):
    """The detector takes a forearm for a hand, and the model is sure of it but not of its keypoints."""

    ARM = np.array([400.0, 300.0, 480.0, 380.0])

    def detect(self, image: Any) -> list[Region]:
        return [*super().detect(image), Region(self.ARM, "left", 0.9)]

    def _answer(self, box: Any) -> Hand:
        if box_iou(box, self.ARM) < 0.1:
            return super()._answer(box)
        vague = hand(440, 340, "left", OTHER, scale=16.0)
        return replace(vague, box=box, score=0.97, clarity=0.2)


def test_what_has_no_place_for_its_keypoints_starts_no_track() -> None:
    """The rule by which photos drop what was detected: `Predictor` and `Tracker` ask the same function."""
    arm = Forearm()._answer(Forearm.ARM)
    assert not is_clear(arm) and is_clear(hand(200, 200))
    for settings, tracks in (({}, {0}), ({"confidence": 0.1}, {0, 1})):
        answers = play(Forearm(), lambda i: [hand(200, 200)], 48, **settings)
        assert {h.track for hands in answers for h in hands} == tracks


def test_a_hand_that_grows_vague_keeps_its_track() -> None:
    answers = play(World(), lambda i: [replace(hand(200, 200), clarity=1.0 if i < 5 else 0.1)], 20)
    assert all([h.track for h in hands] == [0] and hands[0].seen for hands in answers)


@pytest.mark.parametrize("seconds", [float("inf"), float("nan"), -1.0])
def test_times_are_finite(seconds: float) -> None:
    world = World()
    follow = Tracker(world.predict, world.detect)
    follow(IMAGE, 0.0)
    with pytest.raises(ValueError, match="give frames in order"):
        follow(IMAGE, seconds)


def test_a_gap_of_hours_and_a_hurried_frame_leave_the_filter_sound() -> None:
    world, times = World(), [0.0, 1 / 30, 7200.0, 7200.0, 7200.0 + 1e-9, 7200.1]
    follow = Tracker(world.predict, world.detect)
    world.hands = [hand(200, 200)]
    for seconds in times:
        (answer,) = follow(IMAGE, seconds)
        assert np.isfinite(answer.points).all() and np.isfinite(answer.covariance).all()
        np.testing.assert_allclose(answer.points, SHAPE + 200, atol=1)
