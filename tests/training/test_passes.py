"""A step in several passes is the step of one batch; what is labelled counts the same wherever it is."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from likelihand.data.augment import Augmentation
from likelihand.losses import Batch, IntegralLoss, StageLoss
from likelihand.models.checkpoint import read_info, read_tensors
from likelihand.training import NonFiniteLossError, TrainConfig, train
from likelihand.training.batches import Batches
from likelihand.training.config import Plan
from likelihand.training.loop import engine
from likelihand.training.run import Run
from likelihand.training.state import Trainee
from tests.training import tiny_run

PARTLY: Any = tiny_run.Partly(tiny_run.held(18))
BARE: Any = tiny_run.Partly(tiny_run.held(18), bare=True)
WHOLE: Any = tiny_run.held(18)


def gradients(config: TrainConfig, data: Any, folder: Path) -> dict[str, torch.Tensor]:
    """Compute the gradients of one step in float64."""
    network, loss = tiny_run.make(dropout=0.0, traits=True)
    with engine(config) as accelerator:
        run = Run(Trainee(network.double(), loss.double()), data, None, config, folder, accelerator)
        batch = Batches(run.train_data, run.plan)[0]
        assert isinstance(batch, Batch)
        run.compute_gradients(batch)
        run.health.look()
        return {name: p.grad.clone() for name, p in run.trainee.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("passes", [{"batch_size": 4, "accumulate": 3}, {"batch_size": 5, "total_batch": 12}])
@pytest.mark.parametrize("data", [WHOLE, PARTLY, BARE], ids=["whole", "partly", "bare"])
def test_gradients_of_several_passes_are_those_of_the_large_batch(
    passes: dict[str, int], data: Any, tmp_path: Path
) -> None:
    changes = {"augmentation": Augmentation(zoom=0.6, shift=0.4), "trait_weight": 3.0}
    large = gradients(tiny_run.config(batch_size=12, **changes), data, tmp_path)
    parts = gradients(tiny_run.config(**passes, **changes), data, tmp_path)
    assert large.keys() == parts.keys()
    assert any(grad.any() for name, grad in large.items() if name.startswith("loss.")) == (data is not BARE)
    for name, grad in large.items():
        assert grad.dtype == torch.float64
        torch.testing.assert_close(parts[name], grad, rtol=1e-9, atol=1e-12)


def test_traits_weigh_the_same_however_few_keypoints_are_labelled(tmp_path: Path) -> None:
    """Their gradient is that of the mean over known traits, also in a batch without any labelled keypoint."""
    config = tiny_run.config(batch_size=18, trait_weight=3.0)
    some, none = (gradients(config, data, tmp_path) for data in (PARTLY, BARE))
    network, _ = tiny_run.make(dropout=0.0, traits=True)
    batch = Batches(PARTLY, Plan(config, 18, 18))[0]
    assert isinstance(batch, Batch)
    known = ~batch.labels.traits.isnan()  # type: ignore[union-attr]
    assert 18 < known.sum() < 36
    logits = network.double()(batch.crops)[-1].traits
    truth = batch.labels.traits.nan_to_num(0.0).double()  # type: ignore[union-attr]
    nats = nn.functional.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    (3.0 * nats[known].mean()).backward()
    for name in ("weight", "bias"):
        expected = getattr(network.traits, name).grad
        for found in (some, none):
            torch.testing.assert_close(found[f"network.traits.{name}"], expected, rtol=1e-6, atol=1e-12)


def test_steps_without_labelled_keypoints_train(tmp_path: Path) -> None:
    network, loss = tiny_run.make(traits=True)
    result = train(network, loss, BARE, None, tiny_run.config(steps=4), tmp_path)
    assert all(t.isfinite().all() for t in read_tensors(result.last)[0].values())
    header, *lines = (tmp_path / "training.csv").read_text().splitlines()
    rows = [dict(zip(header.split(","), line.split(","), strict=True)) for line in lines]
    assert all(0 < float(row["loss_traits"]) < 2 and row["loss"] == "nan" for row in rows)


@pytest.mark.parametrize("clip", [None, 0.01])
def test_a_run_in_passes_is_the_run_of_the_large_batch(clip: float | None, tmp_path: Path) -> None:
    """Weights, clipped gradients, rates, validations and the log; without dropout and batch norm."""
    ways = {"one": {"batch_size": 6}, "passes": {"batch_size": 2, "accumulate": 3}}
    for name, way in ways.items():
        network, loss = tiny_run.make(dropout=0.0, traits=True)
        config = tiny_run.config(steps=8, gradient_clip=clip, validate_every=4, **way)
        train(network, loss, PARTLY, tiny_run.held(5, 1), config, tmp_path / name)
    one, passes = (read_tensors(tmp_path / name / "last.safetensors")[0] for name in ways)
    assert one.keys() == passes.keys()
    assert read_info(tmp_path / "passes/last.safetensors").training["batch"] == 6
    for name in one:
        assert (one[name].float() - passes[name].float()).abs().max() < 2e-4, name
    for log in ("training.csv", "validation.csv"):
        tables = [
            np.genfromtxt(tmp_path / name / log, delimiter=",", names=True, dtype=np.float64) for name in ways
        ]
        columns = [c for c in tables[0].dtype.names or () if c != "images_per_second"]
        for column in columns:
            np.testing.assert_allclose(tables[1][column], tables[0][column], rtol=2e-3, err_msg=column)


def test_a_stop_between_two_passes_loses_nothing(tmp_path: Path) -> None:
    """A run that breaks off in the second pass of a step goes on with the bits of one that did not."""

    class Broken(StageLoss):
        stages = tiny_run.STAGES

        def __init__(self, loss: nn.Module, calls: int) -> None:
            super().__init__()
            self.loss, self.left = loss, calls

        def of_prediction(self, *given: Any) -> torch.Tensor:
            self.left -= 1
            if self.left < 0:
                raise RuntimeError("the power went")
            return self.loss.of_prediction(*given)

    def settings() -> TrainConfig:
        return tiny_run.config(
            steps=9, batch_size=2, accumulate=3, checkpoint_every=2, augmentation=Augmentation()
        )

    def loss_of(calls: int) -> nn.Module:
        return Broken(IntegralLoss(tiny_run.STAGES), calls)

    network = tiny_run.make(norm=True)[0]
    train(network, loss_of(10**9), WHOLE, None, settings(), tmp_path / "whole")
    calls_a_step = 3 * tiny_run.STAGES
    with pytest.raises(RuntimeError, match="the power went"):
        train(
            tiny_run.make(norm=True)[0], loss_of(5 * calls_a_step + 3), WHOLE, None, settings(), tmp_path / "cut"
        )
    assert read_info(tmp_path / "cut/last.safetensors").training["step"] == 4
    train(tiny_run.make(norm=True)[0], loss_of(10**9), WHOLE, None, settings(), tmp_path / "cut", resume=True)
    whole, cut = (read_tensors(tmp_path / name / "last.safetensors")[0] for name in ("whole", "cut"))
    assert whole.keys() == cut.keys()
    assert all(torch.equal(whole[name], cut[name]) for name in whole)


def test_a_loss_that_is_not_finite_is_named_in_whichever_pass_it_is(tmp_path: Path) -> None:
    for bad in (3, 11):
        network = tiny_run.make()[0]
        loss = tiny_run.Poisoned(IntegralLoss(tiny_run.STAGES), tiny_run.target_of(WHOLE, bad))
        config = tiny_run.config(batch_size=4, total_batch=18, validate_every=100)
        with pytest.raises(NonFiniteLossError, match=rf"^step 0: .* for samples drawn 0/{bad} \(index {bad}\);"):
            train(network, loss, WHOLE, None, config, tmp_path / str(bad))


def test_traits_that_are_not_finite_are_named(tmp_path: Path) -> None:
    class Wild(tiny_run.TinyNetwork):
        def forward(self, images: torch.Tensor) -> list[Any]:
            predictions = super().forward(images)
            logits = predictions[-1].traits
            return [*predictions[:-1], predictions[-1]._replace(traits=logits * torch.inf)]

    config = tiny_run.config(batch_size=2, accumulate=2)
    with pytest.raises(NonFiniteLossError, match="step 0: the loss is not finite for samples"):
        train(Wild(traits=True), IntegralLoss(tiny_run.STAGES), WHOLE, None, config, tmp_path)


def test_a_pass_holds_no_more_than_the_batch_size(tmp_path: Path) -> None:
    seen: list[int] = []

    class Watching(tiny_run.TinyNetwork):
        def forward(self, images: torch.Tensor) -> list[Any]:
            seen.append(len(images))
            return super().forward(images)

    config = tiny_run.config(steps=1, batch_size=5, total_batch=13)
    train(Watching(), IntegralLoss(tiny_run.STAGES), WHOLE, None, config, tmp_path)
    assert seen == [5, 4, 4]
