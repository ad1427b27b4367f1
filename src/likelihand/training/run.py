"""One run on one process: what a step does, and what happens between steps."""

import math
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Final

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from likelihand.data.dataset import Dataset, TrainingData, key_of
from likelihand.evaluation import EveryStage, Report, evaluate, evenly
from likelihand.inference.metadata import ModelMetadata
from likelihand.losses import Batch
from likelihand.losses.criterion import TRAITS_TERM
from likelihand.models.checkpoint import CheckpointInfo, config_of, read_tensors, save_checkpoint, save_tensors
from likelihand.training.batches import Batches, load
from likelihand.training.config import ANOTHER, Plan, TrainConfig, step_seed
from likelihand.training.describe import describe_data
from likelihand.training.health import Health
from likelihand.training.log import Log
from likelihand.training.signals import StopRequest
from likelihand.training.state import (
    Trainee,
    WeightAverage,
    make_optimizer,
    restore,
    set_rate,
    synchronised,
    tensors_of,
)
from likelihand.utils import distributed

LAST: Final = "last.safetensors"
BEST: Final = "best.safetensors"


class Run:
    """One run on one process: everything that `train` keeps between steps.

    Args:
        trainee: network and loss.
        train_data: samples to train on.
        validation_data: samples to validate on, or None.
        config: the settings.
        out: folder of the run.
        accelerator: the engine.
    """

    def __init__(
        self,
        trainee: Trainee,
        train_data: TrainingData,
        validation_data: Dataset | None,
        config: TrainConfig,
        out: Path,
        accelerator: Accelerator,
    ) -> None:
        self.trainee, self.config, self.out, self.accelerator = trainee, config, out, accelerator
        self.train_data, self.validation_data = train_data, validation_data
        self.world, self.rank = distributed.world_size(), distributed.rank()
        batch, self.passes = config.batches(self.world)
        self.plan = Plan(config, len(train_data), batch)
        if config.sync_batch_norm and self.world > 1 and accelerator.device.type == "cuda":
            trainee.network = synchronised(trainee.network)
        trainee.to(accelerator.device)
        self.raw_optimizer = make_optimizer(
            trainee, config.learning_rate, config.loss_learning_rate, config.weight_decay
        )
        self.average = WeightAverage(trainee.network, config.average) if config.average else None
        self.module, self.optimizer = accelerator.prepare(trainee, self.raw_optimizer)
        self.step, self.best = 0, math.inf
        self.report: Report | None = None
        self.scores: dict[str, Any] | None = None
        self.health = Health(lambda index: key_of(train_data, index))
        self._sums: Tensor | None = None
        self._counted: tuple[str, ...] = ()
        self._terms: tuple[str, ...] = ()
        self._norm = torch.zeros(())

    def run(self, log: Log, stop: StopRequest) -> bool:
        """Train to the end; False where the run was asked to stop before."""
        self.trainee.train()
        batches = Batches(self.train_data, self.plan, self.rank, self.world)
        pin = self.accelerator.device.type == "cuda"
        for batch in load(batches, self.step, self.config.workers, pin):
            self.train_step(batch, stop.asked)
            log.step(self.plan.batch)
            stopping = self.health.asked if self.world > 1 else stop.asked
            self.between_steps(log, stopping)
            if stopping:
                break
        return self.step >= self.plan.steps

    def train_step(self, batch: Batch, asked: bool = False) -> None:
        """Do one step, telling the other processes whether this one was asked to stop."""
        set_rate(self.raw_optimizer, self.plan.learning_rate(self.step))
        self.compute_gradients(batch, asked)
        self._norm = self._gradient_norm().detach()
        if self.accelerator.scaler is None:
            self.health.note_gradient(self._norm)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.step += 1
        if self.average:
            self.average.update(self.trainee.network, self.step)

    def compute_gradients(self, batch: Batch, asked: bool = False) -> None:
        """Compute the gradient of a step: of each term's mean over all that it counts, as labelled keypoints.

        The counts that divide are those of all processes and passes. DistributedDataParallel averages gradients
        over processes; times their number, they are one process's gradients of the whole batch in one pass.
        """
        torch.manual_seed(step_seed(self.config.seed, self.step, self.rank))
        self.trainee.criterion.set_step(self.step)
        sent = batch.to(self.accelerator.device)
        counts = self.trainee.criterion.counts(sent)
        everywhere = self.health.exchange(torch.stack(list(counts.values())), asked)
        shares = torch.where(everywhere > 0, self.world / everywhere, 0.0)
        weights = {name: share * self._weight(name) for name, share in zip(counts, shares, strict=True)}
        parts = sent.split(self.passes)
        values = [self._pass(part, weights, last=part is parts[-1]) for part in parts]
        self._note(batch, counts, values)

    def _note(self, batch: Batch, counts: Mapping[str, Tensor], values: Sequence[Mapping[str, Tensor]]) -> None:
        """Remember a step's values for the log, and which of its samples gave finite ones."""
        good = [torch.stack(list(each.values())).isfinite().all(0) for each in values]
        self.health.note(self.step, batch.indices, torch.cat(good))
        self._counted, self._terms = tuple(counts), tuple(name for name in counts if name in values[-1])
        zero = next(iter(counts.values())).new_zeros(())
        totals = [sum((each[name].sum() for each in values if name in each), zero) for name in counts]
        sums = torch.stack([torch.stack(totals), torch.stack(list(counts.values()))])
        self._sums = sums if self._sums is None else self._sums + sums

    def _weight(self, term: str) -> float:
        return self.config.trait_weight if term == TRAITS_TERM else 1.0

    def _pass(self, batch: Batch, weights: Mapping[str, Tensor], last: bool) -> dict[str, Tensor]:
        """Add one pass's gradients; the processes exchange them after the last."""
        with nullcontext() if last else self.accelerator.no_sync(self.module):
            values: dict[str, Tensor] = self.module(batch)
            if unknown := sorted(set(values) - set(weights)):
                raise ValueError(f"the loss has a term {unknown[0]!r} that its counts do not name; count it too")
            total = sum(weights[name] * value.sum() for name, value in values.items())
            self.accelerator.backward(total)
        return {name: value.detach() for name, value in values.items()}

    def _gradient_norm(self) -> Tensor:
        """Clip the gradient if configured, and return its norm before clipping."""
        if self.config.gradient_clip is not None:
            norm: Tensor = self.accelerator.clip_grad_norm_(self.trainee.parameters(), self.config.gradient_clip)
            return norm
        self.accelerator.unscale_gradients()
        return nn.utils.get_total_norm([p.grad for p in self.trainee.parameters() if p.grad is not None])

    def between_steps(self, log: Log, stopping: bool) -> None:
        """Log, validate and save checkpoints when due."""
        validates = self.validation_data is not None and self.plan.validates(self.step)
        keeps = stopping or validates or self.step % self.config.checkpoint_every == 0
        keeps = keeps or self.step >= self.plan.steps
        if keeps or self.step % self.config.log_every == 0:
            self.health.look()
            self._log_losses(log)
        if validates:
            self._validate(log)
        if keeps:
            self.keep()
            log.resume_clock()

    def _log_losses(self, log: Log) -> None:
        if self._sums is None:
            return
        totals, counts = distributed.sum_over_processes(self._sums).tolist()
        self._sums = None
        epoch, rate = self.step * self.plan.batch / self.plan.samples, self.plan.learning_rate(self.step - 1)
        means = {name: _mean(*each) for name, *each in zip(self._counted, totals, counts, strict=True)}
        log.losses(self.step, epoch, rate, {name: means[name] for name in self._terms}, float(self._norm))

    def _validate(self, log: Log) -> None:
        """Score the weights (their average where one is kept), and keep them if they are the best so far."""
        assert self.validation_data is not None
        network = self.average.network if self.average else self.trainee.network
        metadata = ModelMetadata(size=(self.config.size, self.config.size), padding=self.config.padding)
        self.report = evaluate(
            EveryStage(network, metadata),
            self.validation_data,
            batch_size=self.config.batch_size,
            indices=evenly(len(self.validation_data), self.config.validation_limit),
            workers=min(self.config.workers, 4),
            progress=self.config.progress,
        )
        self.scores = self.report.to_json()
        log.scores(self.step, self.step * self.plan.batch / self.plan.samples, self.report.scores)
        nme = self.report.scores.nme
        if nme < self.best or not (self.out / BEST).exists():
            self.best = nme if math.isfinite(nme) else math.inf
            if self.rank == 0:
                save_checkpoint(self.out / BEST, network, self._info(), loss=self.trainee.loss)

    def _info(self) -> CheckpointInfo:
        scaler = self.accelerator.scaler
        return CheckpointInfo(
            size=(self.config.size, self.config.size),
            network=config_of(self.trainee.network),
            loss=self.trainee.criterion.config(),
            padding=self.config.padding,
            data=self.data(),
            training={
                "step": self.step,
                "steps": self.plan.steps,
                "epoch": self.plan.epoch(self.step),
                "batch": self.plan.batch,
                "best_nme": self.best if math.isfinite(self.best) else None,
                "scaler": scaler.state_dict() if scaler else None,
                "config": self.config.to_json(),
            },
            scores=self.scores,
        )

    def data(self) -> dict[str, Any]:
        """Describe the data."""
        return {
            "training": describe_data(self.train_data),
            "validation": describe_data(self.validation_data),
        }

    def keep(self) -> None:
        """Write the checkpoint from which the run can be resumed."""
        if self.rank == 0:
            tensors = tensors_of(self.trainee, self.raw_optimizer, self.average)
            save_tensors(self.out / LAST, tensors, self._info())
        distributed.wait()

    def resume(self) -> None:
        """Go back to where `last.safetensors` was written.

        Raises:
            ValueError: its settings or tensors are not this run's.
        """
        path = self.out / LAST
        tensors, info = read_tensors(path)
        self.check_continues(info)
        restore(tensors, self.trainee, self.raw_optimizer, self.average, str(path))
        self.step, self.scores = int(info.training["step"]), info.scores
        best = info.training.get("best_nme")
        self.best = math.inf if best is None else float(best)
        if self.accelerator.scaler and info.training.get("scaler"):
            self.accelerator.scaler.load_state_dict(info.training["scaler"])

    def check_continues(self, info: CheckpointInfo) -> None:
        """Refuse to continue a run of other settings or data.

        Raises:
            ValueError: naming what differs.
        """
        self.config.check_continues(dict(info.training.get("config", {})))
        batch, samples = info.training.get("batch"), (info.data.get("training") or {}).get("samples")
        if batch != self.plan.batch:
            raise ValueError(
                f"cannot resume: a step took {batch} samples over all processes and takes {self.plan.batch}; "
                f"give total_batch {batch}, or {ANOTHER}"
            )
        if samples != self.plan.samples:
            raise ValueError(
                f"cannot resume: the training data had {samples} samples and has {self.plan.samples}; "
                f"give the same data, or {ANOTHER}"
            )


def _mean(total: float, count: float) -> float:
    return total / count if count else math.nan
