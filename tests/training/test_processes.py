"""Two processes (gloo, CPU) compute what one computes: gradients, scores, weights and errors."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from likelihand.checkpoint import read_info, read_tensors

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


def told(folder: Path) -> dict[str, object]:
    values: dict[str, object] = json.loads((folder / "told.json").read_text())
    return values


def test_the_batch_is_unevenly_labelled(folders: dict[int, Path]) -> None:
    weights = told(folders[2])["weights"]
    assert told(folders[2])["world"] == 2
    assert isinstance(weights, list)
    assert weights[0] != weights[1]
    assert [sum(weights)] == told(folders[1])["weights"]


def test_gradients_are_those_of_one_process(folders: dict[int, Path]) -> None:
    one, two = (np.load(folders[n] / "gradients.npz") for n in (1, 2))
    assert set(one.files) == set(two.files)
    assert any(name.startswith("loss.") for name in one.files)
    biggest = max(np.abs(one[name]).max() for name in one.files)
    for name in one.files:
        scale = np.abs(one[name]).max()
        assert np.abs(one[name] - two[name]).max() <= 2e-6 * scale + 1e-7 * biggest, name


def test_scores_are_those_of_one_process_bit_for_bit(folders: dict[int, Path]) -> None:
    assert told(folders[1])["report"] == told(folders[2])["report"]


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
