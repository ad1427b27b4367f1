"""One run on one process: what a step does, and what happens between steps."""

import math
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Final

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from likelihand.data.dataset import Dataset
from likelihand.evaluation import Report, evaluate, evenly, predict_crops_of
from likelihand.models.checkpoint import CheckpointInfo, config_of, read_tensors, save_checkpoint, save_tensors
from likelihand.training.batches import Batch, Batches, load
from likelihand.training.config import ANOTHER, Plan, TrainConfig, step_seed
from likelihand.training.describe import describe_data
from likelihand.training.health import Health
from likelihand.training.log import Log
from likelihand.training.signals import StopRequest
from likelihand.training.state import (
    Trainee,
    Values,
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
        train_data: Dataset,
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
        self.health = Health(lambda index: train_data.record(index).key)
        self._sums: Tensor | None = None
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
        """Compute the gradient of a step: of the means over all its labelled keypoints and all its known traits.

        The counts that divide are those of all processes and passes. DistributedDataParallel averages gradients
        over processes; times their number, they are one process's gradients of the whole batch in one pass.
        """
        torch.manual_seed(step_seed(self.config.seed, self.step, self.rank))
        self.trainee.set_step(self.step)
        sent = batch.to(self.accelerator.device)
        own = sent.counts()
        counts = self.health.exchange(own, asked)
        shares = torch.where(counts > 0, self.world / counts, 0.0)
        parts = sent.split(self.passes)
        values = [self._pass(part, shares, last=part is parts[-1]) for part in parts]
        self.health.note(self.step, batch.indices, torch.cat([v.finite() for v in values]))
        sums = torch.cat([torch.stack([v.sums() for v in values]).sum(0), own])
        self._sums = sums if self._sums is None else self._sums + sums

    def _pass(self, batch: Batch, shares: Tensor, last: bool) -> Values:
        """Add one pass's gradients; the processes exchange them after the last."""
        with nullcontext() if last else self.accelerator.no_sync(self.module):
            values: Values = self.module(batch.crops, batch.target, batch.weight, batch.traits)
            total = values.keypoints.sum() * shares[0]
            if values.traits is not None:
                total = total + self.config.trait_weight * shares[1] * values.traits.sum()
            self.accelerator.backward(total)
        return values.detached()

    def _gradient_norm(self) -> Tensor:
        """Clip the gradient where it is to be clipped, and give its norm before."""
        if self.config.gradient_clip is not None:
            norm: Tensor = self.accelerator.clip_grad_norm_(self.trainee.parameters(), self.config.gradient_clip)
            return norm
        self.accelerator.unscale_gradients()
        return nn.utils.get_total_norm([p.grad for p in self.trainee.parameters() if p.grad is not None])

    def between_steps(self, log: Log, stopping: bool) -> None:
        """Log, validate and keep, each when it is due."""
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
        *stages, traits, labelled, known = distributed.sum_over_processes(self._sums).tolist()
        self._sums = None
        epoch, rate = self.step * self.plan.batch / self.plan.samples, self.plan.learning_rate(self.step - 1)
        means = [_mean(each, labelled) for each in stages]
        has_traits = getattr(self.trainee.network, "traits", None) is not None
        log.losses(self.step, epoch, rate, means, float(self._norm), _mean(traits, known) if has_traits else None)

    def _validate(self, log: Log) -> None:
        """Score the weights (their average where one is kept), and keep them if they are the best so far."""
        assert self.validation_data is not None
        network = self.average.network if self.average else self.trainee.network
        self.report = evaluate(
            predict_crops_of(network),
            self.validation_data,
            size=(self.config.size, self.config.size),
            padding=self.config.padding,
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
            loss=repr(self.trainee.loss),
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
