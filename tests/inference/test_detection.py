"""From maps to hands: peaks, doubles, and the way back to the picture."""

import numpy as np
import pytest

from likelihand.inference.detection import Detector, _cut, distinct, find_peaks, parts_of
from likelihand.inference.metadata import ModelMetadata


class Maps:
    """A runtime that answers with given maps."""

    def __init__(self, threshold: float = 0.5) -> None:
        self.metadata = ModelMetadata(
            size=(64, 64), kind="detect", outputs=("scores", "boxes", "sides"), threshold=threshold
        )
        self.scores = np.zeros((8, 8))
        self.boxes = np.zeros((8, 8, 4))
        self.sides = np.full((8, 8), 0.5)

    def put(self, row: int, column: int, score: float, box: tuple[float, ...], right: float) -> None:
        self.scores[row, column], self.boxes[row, column], self.sides[row, column] = score, box, right

    def __call__(self, crops: np.ndarray) -> dict[str, np.ndarray]:
        self.crops = crops
        maps = {"scores": self.scores, "boxes": self.boxes, "sides": self.sides}
        return {name: np.repeat(values[None], len(crops), 0) for name, values in maps.items()}


def test_boxes_come_back_through_the_letterbox() -> None:
    runtime = Maps()
    runtime.put(2, 3, 0.9, (16.0, 24.0, 48.0, 40.0), 0.1)
    image = np.zeros((120, 240, 3), np.uint8)
    image[:, 100:] = 255
    (found,) = Detector(runtime)(image)
    scale = 240 / 64  # 16 rows above and below are black
    np.testing.assert_allclose(found.box, [16 * scale, 8 * scale, 48 * scale, 24 * scale])
    assert (found.side, found.score) == ("left", 0.9)
    assert runtime.crops.shape == (1, 64, 64, 3)
    assert runtime.crops[0, 15].max() == 0
    assert runtime.crops[0, 17, 40].min() == 255


def test_threshold_is_the_models_own_unless_given() -> None:
    runtime = Maps(threshold=0.7)
    runtime.put(2, 3, 0.6, (16, 24, 48, 40), 0.9)
    image = np.zeros((64, 64, 3), np.uint8)
    assert Detector(runtime)(image) == []
    assert len(Detector(runtime, threshold=0.6)(image)) == 1
    assert Detector(runtime, tiles="empty")(np.zeros((120, 160, 3), np.uint8)) == []
    assert len(runtime.crops) == 2  # looked closer, in vain
    with pytest.raises(ValueError, match="threshold is 2"):
        Detector(runtime, threshold=2)
    runtime.metadata = ModelMetadata(size=(64, 64))
    with pytest.raises(ValueError, match="kind 'hand', expected 'detect'"):
        Detector(runtime)


def test_surest_come_first_and_no_more_than_the_limit() -> None:
    runtime = Maps()
    for i, score in enumerate((0.6, 0.9, 0.8)):
        runtime.put(1, 1 + 2 * i, score, (20 * i, 0, 20 * i + 10, 10), 1.0)
    image = np.zeros((64, 64, 3), np.uint8)
    assert [d.score for d in Detector(runtime)(image)] == [0.9, 0.8, 0.6]
    assert [d.score for d in Detector(runtime, limit=2)(image)] == [0.9, 0.8]


def test_a_neighbour_of_a_peak_is_none() -> None:
    scores = np.zeros((4, 4))
    scores[0, 0], scores[1, 1], scores[3, 3] = 0.8, 0.9, 0.6
    rows, columns = find_peaks(scores, 0.5)
    assert list(zip(rows.tolist(), columns.tolist(), strict=True)) == [(1, 1), (3, 3)]


@pytest.mark.parametrize(
    ("second", "right", "count"),
    [
        ((0, 0, 10, 8), 1.0, 1),  # the same hand twice
        ((0, 3, 10, 13), 1.0, 1),  # the same, shifted: IoU 0.54
        ((0, 3, 10, 13), 0.0, 2),  # folded hands
        ((0, 0, 10, 9), 0.0, 1),  # one hand whose side is not clear
        ((2, 2, 6, 6), 1.0, 1),  # a finger of it
        ((9, 0, 19, 10), 1.0, 2),  # a neighbour
    ],
)
def test_doubles_are_dropped_and_folded_hands_kept(second: tuple[int, ...], right: float, count: int) -> None:
    boxes = np.array([(0, 0, 10, 10), second], np.float64)
    assert len(distinct(boxes, np.array([1.0, right]), np.array([0.9, 0.8]))) == count


class Bright:
    """A runtime that finds the bright square of a picture where it is at least 8 pixels wide."""

    metadata = ModelMetadata(size=(64, 64), kind="detect", outputs=("scores", "boxes", "sides"))

    def __init__(self) -> None:
        self.calls: list[int] = []

    def __call__(self, crops: np.ndarray) -> dict[str, np.ndarray]:
        self.calls.append(len(crops))
        scores, boxes = np.zeros((len(crops), 1, 1)), np.zeros((len(crops), 1, 1, 4))
        for i, crop in enumerate(crops):
            y, x = np.nonzero(crop[..., 0] > 127)
            if len(x) and x.max() - x.min() >= 7:
                scores[i], boxes[i] = 0.9, (x.min(), y.min(), x.max() + 1, y.max() + 1)
        return {"scores": scores, "boxes": boxes, "sides": np.ones((len(crops), 1, 1))}


def picture(x: int, y: int, side: int) -> np.ndarray:
    image = np.zeros((480, 640, 3), np.uint8)
    image[y : y + side, x : x + side] = 255
    return image


def test_small_hand_is_found_at_a_closer_look() -> None:
    small, large = picture(500, 40, 60), picture(100, 100, 200)
    runtime = Bright()
    assert Detector(runtime)(small) == []
    (found,) = Detector(runtime, tiles="empty")(small)
    np.testing.assert_allclose(found.box, [500, 40, 560, 100], atol=6)
    assert runtime.calls == [1, 1, *[2] * 8]
    Detector(runtime, tiles="empty")(large)
    assert runtime.calls[10:] == [1]
    for threshold, count in ((0.85, 1), (0.95, 0)):
        assert len(Detector(runtime, threshold=threshold, tiles="empty")(small)) == count
    assert len(Detector(runtime, tiles="always")(large)) == 1
    assert runtime.calls[-9:] == [1, *[2] * 8]
    with pytest.raises(ValueError, match="give 'never', 'empty' or 'always'"):
        Detector(runtime, tiles="sometimes")  # type: ignore[arg-type]


def test_parts_that_show_no_more_than_the_whole_are_left_out() -> None:
    for longer, looks in ((95, 0), (96, 2), (159, 2), (160, 2 + 8)):  # parts of 0.9 * 64 pixels and more
        runtime = Bright()
        Detector(runtime, tiles="always")(np.zeros((longer // 2, longer, 3), np.uint8))
        assert sum(runtime.calls) == 1 + looks


@pytest.mark.parametrize("share", [0.6, 0.36, 0.25])
@pytest.mark.parametrize("shape", [(480, 640), (640, 480), (100, 1000), (50, 50)])
def test_neighbouring_parts_share_a_third(shape: tuple[int, int], share: float) -> None:
    side = share * max(shape)
    parts = np.array(parts_of(*shape, share))
    for axis in (0, 1):
        starts = np.unique(parts[:, axis])
        assert starts[0] == 0
        assert parts[:, axis + 2].max() == pytest.approx(shape[1 - axis])
        assert (np.diff(starts) <= side * 2 / 3 + 1e-9).all()


def test_a_part_whose_edge_misses_the_pictures_by_a_rounding_reports_hands_there() -> None:
    height, width = 228, 305
    part = parts_of(height, width, 0.36)[-1]
    assert part[2] == pytest.approx(width, abs=1e-9)
    assert part[2] < width  # 195.2 + 109.8 in binary
    box = np.array([250.0, 150.0, 305.0, 205.0])
    assert not _cut(box, part, (height, width, 3))
    assert _cut(box, part - [0, 0, 10, 0], (height, width, 3))


def test_parts_cover_a_picture_and_a_hand_cut_by_one_is_not_reported() -> None:
    seen = np.zeros((480, 640), bool)
    for x0, y0, x1, y1 in (part.astype(int) for part in parts_of(480, 640, 0.6)):
        assert max(x1 - x0, y1 - y0) == 384
        seen[y0:y1, x0:x1] = True
    assert seen.all()
    middle = picture(370, 200, 60)  # in a right part whole, in a left one cut by its edge at 384
    (found,) = Detector(Bright(), tiles="always")(middle)
    np.testing.assert_allclose(found.box, [370, 200, 430, 260], atol=6)


@pytest.mark.parametrize(("right", "side"), [(0.1, "left"), (0.45, None), (0.6, None), (0.75, "right")])
def test_side_is_told_where_it_is_clear(right: float, side: str | None) -> None:
    runtime = Maps()
    runtime.put(2, 3, 0.9, (16.0, 24.0, 48.0, 40.0), right)
    assert Detector(runtime)(np.zeros((64, 64, 3), np.uint8))[0].side == side


@pytest.mark.parametrize(("right", "side"), [(0.9, "left"), (0.1, "right"), (0.6, None)])
def test_a_mirrored_picture_shows_the_other_side(right: float, side: str | None) -> None:
    runtime = Maps()
    runtime.put(2, 3, 0.9, (16, 24, 48, 40), right)
    (found,) = Detector(runtime, mirrored=True)(np.zeros((64, 64, 3), np.uint8))
    assert found.side == side
