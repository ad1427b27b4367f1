"""Hands as BVH, read by a parser of its own and posed by forward kinematics."""

from pathlib import Path

import numpy as np
import pytest

from likelihand.interop.animation import clips_of
from likelihand.interop.bvh import angles_of, bvh, write_bvh
from tests.interop.fitted import film


def about(axis: str, degrees: float) -> np.ndarray:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turns = {"X": [[1, 0, 0], [0, c, -s], [0, s, c]], "Y": [[c, 0, s], [0, 1, 0], [-s, 0, c]]}
    return np.array(turns.get(axis, [[c, -s, 0], [s, c, 0], [0, 0, 1]]))


def posed(text: str, frame: int) -> dict[str, np.ndarray]:
    """Return where each joint is in a frame, and each end, by name."""
    hierarchy, motion = text.split("MOTION\n")
    values = iter([float(word) for word in motion.splitlines()[2 + frame].split()])
    stack, out, name = [(np.zeros(3), np.eye(3))], {}, ""
    for words in (line.split() for line in hierarchy.splitlines()[1:]):
        if words[0] in ("ROOT", "JOINT"):
            name = words[1]
        elif words[0] == "End":
            name += "_end"
        elif words[0] == "OFFSET":
            place, turn = stack[-1]
            stack.append((place + turn @ np.array(words[1:], float), turn))
            out[name] = stack[-1][0]
        elif words[0] == "CHANNELS":
            place, turn = stack.pop()
            shift = np.zeros(3)
            local = np.eye(3)
            for channel in words[2:]:
                if channel.endswith("position"):
                    shift["XYZ".index(channel[0])] = next(values)
                else:
                    local = local @ about(channel[0], next(values))
            stack.append((place + stack[-1][1] @ shift, turn @ local))
            out[name] = stack[-1][0]
        elif words[0] == "}":
            stack.pop()
    assert next(values, None) is None
    return out


def test_forward_kinematics_puts_the_joints_where_the_fit_has_them() -> None:
    lines, tracks = film(1)
    places = posed(bvh(clips_of(lines, 1.0)), 0)
    for (found,), hand in zip(tracks, ("right_hand_0", "left_hand_1"), strict=True):
        names = ("index_intermediate", "index_distal", "index_distal_end", "thumb_distal_end", "little_distal_end")
        seen = np.array([places[f"{hand}_{name}"] for name in names]) - places[f"{hand}_hand"]
        np.testing.assert_allclose(seen / 100, found.joints[[6, 7, 8, 4, 20]] * [1, -1, -1], atol=2e-3)


def test_a_hand_that_is_not_seen_stays_where_it_was(tmp_path: Path) -> None:
    lines, _ = film(3)
    lines[1]["hands"].pop()
    text = write_bvh(clips_of(lines), tmp_path / "hands.bvh").read_text()
    assert "Frames: 3" in text
    assert "Frame Time: 0.04000000" in text
    first, second = (posed(text, frame)["left_hand_1_index_distal_end"] for frame in (0, 1))
    np.testing.assert_array_equal(first, second)


def test_angles_are_the_turns() -> None:
    rng = np.random.default_rng(1)
    for z, x, y in np.degrees(rng.uniform(-1.5, 1.5, (20, 3))):
        turn = about("Z", z) @ about("X", x) @ about("Y", y)
        assert np.degrees(angles_of(turn)) == pytest.approx([z, x, y])
