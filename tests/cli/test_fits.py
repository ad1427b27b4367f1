"""`likelihand predict --fit`: hands in space in JSON Lines, COCO and CSV."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from likelihand.cli import main
from likelihand.cli.fits import TrackFits, fit_json
from likelihand.cli.formats import Results
from likelihand.reconstruction import ANGLE_NAMES, fit
from likelihand.structures import KEYPOINTS
from likelihand.tracking.tracker import TrackedHand
from tests.interop.fitted import film
from tests.reconstruction.hands import hand_of, made


def predicted(pictures: Path, model: Path, out: Path, form: str) -> None:
    wanted = ["--crop", "--model", str(model), "--out", str(out), "--threads", "1", "--no-overlay"]
    assert main(["predict", str(pictures), *wanted, "--fit", "--format", form]) == 0


def test_lines_and_coco_hold_the_fit(pictures: Path, model: Path, tmp_path: Path) -> None:
    predicted(pictures, model, tmp_path, "coco")
    lines = [json.loads(line) for line in (tmp_path / "predictions.jsonl").read_text().splitlines()]
    for line in lines:
        for hand in line["hands"]:
            found = hand["fit"]
            assert np.shape(found["joints"]) == (21, 3)
            assert np.shape(found["covariance"]) == (21, 3, 3)
            assert list(found["angles"]) == list(found["angle_scale"]) == list(ANGLE_NAMES)
    coco = json.loads((tmp_path / "predictions.json").read_text())
    assert [entry["fit"] for entry in coco["annotations"]] == [h["fit"] for line in lines for h in line["hands"]]


def test_csv_has_columns_of_the_joints(pictures: Path, model: Path, tmp_path: Path) -> None:
    predicted(pictures, model, tmp_path, "csv")
    with (tmp_path / "predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["keypoint"] for row in rows[:21]] == list(KEYPOINTS)
    assert all(float(rows[0][f"joint_{axis}"]) == 0 for axis in "xyz")
    assert all(float(row["joint_scale_z"]) > 0 for row in rows[1:21])


def test_without_the_option_nothing_is_added(pictures: Path, model: Path, tmp_path: Path) -> None:
    wanted = ["--crop", "--model", str(model), "--out", str(tmp_path), "--threads", "1", "--no-overlay"]
    assert main(["predict", str(pictures), *wanted, "--format", "csv"]) == 0
    assert "joint_x" not in (tmp_path / "predictions.csv").read_text()
    assert '"fit"' not in (tmp_path / "predictions.jsonl").read_text()


def test_tracks_go_on_from_their_last_frame() -> None:
    hand = hand_of(made(1, seed=30)[0][0].points, 2.0)
    tracked = TrackedHand(hand.points, hand.scale, hand.box, hand.covariance, hand.side, track=4)
    fits = TrackFits()
    first, second = fits([tracked])[0], fits([tracked])[0]
    assert first == fit_json(fit([hand])[0])
    np.testing.assert_allclose(second["joints"], first["joints"], atol=0.02)
    assert fits([]) == []


@pytest.mark.parametrize("form", ["glb", "bvh"])
def test_a_film_of_fitted_hands_becomes_an_animation(form: str, tmp_path: Path) -> None:
    with Results(tmp_path, form, film=True, fitted=True) as results:
        for line in film(2)[0]:
            results.add(line)
    assert results.path.name == f"predictions.{form}"
    assert b"right_hand_0_index_distal" in results.path.read_bytes()
    with pytest.raises(ValueError, match=f"--format {form} is made of hands in space; add --fit"):
        Results(tmp_path, form, film=True)
    with pytest.raises(ValueError, match=f"--format {form} is for films"):
        Results(tmp_path, form, film=False, fitted=True)
