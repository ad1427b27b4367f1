"""Evaluation gives the points back in image pixels, and the same scores however it is cut up."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from likelihand.data.augment import sample_of
from likelihand.data.drawn import DrawnHands
from likelihand.evaluation import Function, evaluate, evenly, predictions, score
from likelihand.evaluation.metrics import MMPOSE, PAPER

SIZE = (48, 48)


def model(points_of: object) -> Function:
    return Function(points_of, SIZE)  # type: ignore[arg-type]


def guess_points(crops: np.ndarray) -> np.ndarray:
    """Points that depend on each crop alone, in two stages."""
    brightness = crops.reshape(len(crops), -1).astype(np.float64).mean(1)
    points = np.stack([np.arange(21.0) * 2, np.arange(21.0) + 10], -1) + brightness[:, None, None] / 50
    return np.stack([points + 1, points])


guess = model(guess_points)


class Oracle:
    """Knows the truth of every crop, and errs by a known number of crop pixels."""

    def __init__(self, dataset: DrawnHands, error: float) -> None:
        samples = [sample_of(dataset.record(i), i, SIZE) for i in range(len(dataset))]
        self.known = {s.crop.tobytes(): s for s in samples}
        self.dataset, self.error = dataset, error

    def __call__(self, crops: np.ndarray) -> np.ndarray:
        from likelihand.geometry import transform_points

        samples = [self.known[crop.tobytes()] for crop in crops]
        truth = [transform_points(s.crop_from_image, self.dataset.record(s.index).points) for s in samples]
        return np.stack(truth) + np.array([self.error, 0.0])


def test_error_in_crop_pixels_comes_back_in_image_pixels() -> None:
    dataset = DrawnHands(4)
    report = evaluate(model(Oracle(dataset, 2.0)), dataset, progress=False)
    pixels = []
    for i in range(4):
        matrix = sample_of(dataset.record(i), i, SIZE).crop_from_image
        pixels.append(2.0 / np.hypot(matrix[0, 0], matrix[1, 0]))
    assert report.scores.epe == pytest.approx(np.mean(pixels), rel=1e-9)
    assert evaluate(model(Oracle(dataset, 0.0)), dataset, progress=False).scores.epe < 1e-9


@pytest.mark.parametrize("protocol", [PAPER, MMPOSE], ids=lambda p: p.name)
def test_batches_and_workers_change_no_bit(protocol: object) -> None:
    dataset = DrawnHands(5)
    expected = evaluate(guess, dataset, protocol, batch_size=5, progress=False).to_json()  # type: ignore[arg-type]
    for batch_size, workers in ((1, 0), (2, 2), (64, 1)):
        found = evaluate(
            guess,
            dataset,
            protocol,
            batch_size=batch_size,
            workers=workers,
            progress=False,
        )  # type: ignore[arg-type]
        assert found.to_json() == expected


def test_report_says_what_it_is(tmp_path: Path) -> None:
    report = evaluate(guess, DrawnHands(3), split="drawn, seed 0", progress=False)
    text = str(report)
    for part in ("protocol paper", "tight box", "drawn, seed 0: 3 samples", "stage 1", "PCK@0.2"):
        assert part in text
    report.save(tmp_path / "report.json")
    saved = json.loads((tmp_path / "report.json").read_text())
    assert saved["by_keypoint"]["index_tip"]["keypoints"] == 3
    assert len(saved["by_stage"]) == 2
    assert saved["by_stage"][1] == saved["total"]


def test_misses_are_told() -> None:
    report = evaluate(model(lambda crops: np.full((len(crops), 21, 2), np.nan)), DrawnHands(1), progress=False)
    assert report.scores.pck[0.2] == 0
    assert "21 keypoints missed" in str(report)


def test_subset_of_indices() -> None:
    report = evaluate(guess, DrawnHands(9), indices=evenly(9, 3), progress=False)
    assert (report.samples, report.scores.hands) == (3, 3)
    assert evenly(2, None) == evenly(2, 5) == [0, 1]


def test_wrong_answers_are_refused() -> None:
    with pytest.raises(ValueError, match=r"gave an array \(1, 5, 2\) for 1 crops: expected points \(1, 21, 2\)"):
        evaluate(model(lambda crops: np.zeros((len(crops), 5, 2))), DrawnHands(1), progress=False)
    with pytest.raises(ValueError, match="no samples"):
        evaluate(guess, DrawnHands(1), indices=[], progress=False)


def test_a_hand_counts_once_however_often_it_was_run() -> None:
    found = predictions(guess, DrawnHands(3), [2, 0, 2], progress=False)
    assert found.index.tolist() == [2, 0, 2]
    report = score(found)
    assert (report.samples, report.scores.hands) == (2, 2)


def test_evaluation_needs_no_torch() -> None:
    code = "import sys, likelihand.evaluation, likelihand.evaluation.metrics; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
