"""Entry point of training: from objects to a folder with a trained network."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from accelerate import Accelerator, DistributedDataParallelKwargs
from accelerate.state import AcceleratorState
from torch import nn

from likelihand.data.abilities import SampleDataset
from likelihand.data.dataset import Dataset, TrainingData
from likelihand.evaluation import Report
from likelihand.models import SequentialHeatmapNetwork
from likelihand.models.checkpoint import read_info
from likelihand.training.config import TrainConfig
from likelihand.training.describe import describe_run
from likelihand.training.hold_out import hold_out
from likelihand.training.log import Log
from likelihand.training.run import BEST, LAST, Run
from likelihand.training.signals import StopRequest
from likelihand.training.state import Trainee
from likelihand.utils import distributed
from likelihand.utils.files import write_json

_PRECISION: Final = {"fp32": "no", "bf16": "bf16", "fp16": "fp16"}


@dataclass(frozen=True)
class TrainResult:
    """The result of a run.

    Attributes:
        out: its folder.
        last: the newest checkpoint, from which it can be resumed.
        best: the checkpoint of the lowest validation NME; None without a validation.
        step: steps done.
        finished: False where the run was asked to stop before its end.
        report: of the last validation of this process's part of the run, None without.
    """

    out: Path
    last: Path
    best: Path | None
    step: int
    finished: bool
    report: Report | None


@contextmanager
def engine(config: TrainConfig) -> Iterator[Accelerator]:
    """Make the accelerator for a block, and give the process's random numbers and settings back afterwards."""
    handler = DistributedDataParallelKwargs(find_unused_parameters=True, gradient_as_bucket_view=True)
    AcceleratorState._reset_state()
    cpu = config.device == "cpu" or not torch.cuda.is_available()
    if cpu and config.precision == "fp16":
        raise ValueError('precision "fp16" needs a GPU; use "bf16" or "fp32" on a CPU')
    searches = torch.backends.cudnn.benchmark
    with torch.random.fork_rng(devices=[]):
        try:
            torch.backends.cudnn.benchmark = searches or not cpu
            yield Accelerator(cpu=cpu, mixed_precision=_PRECISION[config.precision], kwargs_handlers=[handler])
        finally:
            torch.backends.cudnn.benchmark = searches
            AcceleratorState._reset_state()


def train(
    network: nn.Module,
    loss: nn.Module,
    train_data: TrainingData,
    validation_data: Dataset | None = None,
    config: TrainConfig | None = None,
    out: str | Path = "runs/train",
    *,
    resume: bool = False,
) -> TrainResult:
    """Train a network, in place.

    Runs on one process as it is; on several under `torchrun` or `accelerate launch`, where every process calls it.
    The folder `out` holds `run.json` (what was done), `training.csv`, `validation.csv`, `last.safetensors` and
    `best.safetensors`. On a CPU a resumed run gives the same weights bit for bit as one that was never
    interrupted, whenever it was interrupted and however many workers read the data; the weights it starts with
    are kept too.

    Args:
        network: images (N, H, W, 3) uint8 -> one `Prediction` a stage; see `likelihand.models.Network`. Its
            depths, which no loss trains and which hold for the features as they were, are taken off.
        loss: a `likelihand.losses.Criterion`, as each of `likelihand.losses` is; its parameters are trained too.
        train_data: samples to train on: hands, or for a detector whole pictures.
        validation_data: samples to validate on, by which the best checkpoint is chosen: never those that the
            final score is made on. None validates on what `config.hold_out` says, or never.
        config: the settings; the paper's where None.
        out: folder of the run.
        resume: continues from `last.safetensors` in `out`, also a run that has ended, with more steps or epochs;
            starts where there is none.

    Raises:
        ValueError: the data are empty or a sample cannot be read, `out` holds a run and `resume` is False, or the
            earlier run had other settings.
        NonFiniteLossError: a loss or gradient is not finite; the last good checkpoint stays.
    """
    config, out = config or TrainConfig(), Path(out)
    if not len(train_data):
        raise ValueError("the training data set has no samples: expected at least one")
    if validation_data is not None and isinstance(train_data, SampleDataset):
        raise ValueError(
            "a detector is not validated while it is trained: leave out the validation data, and count its misses "
            "with `likelihand evaluate` afterwards"
        )
    if isinstance(network, SequentialHeatmapNetwork):
        network.depth = None
    begun = _begun(out, resume)
    train_data, validation_data = hold_out(train_data, validation_data, config)
    out.mkdir(parents=True, exist_ok=True)
    with engine(config) as accelerator:
        _check_shared(out, begun)
        run = Run(Trainee(network, loss), train_data, validation_data, config, out, accelerator)
        if begun:
            run.resume()
        else:
            run.keep()
        _write_description(run)
        return _result(run, _drive(run))


def _begun(out: Path, resume: bool) -> bool:
    """Say whether there is a run to resume; one that never took a step, its settings being wrong, is none.

    Raises:
        ValueError: there is one, and it is not to be resumed.
    """
    if not (out / LAST).exists() or resume:
        return (out / LAST).exists()
    if int(read_info(out / LAST).training.get("step", 0)) > 0:
        raise ValueError(f"{out} holds a run already; resume it (--resume), or give another folder")
    return False


def _check_shared(out: Path, begun: bool) -> None:
    """Make sure that all processes see the same run: on several hosts they need a folder in common."""
    if len({bool(each) for each in distributed.gather_json(begun)}) > 1:
        raise ValueError(
            f"{out / LAST} is there for some processes only; --out must be a folder that all hosts share"
        )


def _drive(run: Run) -> bool:
    options = run.config
    log = Log(
        run.out,
        run.step,
        run.plan.steps,
        progress=options.progress,
        tensorboard=options.tensorboard,
        speaks=run.rank == 0,
    )
    with log, StopRequest() as stop:
        if ended := run.step >= run.plan.steps:
            log.say(f"{run.out} has done {run.step} steps of {run.plan.steps}; give more steps or epochs to go on")
        finished = run.run(log, stop)
        if not finished:
            log.say(f"stopped after step {run.step}; resume continues from {run.out / LAST}")
        elif not ended:
            best = run.out / BEST
            log.say(f"trained {run.step} steps -> {best if best.exists() else run.out / LAST}")
    return finished


def _write_description(run: Run) -> None:
    if run.rank == 0:
        told = describe_run(
            run.trainee,
            run.data(),
            run.config.to_json(),
            run.world,
            str(run.accelerator.device),
        ) | {"batch": run.plan.batch, "passes": run.passes}
        write_json(run.out / "run.json", told)
    distributed.wait()


def _result(run: Run, finished: bool) -> TrainResult:
    run.trainee.eval()
    best = run.out / BEST
    return TrainResult(
        out=run.out,
        last=run.out / LAST,
        best=best if best.exists() else None,
        step=run.step,
        finished=finished,
        report=run.report,
    )
