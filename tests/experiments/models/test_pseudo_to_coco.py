"""Another model's hands as COCO JSON."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np

from likelihand.data import CocoHands

ROOT = Path(__file__).parents[3]


def test_the_readers_points_are_the_ones_that_were_found(tmp_path: Path) -> None:
    points = np.random.default_rng(0).uniform(5, 60, (21, 2)).round(2)
    hand = {"points": points.tolist(), "side": "left", "score": 0.9}
    names = ["a_1.png", "b_1.png", "c_1.png"]
    (tmp_path / "pseudo_labels.json").write_text(
        json.dumps({"hands": {"a_1.png": [hand, {**hand, "score": 0.2}], "b_1.png": [hand], "c_1.png": []}})
    )
    with (tmp_path / "index.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["file", "width", "height", "permissive"])
        writer.writeheader()
        for name, permissive in zip(names, ["yes", "no", "yes"], strict=True):
            writer.writerow({"file": name, "width": 64, "height": 64, "permissive": permissive})
            cv2.imwrite(str(tmp_path / name), np.zeros((64, 64, 3), np.uint8))
    tool = ROOT / "experiments" / "models" / "pseudo_to_coco.py"
    command = [sys.executable, tool, ".", "--least", "0.5", "--out", "hands.json"]
    told = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert told == "1 hands on 1 pictures\n"
    data = CocoHands(tmp_path / "hands.json", images_folder=tmp_path)
    record = data.record(0)
    np.testing.assert_allclose(record.points, points, atol=1e-3)
    assert (record.side, record.dataset, len(data)) == ("left", "a", 1)
