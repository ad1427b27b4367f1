"""What one process, or each of two under torchrun, does for test_processes.py. Its argument is a folder."""

import json
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))

import numpy as np
import tiny_run
import torch

from likelihand import distributed
from likelihand.data.augment import Augmentation
from likelihand.evaluation import evaluate, predict_crops_of
from likelihand.losses import IntegralLoss
from likelihand.training import NonFiniteLossError, train
from likelihand.training.batches import Batches
from likelihand.training.loop import engine
from likelihand.training.run import Run
from likelihand.training.state import Trainee

GLOBAL_BATCH = 6


def settings(**changes: object) -> object:
    world = max(distributed.world_size(), 1)
    return tiny_run.config(batch_size=GLOBAL_BATCH // world, **changes)


def gradients(folder: Path) -> None:
    """Write the gradients of one step and the report of an evaluation."""
    network, loss = tiny_run.make(dropout=0.0)
    start = tiny_run.config(augmentation=Augmentation(zoom=0.6, shift=0.4))
    with engine(start) as accelerator:
        config = settings(augmentation=start.augmentation)
        run = Run(Trainee(network, loss), tiny_run.held(18), None, config, folder, accelerator)
        batch = Batches(run.train_data, run.plan, run.rank, run.world)[0]
        assert not isinstance(batch, str)
        weights = distributed.gather_json(float(batch.weight.sum()))
        run.compute_gradients(batch)
        report = evaluate(
            predict_crops_of(network), tiny_run.held(7, 1), size=(32, 32), batch_size=2, progress=False
        )
        if run.rank == 0:
            told = {"weights": weights, "report": report.to_json(), "world": run.world}
            (folder / "told.json").write_text(json.dumps(told))
            grads = {name: p.grad.numpy() for name, p in run.trainee.named_parameters() if p.grad is not None}
            np.savez(folder / "gradients.npz", **grads)


def training(folder: Path) -> None:
    """Train a little, stop, and go on."""
    for steps in (4, 8):
        network, loss = tiny_run.make(dropout=0.0)
        config = settings(steps=steps, average=None)
        train(network, loss, tiny_run.held(18), tiny_run.held(5, 1), config, folder / "run", resume=True)  # type: ignore[arg-type]


def poison(folder: Path) -> None:
    """Give the last sample of the first step, which the last process has, a loss that is not a number."""
    data, config = tiny_run.held(18), settings(average=None)
    network, _ = tiny_run.make(dropout=0.0)
    with engine(tiny_run.config()) as accelerator:
        run = Run(Trainee(network, IntegralLoss(tiny_run.STAGES)), data, None, config, folder, accelerator)  # type: ignore[arg-type]
        index = run.plan.positions(0, run.world - 1, run.world)[-1][1]
    loss = tiny_run.Poisoned(IntegralLoss(tiny_run.STAGES), tiny_run.target_of(data, index))
    try:
        train(network, loss, data, None, config, folder / "poisoned")  # type: ignore[arg-type]
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
    gradients(folder)
    training(folder)
    poison(folder)
    distributed.leave()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
