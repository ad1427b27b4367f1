"""A run that has ended, and runs that are refused."""

from pathlib import Path

import pytest
import torch

from likelihand.losses import ResidualLogLikelihood
from likelihand.models.checkpoint import read_tensors
from likelihand.training import train
from tests.training import tiny_run


def same(a: Path, b: Path) -> bool:
    first, second = read_tensors(a)[0], read_tensors(b)[0]
    return first.keys() == second.keys() and all(torch.equal(first[k], second[k]) for k in first)


def test_a_run_that_has_ended_goes_on_with_more_steps(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tiny_run.run(tmp_path / "a", steps=5)
    again = tiny_run.run(tmp_path / "a", steps=5, resume=True, progress=True)
    assert (again.step, again.finished) == (5, True)
    assert "has done 5 steps of 5; give more steps or epochs to go on" in capsys.readouterr().err
    tiny_run.run(tmp_path / "a", steps=9, resume=True)
    tiny_run.run(tmp_path / "b", steps=9)
    assert same(tmp_path / "a/last.safetensors", tmp_path / "b/last.safetensors")


def test_a_run_that_never_took_a_step_is_begun_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its settings were wrong; whoever puts them right does not have to find a checkpoint and delete it."""
    network, loss = tiny_run.make()[0], ResidualLogLikelihood(stages=3)
    with pytest.raises(ValueError, match="made for 3 stages and the network has 2"):
        train(network, loss, tiny_run.held(18), None, tiny_run.config(steps=2), tmp_path)
    assert (tmp_path / "last.safetensors").exists()
    assert tiny_run.run(tmp_path, steps=2, progress=True).finished
    assert f"trained 2 steps -> {tmp_path}" in capsys.readouterr().err
    with pytest.raises(ValueError, match="holds a run already"):
        tiny_run.run(tmp_path, steps=2)


def test_refusals(tmp_path: Path) -> None:
    tiny_run.run(tmp_path, steps=2)
    with pytest.raises(ValueError, match="holds a run already"):
        tiny_run.run(tmp_path, steps=2)
    with pytest.raises(ValueError, match="seed was 0 and is 1"):
        tiny_run.run(tmp_path, steps=3, resume=True, seed=1)
    with pytest.raises(
        ValueError,
        match="a step took 4 samples over all processes and takes 8; give total_batch 4, or begin another",
    ):
        tiny_run.run(tmp_path, steps=3, resume=True, batch_size=8)
    train(*tiny_run.make(), tiny_run.held(5, 1), None, tiny_run.config(steps=2), tmp_path / "x")
    with pytest.raises(ValueError, match="had 5 samples and has 18"):
        train(*tiny_run.make(), tiny_run.held(18), None, tiny_run.config(steps=3), tmp_path / "x", resume=True)
    with pytest.raises(ValueError, match="made for 3 stages and the network has 2"):
        train(
            tiny_run.make()[0],
            ResidualLogLikelihood(3),
            tiny_run.held(5, 1),
            None,
            tiny_run.config(steps=1),
            tmp_path / "y",
        )
    with pytest.raises(ValueError, match="has no samples"):
        train(*tiny_run.make(), [], None, tiny_run.config(), tmp_path / "z")  # type: ignore[arg-type]
