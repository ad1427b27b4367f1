"""Photos whose hands another model found."""

import csv
import json
from pathlib import Path

import numpy as np

from experiments.models.weak_scenes import WeakScenes
from tests.scene_files import paint


def weak(folder: Path) -> Path:
    """Make photos: a with keypoints, b with none, c with keypoints far off the drawn box, d of another licence."""
    inside = np.random.default_rng(0).uniform([20, 10], [40, 40], (21, 2)).tolist()
    rows = []
    for name, permissive, drawn in (
        ("a", "yes", True),
        ("b", "yes", False),
        ("c", "yes", True),
        ("d", "no", True),
    ):
        paint(folder / "images" / f"s_{name}.png", (20, 10, 40, 40))
        box = dict(zip(("hand_x", "hand_y", "hand_w", "hand_h"), (20, 10, 20, 30), strict=True)) if drawn else {}
        rows.append({"file": f"s_{name}.png", "permissive": permissive, **box})
    with (folder / "index.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["file", "permissive", "hand_x", "hand_y", "hand_w", "hand_h"])
        writer.writeheader()
        writer.writerows(rows)
    far = (np.array(inside) * 0.1 + 60).tolist()
    hands = {f"s_{n}.png": [{"points": p, "side": "right"}] for n, p in (("a", inside), ("c", far), ("d", inside))}
    (folder / "pseudo_labels.json").write_text(json.dumps({"hands": hands | {"s_b.png": []}}))
    return folder


def test_weak_labels_are_believed_where_a_person_agrees(tmp_path: Path) -> None:
    scenes = {scene.key: scene for scene in WeakScenes(weak(tmp_path), ["s"]).scenes}
    assert sorted(scenes) == ["s_a.png", "s_c.png"]  # b may show a hand nobody found; d's licence forbids it
    assert len(scenes["s_a.png"].hands[0].points) == 21
    assert scenes["s_a.png"].hands[0].side == "right"
    assert scenes["s_c.png"].hands[0].box.tolist() == [20.0, 10.0, 40.0, 40.0]
    assert scenes["s_c.png"].hands[0].side is None
    assert not scenes["s_a.png"].complete
