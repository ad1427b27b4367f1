import numpy as np
import pytest

from likelihand.evaluation.robustness import CONDITIONS, chosen
from likelihand.geometry import box_of_points, transform_points


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda c: c.name)
def test_same_whatever_came_before_and_other_for_another_hand(condition, drawn):
    record = drawn.record(0)
    image = record.read()
    first = condition.apply(image, record, 0, seed=7)
    condition.apply(image, record, 1, seed=7)
    again = condition.apply(image, record, 0, seed=7)
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])


@pytest.mark.parametrize("name", ["infrared", "dark", "noise", "tint"])
def test_seed_and_index_draw_anew(name, drawn):
    (condition,) = chosen([name])
    record = drawn.record(0)
    image = record.read()
    pictures = [condition.apply(image, record, *place)[0] for place in ((0, 0), (1, 0), (0, 1))]
    assert all((a != b).mean() > 0.2 for a, b in zip(pictures, [*pictures[1:], pictures[0]], strict=True))


def test_only_cuts_move_points(drawn):
    record = drawn.record(0)
    image = record.read()
    for condition in CONDITIONS:
        changed, matrix = condition.apply(image, record, 0, seed=0)
        cut = "cut" in condition.name
        assert (changed.shape != image.shape) == cut
        assert np.array_equal(matrix, np.eye(3)) != cut


@pytest.mark.parametrize("share", [0.15, 0.3, 0.5])
def test_cuts_take_all_four_edges_in_turn_and_their_share_of_the_hand(share, drawn):
    (condition,) = chosen([f"{100 * share:g} % cut off"])
    record = drawn.record(0)
    image = record.read()
    box = box_of_points(record.points)
    edges = set()
    for index in range(4):
        changed, matrix = condition.apply(image, record, index, seed=0)
        moved = transform_points(matrix, box.reshape(2, 2)).reshape(4)
        height, width = changed.shape[:2]
        over = np.array([-moved[0], -moved[1], moved[2] - width, moved[3] - height])
        sides = np.tile(box[2:] - box[:2], 2)
        (edge,) = np.flatnonzero(over > 0)
        assert over[edge] == pytest.approx(share * sides[edge], abs=0.5)
        edges.add(int(edge))
    assert edges == {0, 1, 2, 3}


def test_first_condition_is_the_picture_itself(drawn):
    record = drawn.record(0)
    changed, _ = CONDITIONS[0].apply(record.read(), record, 0, seed=0)
    np.testing.assert_array_equal(changed, record.read())


def test_all_where_none_is_named():
    assert chosen([]) == CONDITIONS
