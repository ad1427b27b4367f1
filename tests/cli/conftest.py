"""What the command line's tests share: a calibrated network and pictures."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

RUN_FILE = {
    "network": {
        "class_path": "likelihand.SequentialHeatmapNetwork",
        "init_args": {
            "stages": 2,
            "width": 8,
            "backbone": {"class_path": "likelihand.TimmBackbone", "init_args": {"name": "test_resnet"}},
        },
    },
    "loss": {"class_path": "likelihand.ResidualLogLikelihood", "init_args": {"stages": 2}},
    "train_data": {"class_path": "likelihand.data.DrawnHands", "init_args": {"count": 12, "size": 64}},
    "validation_data": {
        "class_path": "likelihand.data.DrawnHands",
        "init_args": {"count": 4, "seed": 1, "size": 64},
    },
    "train": {"steps": 2, "batch_size": 3, "size": 64, "workers": 0, "tensorboard": False, "device": "cpu"},
}


DATA = ["--data.class_path=likelihand.data.DrawnHands", "--data.init_args.count=40", "--data.init_args.size=64"]
"""Options of 40 drawn hands."""
TIMES = [0.0, 0.05, 0.2, 0.24, 0.5, 0.6]
"""Seconds of the film's frames."""


@pytest.fixture(scope="session")
def calibrated(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the tiny network with a calibration on drawn hands; leave it as it is."""
    pytest.importorskip("onnx")
    from likelihand.cli import main

    file = tmp_path_factory.mktemp("calibrated") / "hand.onnx"
    assert main(["calibrate", str(model), *DATA, "--out", str(file)]) == 0
    return file


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder with three pictures, two of the same name in different folders."""
    rng = np.random.default_rng(0)
    for name, size in (("a/x.png", (60, 80)), ("b/x.png", (50, 50)), ("b/y.jpg", (70, 40))):
        file = tmp_path / "in" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(file), rng.integers(0, 256, (*size, 3), np.uint8))
    return tmp_path / "in"


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `run.yaml` and the trained `run`; leave both as they are."""
    from likelihand.cli import main

    folder = tmp_path_factory.mktemp("run")
    (folder / "run.yaml").write_text(yaml.safe_dump(RUN_FILE))
    assert main(["train", "--config", str(folder / "run.yaml"), "--out", str(folder / "run")]) == 0
    return folder


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Six frames of a smooth picture, not evenly spaced."""
    from likelihand.tracking import VideoWriter

    rng = np.random.default_rng(0)
    file = tmp_path / "in" / "clip.mp4"
    with VideoWriter(file) as out:
        for seconds in TIMES:
            out.write(rng.integers(0, 256, (48, 64, 3)).astype(np.uint8), seconds)
    return file


@pytest.fixture
def gullible(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the tracker take what a network of random weights says for a hand, and look at the same place again.

    Where such a network's points lie differs from processor to processor; they may lead out of the picture.
    """
    import likelihand.tracking.tracker as tracking

    monkeypatch.setattr(tracking._Track, "box", property(lambda self: np.array([12.0, 4.0, 52.0, 44.0])))
    monkeypatch.setattr(tracking.Tracker, "_is_good", lambda self, hand, image, track=None: True)
