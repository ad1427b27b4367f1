"""The predictor: points come back through the crop's inverse matrix, and wrong input is named."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest
from hypothesis import given, strategies as st

from likelihand.geometry import box_of_points, crop_matrix, transform_points
from likelihand.inference import PHOTOS, Predictor
from likelihand.inference.metadata import ModelMetadata
from likelihand.inference.tta import beyond_edge
from likelihand.uncertainty import (
    ONE_SIGMA,
    UNIT,
    Calibration,
    Calibrations,
    RadialTable,
    edge_nearness,
    size_of_hand,
)

one_look = partial(Predictor, tta=1)
IMAGE = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)


class Answer:
    """A runtime that gives the crop points and scales that it is told, and keeps the crops that it saw."""

    def __init__(
        self, points: np.ndarray, scale: np.ndarray, size: tuple[int, int] = (64, 96), **more: float
    ) -> None:
        self.metadata = ModelMetadata(size=size)
        self.points, self.scale, self.more = points, scale, more
        self.crops: list[np.ndarray] = []

    def __call__(self, crops: np.ndarray) -> dict[str, np.ndarray]:
        self.crops.append(crops)
        count = len(crops)
        extra = {name: np.full(count, value) for name, value in self.more.items()}
        return {"points": np.stack([self.points] * count), "scale": np.stack([self.scale] * count), **extra}


def answer(seed: int = 0, **more: float) -> Answer:
    rng = np.random.default_rng(seed)
    return Answer(rng.uniform(0, 64, (21, 2)), rng.uniform(0.5, 5, (21, 2)), **more)


@given(st.floats(-20, 140), st.floats(-20, 100), st.floats(21, 300), st.floats(21, 300), st.integers(0, 2**16))
def test_points_come_back_exactly(x0: float, y0: float, width: float, height: float, seed: int) -> None:
    """Image points taken into the crop by crop_matrix and answered there are given back."""
    box = [x0, y0, x0 + width, y0 + height]
    points_image = np.random.default_rng(seed).uniform(-50, 200, (21, 2))
    reaching = beyond_edge(np.array(box), IMAGE.shape[:2], PHOTOS["beyond"])
    points_crop = transform_points(crop_matrix(reaching, (64, 96)), points_image)
    runtime = Answer(points_crop, np.ones((21, 2)))
    (hand,) = one_look(runtime)(IMAGE, [box])
    np.testing.assert_allclose(hand.points, points_image, atol=1e-9)


def test_the_boxes_of_films_stay_as_they_are() -> None:
    """At the picture's edge a photo's crop reaches beyond it; the box of a track holds all points already."""
    box, points = [0.0, 10.0, 60.0, 70.0], answer().points
    for beyond in (0.0, PHOTOS["beyond"]):
        (hand,) = one_look(answer(), beyond=beyond)(IMAGE, [box])
        grown = beyond_edge(np.array(box), IMAGE.shape[:2], beyond) if beyond else np.array(box)
        image_from_crop = np.linalg.inv(crop_matrix(grown, (64, 96)))
        np.testing.assert_allclose(hand.points, transform_points(image_from_crop, points), atol=1e-9)


def test_scale_is_in_image_pixels() -> None:
    """A crop of 64 pixels over a box of 80 x 1.25 = 100 pixels: lengths grow by 100 / 64."""
    runtime = answer()
    (hand,) = one_look(runtime)(IMAGE, [[10, 10, 90, 50]])
    np.testing.assert_allclose(hand.scale, runtime.scale * 100 / 64)
    np.testing.assert_allclose(hand.covariance[:, 0, 0], (runtime.scale[:, 0] * 100 / 64) ** 2)
    np.testing.assert_allclose(hand.covariance[:, 0, 1], 0, atol=1e-12)


def test_batches_change_nothing() -> None:
    boxes = [[i, i, i + 40, i + 50] for i in range(7)]
    at_once, in_threes = answer(), answer()
    one, three = (one_look(r, batch_size=n)(IMAGE, boxes) for r, n in ((at_once, 7), (in_threes, 3)))
    assert [len(c) for c in in_threes.crops] == [3, 3, 1]
    np.testing.assert_array_equal(np.concatenate(in_threes.crops), at_once.crops[0])
    for a, b, box in zip(one, three, boxes, strict=True):
        np.testing.assert_array_equal(a.points, b.points)
        np.testing.assert_array_equal(a.box, box)


def test_no_boxes_takes_the_whole_picture_as_one_crop() -> None:
    """160 x 120 into 96 x 64: the square of side 160 becomes the shorter side, 64."""
    runtime = Answer(np.full((21, 2), (48.0, 32.0)), np.ones((21, 2)))
    (hand,) = one_look(runtime)(IMAGE)
    np.testing.assert_allclose(hand.points, np.full((21, 2), (80.0, 60.0)))
    np.testing.assert_allclose(hand.scale, 160 / 64)
    np.testing.assert_array_equal(hand.box, [0, 0, 160, 120])


def test_side_and_presence_are_read_where_the_model_gives_them() -> None:
    box = [[0, 0, 50, 50]]
    assert one_look(answer())(IMAGE, box)[0].side is None
    left = one_look(answer(side=0.2, presence=0.75))(IMAGE, box)[0]
    assert (left.side, left.score) == ("left", 0.75)
    assert one_look(answer(side=0.8))(IMAGE, box)[0].side == "right"


@pytest.mark.parametrize("looks", [1, 4])
def test_depths_are_in_image_pixels_however_the_crop_is_turned(looks: int) -> None:
    """Looks are 1, 0.88 and 0.92 times as wide; depths count in pixels of the crop."""
    runtime = answer(depth=3.0, depth_scale=2.0)
    (hand,) = Predictor(runtime, tta=looks)(IMAGE, [[50, 40, 100, 90]])
    length = 50 * 1.25 / 64 * np.mean([1.0, 0.88, 0.92, 0.92][:looks])
    np.testing.assert_allclose([hand.depth, hand.depth_scale], [3 * length, 2 * length])
    assert one_look(answer())(IMAGE, [[50, 40, 100, 90]])[0].depth is None


def test_no_box_gives_no_hand() -> None:
    assert one_look(answer())(IMAGE, []) == []


@pytest.mark.parametrize(
    ("boxes", "message"),
    [
        ([1, 2, 3, 4], r"boxes have shape \(4,\); give \(N, 4\)"),
        ([[1, 2, 3]], r"boxes have shape \(1, 3\)"),
        ([[0, 0, 9, 9], [0, 0, float("nan"), 9]], "box 1: .*not four finite numbers"),
        ([[5, 5, 5, 9]], "box 0: .*is empty"),
        ([[-9, 0, 0, 9]], "box 0 .*lies outside the picture of 160 x 120 pixels"),
        ([[0, 120, 9, 130]], "lies outside"),
        (["abc"], "boxes are not numbers"),
    ],
)
def test_wrong_boxes_are_named(boxes: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        one_look(answer())(IMAGE, boxes)


@dataclass
class Detected:
    """What a detector gives."""

    box: np.ndarray
    side: str | None = None
    score: float = 0.9


def boxes_at(*corners: tuple[float, float], side: str | None = None) -> list[Detected]:
    return [Detected(np.array([x, y, x + 40.0, y + 50.0]), side) for x, y in corners]


def test_without_boxes_the_detectors_are_used_and_padded() -> None:
    found = boxes_at((10, 10), (100, 60))
    seen = []

    def detector(image: np.ndarray) -> list[Detected]:
        seen.append(image)
        return found

    hands = one_look(answer(), detector=detector)(IMAGE)
    given = one_look(answer())(IMAGE, [f.box for f in found])
    assert seen[0] is IMAGE and len(hands) == 2
    for hand, same in zip(hands, given, strict=True):
        np.testing.assert_array_equal(hand.points, same.points)


def test_given_boxes_and_crop_never_ask_the_detector() -> None:
    def detector(image: np.ndarray) -> list[Detected]:
        raise AssertionError("asked")

    predict = one_look(answer(presence=0.01), detector=detector)
    assert [h.score for h in predict(IMAGE, [[0, 0, 50, 50]])] == [0.01]  # a given box keeps its hand
    np.testing.assert_array_equal(predict.crop(IMAGE)[0].box, [0, 0, 160, 120])


def test_a_picture_without_hands_gives_none() -> None:
    assert one_look(answer(), detector=lambda image: [])(IMAGE) == []


@pytest.mark.parametrize(("presence", "count"), [(0.19, 0), (0.21, 1)])
def test_presence_drops_a_detected_hand(presence: float, count: int) -> None:
    hands = one_look(answer(presence=presence), detector=lambda image: boxes_at((10, 10)))(IMAGE)
    assert len(hands) == count
    assert all(h.score == pytest.approx((0.9 * presence) ** 0.5) for h in hands)
    assert one_look(answer(presence=presence), detector=lambda image: boxes_at((10, 10)), presence=0.1)(IMAGE)


def test_a_hand_with_no_place_for_its_keypoints_is_dropped_where_the_model_is_calibrated() -> None:
    calibration = Calibrations((Calibration(1.0, 0.0, 0.0, RadialTable((0.0, ONE_SIGMA), (0.0, UNIT), 1.0)),))
    shape = np.random.default_rng(0).uniform(0, 64, (21, 2))
    for scale, calibrated, count in ((2.0, calibration, 1), (20.0, calibration, 0), (20.0, Calibrations(), 1)):
        runtime = Answer(shape, np.full((21, 2), scale))
        runtime.metadata = ModelMetadata(size=(64, 96), calibrations=calibrated)
        predict = one_look(runtime, detector=lambda image: boxes_at((10, 10)))
        assert len(predict(IMAGE)) == count
        assert len(predict(IMAGE, [[10, 10, 50, 50]])) == 1  # a given box keeps its hand


TABLE = RadialTable((0.0, ONE_SIGMA), (0.0, UNIT), 1.0)
KNOWN = Calibrations(
    (
        Calibration(1.0, 0.0, 0.0, TABLE),
        Calibration(1.0, 0.0, 0.0, TABLE, looks=4, factor=0.5),
        Calibration(1.0, 0.0, 0.0, TABLE, name="photos", factor=2.0, added=0.1),
        Calibration(1.0, 0.0, 0.0, TABLE, name="photos", looks=4, factor=3.0),
    )
)


def calibrated(seed: int = 0, **more: float) -> Answer:
    runtime = answer(seed, **more)
    runtime.metadata = ModelMetadata(size=(64, 96), calibrations=KNOWN)
    return runtime


def test_each_kind_of_pictures_and_number_of_looks_has_its_calibration() -> None:
    kinds = {(c.name, c.looks): c for c in KNOWN.entries}
    for name, looks, expected in (
        (None, 1, ("photos", 1)), (None, 2, ("photos", 1)), (None, 4, ("photos", 4)),
        ("rendered", 1, ("rendered", 1)), ("rendered", 4, ("rendered", 4)),
    ):  # fmt: skip
        assert one_look(calibrated(), tta=looks, calibration=name).calibration is kinds[expected]
    own = Calibration(1.0, 0.0, 0.0, TABLE, name="mine")
    assert one_look(calibrated(), tta=3, calibration=own).calibration is own
    with pytest.raises(ValueError, match=r"no calibration 'films'; it has 'rendered', 'photos'"):
        one_look(calibrated(), calibration="films")
    with pytest.raises(ValueError, match="it has no calibration at all"):
        one_look(answer(), calibration="photos")


def test_the_calibration_states_its_factor_and_adds_its_noise() -> None:
    """C' = f^2 C + (t size)^2 I in image pixels, size being that of the estimated hand."""
    box = [[10, 10, 50, 50]]
    rendered, photos = (one_look(calibrated(), calibration=n)(IMAGE, box)[0] for n in ("rendered", "photos"))
    size = size_of_hand(rendered.points)
    expected = 4.0 * rendered.covariance + (0.1 * size) ** 2 * np.eye(2)
    np.testing.assert_allclose(photos.covariance, expected)
    np.testing.assert_allclose(photos.scale, np.sqrt(np.diagonal(expected, axis1=1, axis2=2)))
    assert (photos.confidence < rendered.confidence).all()


@pytest.mark.parametrize("looks", [1, 4])
def test_the_choice_changes_neither_points_nor_which_hands_are_found(looks: int) -> None:
    """Photos' regions are wider, so that a rule on the mean confidence itself would drop the hand."""
    given = one_look(calibrated(1), tta=looks)(IMAGE, [[10, 10, 50, 50]])[0]
    least = (given.confidence.mean() + given.clarity) / 2
    rendered, photos = (
        one_look(
            calibrated(1),
            detector=lambda image: boxes_at((10, 10)),
            tta=looks,
            calibration=name,
            confidence=least,
        )(IMAGE)
        for name in ("rendered", "photos")
    )
    assert len(rendered) == len(photos) == 1
    assert photos[0].confidence.mean() < least < photos[0].clarity == rendered[0].clarity
    np.testing.assert_array_equal(rendered[0].points, photos[0].points)


@pytest.mark.parametrize("looks", [1, 4])
def test_a_calibration_of_another_base_does_not_change_which_hands_are_found(looks: int) -> None:
    box, own = [[10, 10, 50, 50]], Calibration(0.5, 0.0, 0.7, TABLE, name="mine")
    mine, rendered = (one_look(calibrated(1), tta=looks, calibration=c)(IMAGE, box)[0] for c in (own, "rendered"))
    assert mine.clarity == rendered.clarity
    assert np.abs(mine.confidence - rendered.confidence).max() > 0.01


def test_the_edge_is_stated_with_the_keypoints_near_it() -> None:
    """f e^(g max w + k w): all of a hand at the edge, and what lies near or beyond it more so."""
    edge = Calibration(1.0, 0.0, 0.0, TABLE, edge_hand=0.3, edge_keypoint=0.5)
    plain = Predictor(calibrated(), tta=1, calibration="rendered")
    with_edge = Predictor(calibrated(), tta=1, calibration=edge)
    for box, is_near in (([60, 40, 90, 70], False), ([-20, -20, 40, 40], True)):
        one, other = (predict(IMAGE, [box])[0] for predict in (plain, with_edge))
        w = edge_nearness(one.points, (120, 160))
        assert (w.max() == 1) == is_near and (w > 0).any() == is_near
        factor = np.exp(0.3 * w.max() + 0.5 * w)
        np.testing.assert_allclose(other.scale, factor[:, None] * one.scale)
        assert other.clarity == one.clarity  # which hands are found does not hang on it


def test_a_hand_knows_which_points_lie_in_the_picture() -> None:
    hand = one_look(answer())(IMAGE, [[-20, -20, 40, 40]])[0]
    assert hand.picture == (120, 160)
    assert 0 < hand.inside.sum() < 21
    np.testing.assert_array_equal(hand.inside, (hand.points >= 0).all(1))


@pytest.mark.parametrize(("score", "count"), [(0.66, 1), (0.68, 0)])
def test_what_detector_and_model_both_doubt_is_dropped(score: float, count: int) -> None:
    predict = one_look(answer(presence=0.5), detector=lambda image: boxes_at((10, 10)), score=score)
    assert len(predict(IMAGE)) == count  # the detector says 0.9, and the mean of both is 0.671


@pytest.mark.parametrize(
    ("told", "right", "side"),
    [
        ("left", None, "left"),
        (None, None, None),
        (None, 0.6, "right"),
        ("left", 0.6, "left"),
        ("left", 0.9, "right"),
        ("right", 0.3, "right"),
        ("right", 0.1, "left"),
        ("right", 0.0, "left"),
    ],
)
def test_the_detectors_side_weighs_against_the_models(
    told: str | None, right: float | None, side: str | None
) -> None:
    """The detector's word counts for 4 to 1."""
    runtime = answer() if right is None else answer(side=right)
    (hand,) = one_look(runtime, detector=lambda image: boxes_at((10, 10), side=told))(IMAGE)
    assert hand.side == side


def test_two_boxes_of_one_hand_give_one() -> None:
    hands = one_look(answer(), detector=lambda image: boxes_at((10, 10), (11, 10), (100, 60)))(IMAGE)
    assert [h.box[0] for h in hands] == [10, 100]


class Diagonal:
    """A runtime that answers points on the diagonal of the crop's middle, and keeps the crops that it saw."""

    metadata = ModelMetadata(size=(64, 64))

    def __init__(self) -> None:
        self.crops: list[np.ndarray] = []

    def __call__(self, crops: np.ndarray) -> dict[str, np.ndarray]:
        self.crops.append(crops)
        diagonal = np.linspace(16, 48, 21)[:, None].repeat(2, 1)
        return {"points": np.stack([diagonal] * len(crops)), "scale": np.ones((len(crops), 21, 2))}


def test_a_second_pass_looks_at_the_points_of_the_first() -> None:
    runtime = Diagonal()
    first, second = (one_look(runtime, passes=n)(IMAGE, [[20, 10, 120, 90]])[0] for n in (1, 2))
    np.testing.assert_allclose(second.box, box_of_points(first.points))
    once_more = one_look(runtime)(IMAGE, [second.box])[0]
    np.testing.assert_allclose(second.points, once_more.points)
    assert len(runtime.crops) == 4
    np.testing.assert_array_equal(runtime.crops[2], runtime.crops[3])


def test_a_second_pass_keeps_the_box_where_the_points_are_of_no_use() -> None:
    for points in (np.full((21, 2), 32.0), np.full((21, 2), np.nan)):
        (hand,) = one_look(Answer(points, np.ones((21, 2)), (64, 64)), passes=2)(IMAGE, [[20, 10, 120, 90]])
        np.testing.assert_array_equal(hand.box, [20, 10, 120, 90])


@pytest.mark.parametrize("wrong", [{"passes": 0}, {"batch_size": 0}])
def test_wrong_numbers_are_named(wrong: dict) -> None:
    with pytest.raises(ValueError, match="is 0; give 1 or more"):
        one_look(answer(), **wrong)


@pytest.mark.parametrize("looks", [1, 4])
def test_a_mirrored_picture_shows_the_other_side(looks: int) -> None:
    box = [[10, 10, 90, 50]]
    (plain,), (other,) = (one_look(answer(side=0.9), tta=looks, mirrored=m)(IMAGE, box) for m in (False, True))
    np.testing.assert_array_equal(plain.points, other.points)
    if looks == 1:  # of four looks two are mirrored, and this model says the same to all
        assert (plain.side, other.side) == ("right", "left")


def test_in_a_mirrored_picture_the_detectors_word_still_counts() -> None:
    predict = one_look(answer(side=0.6), detector=lambda image: boxes_at((20, 20), side="right"), mirrored=True)
    assert [hand.side for hand in predict(IMAGE)] == ["right"]
