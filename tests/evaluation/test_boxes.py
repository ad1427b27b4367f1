"""Counts of found, missed and false hands."""

import numpy as np

from likelihand.data.scenes import ListedScenes, Scene, SceneHand
from likelihand.evaluation.boxes import count_detections, match_boxes
from likelihand.inference.detection import Detection


def hand(x: float, side: str | None = None) -> SceneHand:
    return SceneHand(np.array([[x, 0.0], [x + 10, 10.0]]), side)  # type: ignore[arg-type]


def scene(name: str, *hands: SceneHand) -> Scene:
    return Scene(hands, True, name, name, lambda: np.zeros((20, 100, 3), np.uint8))


class Fixed:
    """A detector that always gives the same boxes."""

    def __call__(self, image: np.ndarray) -> list[Detection]:
        boxes = [((1, 0, 11, 10), "left"), ((0, 0, 10, 9), "left"), ((34, 0, 44, 10), "right")]
        return [Detection(np.array(box, np.float64), side, 0.9) for box, side in boxes]  # type: ignore[arg-type]


def test_a_box_serves_one_hand_and_the_best_pair_comes_first() -> None:
    found = [[1, 0, 11, 10], [0, 0, 10, 9]]
    assert match_boxes(found, [[0, 0, 10, 10]]).tolist() == [1]
    assert match_boxes(found, [[0, 0, 10, 10], [0, 0, 10, 10]]).tolist() == [1, 0]
    assert match_boxes([], [[0, 0, 10, 10]]).tolist() == [-1]
    assert match_boxes(found, []).tolist() == []


def test_counts_by_source_and_in_all() -> None:
    scenes = ListedScenes([scene("a", hand(0, "left"), hand(30, "left"), hand(70)), scene("b")], "test")
    counts = count_detections(Fixed(), scenes)  # type: ignore[arg-type]
    a, b, total = counts["a"], counts["b"], counts["total"]
    assert (a.hands, a.missed, a.well, a.extra, a.false_pictures) == (3, 1, 1, 1, 1)
    assert (a.sides, a.sides_right) == (2, 1)
    assert (b.hands, b.missed, b.extra, b.false_pictures) == (0, 0, 3, 1)
    assert (total.pictures, total.hands, total.extra, total.false_pictures) == (2, 3, 4, 2)


def test_a_found_hand_can_have_a_box_for_each_labelled_one() -> None:
    true = [[0, 0, 10, 10], [0, 0, 2, 2]]
    found = [[[50, 50, 60, 60], [0, 0, 2, 2]], [[0, 0, 10, 9], [9, 9, 10, 10]]]
    assert match_boxes(found, true).tolist() == [1, 0]
    assert match_boxes(np.zeros((0, 2, 4)), true).tolist() == [-1, -1]
