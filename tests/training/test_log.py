"""The log of a run: tables that survive a crash, TensorBoard, what is said once."""

import csv
from pathlib import Path

import numpy as np
import pytest

from likelihand.training.log import NEGATIVE, Log, Table
from tests.training import tiny_run


def rows(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


def test_a_table_drops_later_rows_and_a_torn_one(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("step,loss\n1,0.5\n2,0.25\n3,0.1\n4,0")
    Table(path, 2).write({"step": 3, "loss": 0.125})
    assert path.read_text() == "step,loss\n1,0.5\n2,0.25\n3,0.125\n"
    assert Table(path, 0).path.read_text() == ""


def test_the_negative_loss_is_explained_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Log(tmp_path, 0, 9, progress=True, tensorboard=False, speaks=True) as log:
        for step in (1, 2, 3):
            log.losses(step, 0.1, 1e-3, {"1": 1.5 - step, "2": 2.0}, 1.0)
    assert capsys.readouterr().err.count(NEGATIVE) == 1


def test_tensorboard_gets_the_same_numbers(tmp_path: Path) -> None:
    tiny_run.run(tmp_path, steps=2, tensorboard=True)
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    logged = events.Scalars("training/loss")[-1]
    expected = float(rows(tmp_path / "training.csv")[-1]["loss"])
    assert (logged.step, np.float32(logged.value)) == (2, np.float32(expected))
