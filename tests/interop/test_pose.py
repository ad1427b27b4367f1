"""Films as .pose files, opened by pose-format itself."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from likelihand.interop.pose import POINTS, write_pose
from tests.interop.lines import SIZE, frame, hand

pose_format = pytest.importorskip("pose_format")
LEFT = [hand(i, "left", track=0) for i in range(5)]
RIGHT = [hand(10 + i, "right", track=1) for i in range(5)]
LINES = [frame(0, LEFT[0]), frame(1, LEFT[1], RIGHT[1]), frame(2), frame(3, RIGHT[3]), frame(4, RIGHT[4], LEFT[4])]


def read(path: Path) -> Any:
    return pose_format.Pose.read(path.read_bytes())


def test_pose_format_reads_what_was_written(tmp_path: Path) -> None:
    pose = read(write_pose(lambda: LINES, tmp_path / "film.pose"))
    assert [c.name for c in pose.header.components] == ["LEFT_HAND_LANDMARKS", "RIGHT_HAND_LANDMARKS"]
    assert (pose.header.dimensions.height, pose.header.dimensions.width) == SIZE
    assert pose.body.fps == pytest.approx(25.0)
    assert pose.body.data.shape == (5, 1, 42, 2)
    np.testing.assert_allclose(pose.body.data[1, 0, :21], LEFT[1].points, atol=1e-3)
    np.testing.assert_allclose(pose.body.data[1, 0, 21:], RIGHT[1].points, atol=1e-3)
    np.testing.assert_allclose(pose.body.confidence[4, 0, :21], LEFT[4].confidence, atol=2e-3)
    missing = pose.body.confidence[:, 0].reshape(5, 2, 21).max(-1) == 0
    assert missing.tolist() == [[False, True], [False, False], [True, True], [True, False], [False, False]]
    assert pose.body.data.mask[2].all()


def test_its_tools_know_the_hands(tmp_path: Path) -> None:
    pose = read(write_pose(lambda: LINES, tmp_path / "film.pose"))
    right = pose.get_components(["RIGHT_HAND_LANDMARKS"])
    assert right.body.data.shape == (5, 1, 21, 2)
    assert pose.header.get_point_index("RIGHT_HAND_LANDMARKS", "INDEX_FINGER_TIP") == 21 + 8
    assert (POINTS[0], POINTS[4], POINTS[17]) == ("WRIST", "THUMB_TIP", "PINKY_MCP")


def test_two_hands_of_a_side_are_two_persons(tmp_path: Path) -> None:
    lines = [frame(i, LEFT[i], hand(30 + i, "left", track=2), RIGHT[i]) for i in range(3)]
    pose = read(write_pose(lambda: lines, tmp_path / "film.pose"))
    assert pose.body.data.shape == (3, 2, 42, 2)
    np.testing.assert_allclose(pose.body.data[1, 1, :21], hand(31, "left").points, atol=1e-3)
    assert pose.body.data.mask[:, 1, 21:].all()


def test_hands_without_a_side_have_their_own_component(tmp_path: Path) -> None:
    pose = read(write_pose(lambda: [frame(0, hand(0, None, track=4))], tmp_path / "film.pose"))
    assert [c.name for c in pose.header.components][-1] == "HAND_LANDMARKS"
    np.testing.assert_allclose(pose.body.data[0, 0, 42:], hand(0).points, atol=1e-3)
    with pytest.raises(ValueError, match="the film has no frame"):
        write_pose(list, tmp_path / "none.pose")
