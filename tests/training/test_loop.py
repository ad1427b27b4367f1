"""What a run leaves, how it ends, and what it refuses."""

import csv
import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest
import torch

from likelihand.data.augment import sample_of
from likelihand.losses import IntegralLoss, ResidualLogLikelihood, StageLoss
from likelihand.models import SequentialHeatmapNetwork, TimmBackbone
from likelihand.models.checkpoint import load_checkpoint, read_info, read_tensors
from likelihand.structures import Record
from likelihand.training import NonFiniteLossError, TrainConfig, train
from tests.tiny import TinyBackbone
from tests.training import tiny_run


def rows(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


def same(a: Path, b: Path) -> bool:
    first, second = read_tensors(a)[0], read_tensors(b)[0]
    return first.keys() == second.keys() and all(torch.equal(first[k], second[k]) for k in first)


def test_a_run_leaves_what_explains_it(tmp_path: Path) -> None:
    before = torch.get_rng_state()
    result = tiny_run.run(tmp_path, steps=6, validate_every=4)
    assert torch.equal(before, torch.get_rng_state()) is False  # tiny_run.make seeds; train itself does not
    assert (result.step, result.finished) == (6, True)
    assert result.report is not None
    told = json.loads((tmp_path / "run.json").read_text())
    assert told["config"]["augmentation"]["rotation"] == 45.0
    assert (told["data"]["training"]["samples"], told["processes"]) == (18, 1)
    training = rows(tmp_path / "training.csv")
    assert [int(r["step"]) for r in training] == [2, 3, 4, 6]
    assert float(training[0]["loss"]) == pytest.approx(
        float(training[0]["loss_1"]) + float(training[0]["loss_2"]), rel=1e-6
    )
    assert [int(r["step"]) for r in rows(tmp_path / "validation.csv")] == [4, 6]
    best = read_info(tmp_path / "best.safetensors")
    nmes = [float(r["nme"]) for r in rows(tmp_path / "validation.csv")]
    assert best.scores is not None
    assert best.scores["total"]["nme"] == pytest.approx(min(nmes), rel=1e-6)
    names = read_tensors(tmp_path / "best.safetensors")[0]
    assert {n.split(".")[0] for n in names} == {"network", "loss"}


def test_depths_that_no_loss_trains_are_taken_off(tmp_path: Path) -> None:
    network = SequentialHeatmapNetwork(TinyBackbone(), stages=1, width=8, depth=True)
    config = TrainConfig(
        steps=1, batch_size=2, size=32, workers=0, tensorboard=False, progress=False, device="cpu"
    )
    result = train(network, IntegralLoss(), tiny_run.held(4), None, config, tmp_path)
    info = read_info(result.last)
    assert info.network is None or info.network["depth"] is False
    assert not any("depth" in name for name in read_tensors(result.last)[0])


def test_training_leaves_the_process_as_it_was(tmp_path: Path) -> None:
    network, loss = tiny_run.make()
    before = torch.get_rng_state(), signal.getsignal(signal.SIGINT)
    train(network, loss, tiny_run.held(18), None, tiny_run.config(steps=2), tmp_path)
    assert torch.equal(before[0], torch.get_rng_state())
    assert signal.getsignal(signal.SIGINT) is before[1]


def test_the_number_of_workers_changes_no_bit(tmp_path: Path) -> None:
    for workers in (0, 2):
        tiny_run.run(tmp_path / str(workers), steps=5, workers=workers)
    assert same(tmp_path / "0/last.safetensors", tmp_path / "2/last.safetensors")


def test_a_run_killed_before_its_first_step_starts_from_the_same_weights(tmp_path: Path) -> None:
    class Unlucky:
        def __len__(self) -> int:
            return 18

        def record(self, index: int) -> object:
            raise OSError("the disk is gone")

    config = tiny_run.config(steps=3)
    with pytest.raises(ValueError, match="the disk is gone"):
        train(*tiny_run.make(seed=0), Unlucky(), None, config, tmp_path / "a")  # type: ignore[arg-type]
    train(*tiny_run.make(seed=1), tiny_run.held(18), None, config, tmp_path / "a", resume=True)
    train(*tiny_run.make(seed=0), tiny_run.held(18), None, config, tmp_path / "b")
    assert same(tmp_path / "a/last.safetensors", tmp_path / "b/last.safetensors")


def test_an_interrupt_writes_a_checkpoint_from_which_the_run_goes_on(tmp_path: Path) -> None:
    class Interrupting:
        """Sends Ctrl-C to this process when sample 3 is first read."""

        def __init__(self) -> None:
            self.data, self.sent = tiny_run.held(18), False

        def __len__(self) -> int:
            return len(self.data)

        def record(self, index: int) -> object:
            if index == 3 and not self.sent:
                self.sent = True
                os.kill(os.getpid(), signal.SIGINT)
            return self.data.record(index)

    config = tiny_run.config(steps=10, checkpoint_every=100, validate_every=100)
    stopped = train(*tiny_run.make(), Interrupting(), None, config, tmp_path / "a")  # type: ignore[arg-type]
    assert not stopped.finished
    assert 0 < stopped.step < 10
    assert read_info(stopped.last).training["step"] == stopped.step
    train(*tiny_run.make(), tiny_run.held(18), None, config, tmp_path / "a", resume=True)
    train(*tiny_run.make(), tiny_run.held(18), None, config, tmp_path / "b")
    assert same(tmp_path / "a/last.safetensors", tmp_path / "b/last.safetensors")


def test_a_loss_that_is_not_finite_stops_the_run_and_names_the_sample(tmp_path: Path) -> None:
    network, _ = tiny_run.make()
    data, bad = tiny_run.held(18), 11
    loss = tiny_run.Poisoned(IntegralLoss(tiny_run.STAGES), tiny_run.target_of(data, bad))
    config = tiny_run.config(checkpoint_every=1, validate_every=100)
    with pytest.raises(NonFiniteLossError, match=r"not finite for samples drawn 0/11 \(index 11\);") as caught:
        train(network, loss, data, None, config, tmp_path)
    assert "\n" not in str(caught.value)
    assert all(t.isfinite().all() for t in read_tensors(tmp_path / "last.safetensors")[0].values())


def test_a_gradient_that_is_not_finite_stops_the_run(tmp_path: Path) -> None:
    class Cliff(StageLoss):
        stages = tiny_run.STAGES

        def of_prediction(self, prediction: object, target: object, weight: object, stage: int) -> torch.Tensor:
            return (prediction.mean - prediction.mean).sum(-1).abs().sqrt()  # type: ignore[attr-defined]

    network, _ = tiny_run.make()
    with pytest.raises(NonFiniteLossError, match="step 0: a gradient is not finite for samples"):
        train(network, Cliff(), tiny_run.held(18), None, tiny_run.config(average=None), tmp_path)
    assert read_info(tmp_path / "last.safetensors").training["step"] == 0


def test_bf16_on_a_cpu_trains_and_differs_from_fp32(tmp_path: Path) -> None:
    for precision in ("bf16", "fp32"):
        result = tiny_run.run(tmp_path / precision, steps=4, precision=precision)
        assert all(t.isfinite().all() for t in read_tensors(result.last)[0].values())
    assert not same(tmp_path / "bf16/last.safetensors", tmp_path / "fp32/last.safetensors")
    with pytest.raises(ValueError, match="fp16"):
        tiny_run.run(tmp_path / "fp16", steps=4, precision="fp16")


def test_it_learns(tmp_path: Path) -> None:
    config = tiny_run.config(
        steps=150,
        learning_rate=0.02,
        milestones=(),
        average=None,
        log_every=10,
        checkpoint_every=1000,
        validate_every=1000,
    )
    result = train(*tiny_run.make(norm=True, dropout=0.0), tiny_run.held(18), tiny_run.held(18), config, tmp_path)
    losses = [float(r["loss"]) for r in rows(tmp_path / "training.csv")]
    assert losses[-1] < losses[5] - 1
    assert result.report is not None
    assert result.report.scores.nme < 0.27


def test_the_librarys_network_goes_round_through_its_checkpoint(tmp_path: Path) -> None:
    network = SequentialHeatmapNetwork(TimmBackbone("resnet18"), stages=1, width=8)
    config = tiny_run.config(steps=2, size=64, batch_size=2, average=None)
    result = train(network, ResidualLogLikelihood(), tiny_run.held(18), tiny_run.held(5, 1), config, tmp_path)
    assert result.best is not None
    loaded, info = load_checkpoint(result.best)
    images = torch.zeros(1, 64, 64, 3, dtype=torch.uint8)
    assert torch.equal(loaded(images)[0].mean, network(images)[0].mean)
    assert info.size == (64, 64)


@pytest.mark.parametrize("workers", [0, 1])
def test_a_sample_that_cannot_be_read_is_named_in_one_line(tmp_path: Path, workers: int) -> None:
    class Broken:
        def __len__(self) -> int:
            return 4

        def record(self, index: int) -> object:
            raise ValueError("b.jpg: no picture")

    with pytest.raises(ValueError, match=r"^step 0: b\.jpg: no picture$"):
        train(*tiny_run.make(), Broken(), None, tiny_run.config(workers=workers), tmp_path)  # type: ignore[arg-type]


class Shaded:
    """Grey squares: a bright one is a right hand, a dark one a left hand, a striped one none."""

    def __len__(self) -> int:
        return 12

    def record(self, index: int) -> Record:
        kind = index % 3
        picture = np.full((32, 32, 3), (60, 220, 140)[kind], np.uint8)
        picture[::4] = 0 if kind == 2 else picture[0, 0]
        return Record(
            points=np.full((21, 2), 16.0),
            visibility=np.full(21, 0 if kind == 2 else 2, np.int8),
            box=np.array([0.0, 0.0, 32.0, 32.0]),
            side=("left", "right", None)[kind],
            dataset="shaded",
            key=str(index),
            read=lambda: picture,
            present=kind != 2,
        )


def test_traits_are_learnt_beside_the_points(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = SequentialHeatmapNetwork(TinyBackbone(), stages=1, width=8, traits=True)
    settings = tiny_run.config(steps=80, batch_size=6, learning_rate=0.02, milestones=(), average=None)
    train(network, IntegralLoss(), Shaded(), config=settings, out=tmp_path / "a")
    losses = [float(row["loss_traits"]) for row in rows(tmp_path / "a" / "training.csv")]
    assert losses[-1] < 0.3 * losses[0]
    deployed = network.deploy()
    assert deployed.outputs == ("points", "scale", "side", "presence")
    crops = torch.from_numpy(np.stack([sample_of(Shaded().record(i), i, (32, 32)).crop for i in range(3)]))
    with torch.no_grad():
        _, _, side, presence = deployed(crops)
    assert side[0] < 0.3 < 0.7 < side[1]
    assert presence[2] < 0.3 < 0.7 < presence[:2].min()
