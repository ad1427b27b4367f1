"""Two processes (gloo, CPU) and several passes compute what one does: gradients, log, scores, weights, errors."""

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from likelihand.models.checkpoint import read_info, read_tensors

SCRIPT = Path(__file__).parent / "processes_script.py"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    made = {n: tmp_path_factory.mktemp(f"processes{n}") for n in (1, 2)}
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    for count, launcher in ((1, []), (2, torchrun)):
        command = [sys.executable, *launcher, str(SCRIPT), str(made[count])]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
    return made


def told(folder: Path) -> dict[str, Any]:
    values: dict[str, Any] = json.loads((folder / "told.json").read_text())
    return values


def test_the_batch_is_unevenly_labelled(folders: dict[int, Path]) -> None:
    one, two = (told(folders[n] / "one-pass") for n in (1, 2))
    assert (one["world"], two["world"]) == (1, 2)
    assert [told(folders[n] / "passes-of-2")["passes"] for n in (1, 2)] == [3, 2]
    assert all(a != b for a, b in zip(*two["counts"], strict=True))  # labelled keypoints, known traits
    assert np.sum(two["counts"], 0).tolist() == one["counts"][0]


@pytest.mark.parametrize("passes", ["one-pass", "passes-of-2", "passes-of-1"])
def test_gradients_are_those_of_one_process_in_one_pass(folders: dict[int, Path], passes: str) -> None:
    one = np.load(folders[1] / "one-pass" / "gradients.npz")
    assert any(name.startswith("loss.") for name in one.files)
    assert any(name.startswith("network.traits.") for name in one.files)
    biggest = max(np.abs(one[name]).max() for name in one.files)
    for processes in (1, 2):
        other = np.load(folders[processes] / passes / "gradients.npz")
        assert set(one.files) == set(other.files)
        for name in one.files:
            scale = np.abs(one[name]).max()
            assert np.abs(one[name] - other[name]).max() <= 2e-6 * scale + 1e-7 * biggest, name


@pytest.mark.parametrize("passes", ["one-pass", "passes-of-2", "passes-of-1"])
def test_the_log_says_what_one_process_in_one_pass_says(folders: dict[int, Path], passes: str) -> None:
    def row(folder: Path) -> dict[str, float]:
        with (folder / "training.csv").open() as file:
            (line,) = csv.DictReader(file)
        return {name: float(text) for name, text in line.items() if name != "images_per_second"}

    one = row(folders[1] / "one-pass")
    assert one["loss_traits"] > 0
    for processes in (1, 2):
        assert row(folders[processes] / passes) == pytest.approx(one, rel=2e-6)


def test_scores_are_those_of_one_process_bit_for_bit(folders: dict[int, Path]) -> None:
    one, two = ((folders[n] / "report.json").read_text() for n in (1, 2))
    assert one == two


def test_training_resumed_on_two_processes_ends_with_the_weights_of_one(folders: dict[int, Path]) -> None:
    one, two = (read_tensors(folders[n] / "run" / "last.safetensors")[0] for n in (1, 2))
    assert one.keys() == two.keys()
    for name in one:
        if name.startswith("network."):
            assert (one[name] - two[name]).abs().max() < 2e-4, name
    scores = [read_info(folders[n] / "run" / "last.safetensors").scores for n in (1, 2)]
    assert scores[0] is not None
    assert scores[1] is not None
    assert scores[0]["total"]["nme"] == pytest.approx(scores[1]["total"]["nme"], abs=1e-4)


def test_every_process_names_the_sample_that_only_one_saw(folders: dict[int, Path]) -> None:
    for count, folder in folders.items():
        for rank in range(count):
            error = json.loads((folder / f"error{rank}.json").read_text())
            assert f"samples {error['key']} (index {error['index']});" in error["message"]
