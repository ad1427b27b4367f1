"""What one process, or each of two under torchrun, does for test_processes.py. Its argument is a folder."""

import json
import sys
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[2]))

import numpy as np
import torch

from likelihand.data.augment import Augmentation
from likelihand.evaluation import EveryStage, evaluate
from likelihand.inference.metadata import ModelMetadata
from likelihand.losses import IntegralLoss
from likelihand.training import NonFiniteLossError, TrainConfig, train
from likelihand.training.batches import Batches
from likelihand.training.log import Log
from likelihand.training.loop import engine
from likelihand.training.run import Run
from likelihand.training.state import Trainee
from likelihand.utils import distributed
from tests.training import tiny_run

GLOBAL_BATCH = 6


def settings(**changes: object) -> TrainConfig:
    return tiny_run.config(**{"batch_size": GLOBAL_BATCH, "total_batch": GLOBAL_BATCH} | changes)


def gradients(folder: Path, **changes: object) -> None:
    """Write the gradients of one step on hands that are partly labelled, and its line of the log."""
    network, loss = tiny_run.make(dropout=0.0, traits=True)
    start = tiny_run.config(augmentation=Augmentation(zoom=0.6, shift=0.4))
    data: Any = tiny_run.Partly(tiny_run.held(18))
    with engine(start) as accelerator:
        config = settings(augmentation=start.augmentation, trait_weight=3.0, **changes)
        run = Run(Trainee(network, loss), data, None, config, folder, accelerator)
        batch = Batches(run.train_data, run.plan, run.rank, run.world)[0]
        assert not isinstance(batch, str)
        counted = run.trainee.criterion.counts(batch)
        counts = distributed.gather_json([float(counted[name]) for name in ("1", "traits")])
        run.compute_gradients(batch)
        run.step, run._norm = 1, run._gradient_norm()
        folder.mkdir(exist_ok=True)
        with Log(folder, 0, 1, progress=False, tensorboard=False, speaks=run.rank == 0) as log:
            run._log_losses(log)
        if run.rank == 0:
            told = {"counts": counts, "world": run.world, "passes": run.passes}
            (folder / "told.json").write_text(json.dumps(told))
            grads = {name: p.grad.numpy() for name, p in run.trainee.named_parameters() if p.grad is not None}
            np.savez(folder / "gradients.npz", **grads)


def scores(folder: Path) -> None:
    """Write the report of an evaluation."""
    network, _ = tiny_run.make()
    data = tiny_run.held(7, 1)
    model = EveryStage(network, ModelMetadata(size=(32, 32)))
    report = evaluate(model, data, batch_size=2, progress=False)
    if distributed.rank() == 0:
        report.save(folder / "report.json")


def training(folder: Path) -> None:
    """Train a little, stop, and go on."""
    for steps in (4, 8):
        network, loss = tiny_run.make(dropout=0.0)
        config = settings(steps=steps, average=None)
        train(network, loss, tiny_run.held(18), tiny_run.held(5, 1), config, folder / "run", resume=True)


def poison(folder: Path) -> None:
    """Make the loss of the first step's last sample, which the last process has, NaN."""
    data, config = tiny_run.held(18), settings(average=None)
    network, _ = tiny_run.make(dropout=0.0)
    with engine(tiny_run.config()) as accelerator:
        run = Run(Trainee(network, IntegralLoss(tiny_run.STAGES)), data, None, config, folder, accelerator)
        index = run.plan.positions(0, run.world - 1, run.world)[-1][1]
    loss = tiny_run.Poisoned(IntegralLoss(tiny_run.STAGES), tiny_run.target_of(data, index))
    try:
        train(network, loss, data, None, config, folder / "poisoned")
        message = "nothing was raised"
    except NonFiniteLossError as error:
        message = str(error)
    (folder / f"error{distributed.rank()}.json").write_text(
        json.dumps({"message": message, "key": data.record(index).key, "index": index})
    )


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    with engine(tiny_run.config()):
        pass
    gradients(folder / "one-pass")
    gradients(folder / "passes-of-2", batch_size=2)
    gradients(folder / "passes-of-1", batch_size=1)
    scores(folder)
    training(folder)
    poison(folder)
    distributed.leave()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
