"""What is likely wrong with a hand's labels, though they can be read."""

from dataclasses import replace

import numpy as np
import pytest

from likelihand.data.check import check_dataset, write_problems
from likelihand.data.drawn import DrawnHands
from likelihand.data.findings import LARGE, label_problems
from likelihand.data.selection import leave_out, read_keys


class Labelled(DrawnHands):
    """Drawn hands, one label of which is changed."""

    def __init__(self, change):
        super().__init__(4, size=200)
        self.change = change

    def record(self, index):
        record = super().record(index)
        points = record.points.copy()
        if index == 2:
            self.change(points)
        return replace(record, points=points, box=np.array([0.0, 0, 200, 200]), side=None)

    def keys(self):
        return [f"drawn 0/{i}" for i in range(4)]


def whole(points, places):
    """Round points to pixels, those of some places to one."""
    rounded = np.round(points) + 0.5
    rounded[list(places)] = rounded[places[0]]
    return rounded


def test_labels_that_can_be_read_but_are_likely_wrong_are_flagged(tmp_path):
    def changed(place, value):
        return lambda points: points.__setitem__(place, value)

    for change, kind, text in (
        (changed(slice(5, 7), 0.5), "corner", "index_mcp, index_pip lie in the corner (0, 0) and count"),
        (changed(8, 0.0), "corner", "index_tip lie in the corner"),
        (lambda points: changed(20, points[19])(points), "coincident", "little_dip, little_tip lie on one"),
        (changed(4, 305.0), "outside", "thumb_tip lie far outside the picture of 200 x 200 pixels"),
        (lambda points: changed(slice(None), points / 200)(points), "unreadable", "keypoints lie within 2"),
        (changed(3, np.nan), "unreadable", "labelled keypoints [3] are not finite"),
    ):
        report = check_dataset(Labelled(change))
        (problem,) = report.problems
        assert (problem.kind, problem.index, problem.key) == (kind, 2, "drawn 0/2"), problem
        assert text in problem.text
        assert write_problems(tmp_path / "list.csv", report) == 1
        assert read_keys(tmp_path / "list.csv") == ["drawn 0/2"]
        assert len(leave_out(Labelled(change), {"list": ["drawn 0/2"]})) == 3
    for places, count in (((8, 16), 0), ((8, 7), 1), ((0, 12), 1), ((8, 12, 16), 1)):
        same = Labelled(lambda points, places=places: points.__setitem__(slice(None), whole(points, places)))
        assert len(check_dataset(same).problems) == count, places
    report = check_dataset(Labelled(changed(4, 250.0)))
    assert (report.problems, report.outside) == ((), 1)


@pytest.mark.parametrize("visible", [True, False])
def test_what_is_not_labelled_cannot_be_wrong(visible):
    record = DrawnHands(1, size=200).record(0)
    points, visibility = record.points.copy(), record.visibility.copy()
    points[4:6] = 0.0
    visibility[4:6] = 2 * visible
    kinds = [kind for kind, _ in label_problems(replace(record, points=points, visibility=visibility), (200, 200))]
    assert kinds == (["corner"] if visible else [])


def test_joints_of_a_tiny_hand_may_share_a_pixel():
    record = DrawnHands(1, size=200).record(0)
    points = record.points.copy()
    points[20] = points[19]
    small = np.array([0.0, 0.0, LARGE - 1, LARGE - 1])
    assert [kind for kind, _ in label_problems(replace(record, points=points), None)] == ["coincident"]
    assert label_problems(replace(record, points=points, box=small), None) == []


def test_a_hand_cut_off_by_the_edge_is_none_of_the_far_ones():
    """Half the longer side of the picture is near enough, on each side."""
    record = DrawnHands(1, size=200).record(0)
    for place, wrong in ((-99.0, False), (-101.0, True), (299.0, False), (301.0, True)):
        points = record.points.copy()
        points[8, 0] = place
        assert bool(label_problems(replace(record, points=points), (200, 200))) == wrong, place
