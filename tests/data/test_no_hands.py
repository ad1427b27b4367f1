"""Photos without hands."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from likelihand.data import NoHands, sample_of
from likelihand.data.dataset import check_record


def folder(path: Path) -> Path:
    for i, (height, width) in enumerate([(40, 90), (70, 30)]):
        cv2.imwrite(str(path / f"{i}.png"), np.full((height, width, 3), 40 * i, np.uint8))
    return path


def test_regions_lie_inside_and_depend_on_seed_and_index_alone(tmp_path: Path) -> None:
    data, again, other = (NoHands(folder(tmp_path), 30, seed) for seed in (1, 1, 2))
    boxes = np.stack([data.record(i).box for i in range(30)])
    np.testing.assert_array_equal(boxes, [again.record(i).box for i in range(30)])
    assert not np.allclose(boxes, [other.record(i).box for i in range(30)])
    assert len(np.unique(boxes.round(6), axis=0)) == 30
    sides = boxes[:, 2:] - boxes[:, :2]
    np.testing.assert_allclose(sides[:, 0], sides[:, 1])
    for i, box in enumerate(boxes):
        height, width = data.record(i).read().shape[:2]
        assert (box >= 0).all() and (box[2:] <= (width, height)).all()
        assert 0.15 * 30 <= sides[i, 0] <= 40


def test_a_sample_says_that_there_is_no_hand_and_nothing_of_its_side(tmp_path: Path) -> None:
    record = check_record(NoHands(folder(tmp_path), 3).record(2))
    sample = sample_of(record, 2, (32, 32))
    assert sample.weight.sum() == 0
    assert np.isnan(sample.traits[0]) and sample.traits[1] == 0


def test_the_first_photos_are_left_for_tests(tmp_path: Path) -> None:
    whole, rest = NoHands(folder(tmp_path), 2), NoHands(tmp_path, 2, start=1)
    assert {record.group for record in map(rest.record, range(2))} == {whole.record(1).group}
    with pytest.raises(FileNotFoundError, match=r"holds 2 photos .* expected over 2"):
        NoHands(tmp_path, 2, start=2)


def test_every_other_place_is_one_of_those_given(tmp_path: Path) -> None:
    folder(tmp_path)
    (tmp_path / "finds.json").write_text('{"0.png": [[1, 2, 30, 40], [5, 5, 9, 20]], "other.png": [[0, 0, 1, 1]]}')
    data = NoHands(tmp_path, 8, boxes=tmp_path / "finds.json")
    boxes = [data.record(i).box.tolist() for i in range(8)]
    assert boxes[1::2] == [[1, 2, 30, 40], [5, 5, 9, 20]] * 2
    assert len({tuple(box) for box in boxes[::2]}) == 4
    alone = NoHands(tmp_path, 4, boxes=tmp_path / "finds.json", squares=False)
    assert [alone.record(i).box.tolist() for i in range(4)] == [[1, 2, 30, 40], [5, 5, 9, 20]] * 2
    with pytest.raises(ValueError, match="squares False without boxes leaves no place"):
        NoHands(tmp_path, 4, squares=False)
    assert {data.record(i).key[:5] for i in range(8)} == {"0.png", "1.png"}
    assert data.groups() == [f"no_hands:{data.record(i).group}" for i in range(8)]


@pytest.mark.parametrize("text", ["[]", '{"0.png": [[9, 2, 3, 4]]}', '{"2.png": [[1, 2, 3, 4]]}', "{"])
def test_boxes_that_say_nothing_of_these_photos_are_refused(tmp_path: Path, text: str) -> None:
    folder(tmp_path)
    (tmp_path / "finds.json").write_text(text)
    with pytest.raises(ValueError, match=r"finds\.json"):
        NoHands(tmp_path, 8, boxes=tmp_path / "finds.json")


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="holds 0 photos"):
        NoHands(tmp_path, 5)
