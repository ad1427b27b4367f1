"""The study of uncertainty: what it plants is what it says it plants."""

import numpy as np
import pytest

from experiments import uncertainty_study as study
from likelihand.data.drawn import DrawnHands
from likelihand.geometry import box_length


@pytest.mark.parametrize("swap_sides", [True, False])
def test_one_label_in_twenty_is_spoilt_as_its_kind_says(swap_sides: bool) -> None:
    data = DrawnHands(120, size=64)
    spoilt = study.Planted(data, swap_sides)
    assert len(spoilt.kinds) == 6
    for index in range(120):
        right, wrong = data.record(index), spoilt.record(index)
        moved = np.hypot(*(wrong.points - right.points).T)
        kind = spoilt.kinds.get(index)
        if kind is None:
            assert moved.max() == 0 and wrong.side == right.side
        elif kind == "outlier":
            assert (moved > 0).sum() == 1
            assert 0.15 <= moved.max() / box_length(right.box) <= 0.6
        elif kind == "fingers swapped":
            assert (moved > 0).sum() == 8
        elif swap_sides:
            assert moved.max() == 0 and wrong.side != right.side
        else:
            np.testing.assert_allclose(wrong.points[:, 1], right.points[:, 1])
            np.testing.assert_allclose(wrong.points[:, 0] + right.points[:, 0], right.box[0] + right.box[2])


def test_spoilt_labels_go_into_observations_of_the_same_pictures() -> None:
    from likelihand.evaluation import predictions
    from likelihand.inference.metadata import ModelMetadata

    class Centre:
        metadata = ModelMetadata(size=(64, 64))

        def __call__(self, crops: np.ndarray) -> dict[str, np.ndarray]:
            return {name: np.full((len(crops), 21, 2), 32.0, np.float32) for name in ("points", "scale")}

    data = DrawnHands(40, size=64)
    spoilt = study.Planted(data, False)
    seen = predictions(Centre(), data, progress=False).sized()
    np.testing.assert_allclose(
        study.relabelled(seen, spoilt).target, predictions(Centre(), spoilt, progress=False).sized().target
    )


def test_a_moved_data_set_moves_box_and_points() -> None:
    data = DrawnHands(1)
    right, moved = data.record(0), study.Shifted(data, 0.5).record(0)
    np.testing.assert_allclose(moved.points - right.points, 0.5)
    np.testing.assert_allclose(moved.box - right.box, 0.5)
