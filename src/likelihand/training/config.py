"""The settings of a training run, and what follows from them: which samples a step sees and at which rate."""

import json
import math
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from likelihand.data.augment import Augmentation, sample_rng
from likelihand.geometry import BOX_PADDING

_LENGTH: Final = {"epochs", "steps"}
_FREE: Final = _LENGTH | {
    *("workers", "progress", "tensorboard", "log_every", "checkpoint_every", "validate_every"),
    *("validation_limit", "device", "batch_size", "accumulate", "total_batch"),
}

ANOTHER: Final = "begin another run with its weights (--start OUT --out ANOTHER, without --resume)"
"""What to do in place of resuming a run that would become another one."""


@dataclass(frozen=True)
class TrainConfig:
    """The settings of a run; the defaults are the paper's, which takes total_batch=128.

    Attributes:
        epochs: length of the run in passes over the training data.
        steps: length of the run in steps; overrules `epochs` where given.
        batch_size: samples that a process takes through the network at once.
        accumulate: such passes a step. Their gradients are added up before the weights change, so that a step
            sees batch_size x accumulate x processes samples, and the gradient is that of one batch of them all:
            every keypoint and trait counts the same, whichever pass it is in. The exception is batch
            normalisation, whose statistics are each pass's own, as they are each process's own.
        total_batch: samples a step over all processes and passes. It takes the place of `accumulate`: each
            process does as many passes, of at most `batch_size`, as its share needs, so that the run is the same
            on one GPU and on four.
        size: height and width of the crops in pixels.
        padding: side of the crop over the longer side of the box.
        augmentation: what is done to the training crops; None for nothing.
        learning_rate: of Adam at the start.
        loss_learning_rate: of the loss's own parameters (the flows), as a multiple of `learning_rate`.
        trait_weight: of the mean nats a known trait (side, presence) of a hand against the mean loss a labelled
            keypoint, where the network has traits.
        milestones: epochs after which the rate is multiplied by `decay`.
        decay: see `milestones`.
        cosine: lets the rate fall to 0 along a half cosine over the run, beside the milestones.
        warm_up: steps over which the rate rises linearly from 0.
        weight_decay: decoupled (AdamW's); 0 is plain Adam.
        gradient_clip: largest norm of the gradient of all parameters; None for no limit.
        average: decay of a moving average of the weights, say 0.999, which is then validated and kept as best;
            None for none.
        precision: "fp32", "bf16" or "fp16" (a GPU only) under autocast; the loss stays in float32.
        seed: of data order, augmentation and dropout.
        workers: processes that make batches; their number changes no result. 0: in the training process.
        log_every: steps between lines of the log.
        checkpoint_every: steps between writings of `last.safetensors`; it is also written at validations.
        validate_every: steps between validations; 0 validates after every epoch.
        validation_limit: validates on at most so many samples, spread evenly.
        hold_out: share of the training data (of its groups, which stay together) that the seed picks to validate
            on in place of training on it. None holds nothing out.
        sync_batch_norm: on several GPUs, batch norm over the batches of all of them.
        device: "auto" takes a GPU where there is one.
        tensorboard: writes a TensorBoard log too, where it is installed.
        progress: shows a bar.

    Raises:
        ValueError: a value is out of range.

    Example:
        >>> TrainConfig(batch_size=0)
        Traceback (most recent call last):
        ValueError: batch_size is 0: expected at least 1
    """

    epochs: int = 120
    steps: int | None = None
    batch_size: int = 32
    accumulate: int = 1
    total_batch: int | None = None
    size: int = 256
    padding: float = BOX_PADDING
    augmentation: Augmentation | None = None
    learning_rate: float = 1e-3
    loss_learning_rate: float = 1.0
    trait_weight: float = 1.0
    milestones: tuple[int, ...] = (90,)
    decay: float = 0.1
    cosine: bool = False
    warm_up: int = 0
    weight_decay: float = 0.0
    gradient_clip: float | None = None
    average: float | None = None
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    seed: int = 0
    workers: int = 2
    log_every: int = 50
    checkpoint_every: int = 1000
    validate_every: int = 0
    validation_limit: int | None = None
    hold_out: float | None = None
    sync_batch_norm: bool = False
    device: Literal["auto", "cpu"] = "auto"
    tensorboard: bool = True
    progress: bool = True

    def __post_init__(self) -> None:
        least: dict[str, float] = {"epochs": 1, "batch_size": 1, "accumulate": 1, "size": 1, "log_every": 1}
        least |= {"checkpoint_every": 1, "validate_every": 0, "workers": 0, "warm_up": 0, "seed": 0}
        least |= {"weight_decay": 0, "loss_learning_rate": 0, "trait_weight": 0, "decay": 0}
        for name, low in least.items():
            if not getattr(self, name) >= low:
                raise ValueError(f"{name} is {getattr(self, name)}: expected at least {low:g}")
        above = {
            "learning_rate",
            "padding",
            "gradient_clip",
            "steps",
            "total_batch",
            "validation_limit",
            "average",
        }
        for name in sorted(above):
            value = getattr(self, name)
            if value is not None and not (value > 0 and math.isfinite(value)):
                raise ValueError(f"{name} is {value}: expected more than 0")
        if self.average is not None and self.average >= 1:
            raise ValueError(f"average is {self.average}: expected less than 1, say 0.999")
        if self.hold_out is not None and not 0 < self.hold_out < 1:
            raise ValueError(f"hold_out is {self.hold_out}: expected a share between 0 and 1, say 0.02")
        if self.total_batch is not None and self.accumulate != 1:
            raise ValueError(
                f"accumulate is {self.accumulate} and total_batch {self.total_batch}: give one of them, "
                "the other follows"
            )

    def batches(self, processes: int) -> tuple[int, int]:
        """Return the samples a step over all processes, and the passes in which a process takes its share of them.

        Raises:
            ValueError: `total_batch` cannot be dealt out to so many processes.

        Example:
            >>> [TrainConfig(batch_size=32, total_batch=128).batches(processes) for processes in (1, 2, 4, 8)]
            [(128, 4), (128, 2), (128, 1), (128, 1)]
            >>> TrainConfig(batch_size=32, accumulate=3).batches(processes=2)
            (192, 3)
        """
        total = self.total_batch or self.batch_size * self.accumulate * processes
        if total % processes:
            raise ValueError(
                f"total_batch is {total}: expected a multiple of the {processes} processes, "
                f"say {max(1, round(total / processes)) * processes}"
            )
        return total, -(-total // (processes * self.batch_size))

    def to_json(self) -> dict[str, Any]:
        """Return the settings as JSON values."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    def check_continues(self, earlier: dict[str, Any]) -> None:
        """Refuse to continue a run under different settings.

        A longer run is the same run, unless the rate's cosine depends on the length.

        Raises:
            ValueError: a setting that shapes the weights differs from `earlier` (as `to_json` gave it).

        Example:
            >>> TrainConfig(steps=9).check_continues(TrainConfig(steps=5).to_json())
            >>> TrainConfig(seed=1).check_continues(TrainConfig().to_json())
            Traceback (most recent call last):
            ValueError: cannot resume: seed was 0 and is 1; give the earlier value, or begin another run ...
        """
        own = json.loads(json.dumps(self.to_json()))
        free = _FREE - (_LENGTH if self.cosine else set())
        for name in (f.name for f in fields(self)):
            if name not in free and own[name] != earlier.get(name):
                cosine = ", on which the cosine of the rate depends" if name in _LENGTH else ""
                raise ValueError(
                    f"cannot resume: {name} was {earlier.get(name)!r} and is {own[name]!r}{cosine}; "
                    f"give the earlier value, or {ANOTHER}"
                )


@dataclass(frozen=True)
class Plan:
    """What every step does, as pure functions of its number.

    The samples of all epochs, each epoch in an order of its own, make one endless row; step s takes the batch
    from s x batch on. Every batch is full, none is left out, and one may hold the end of an epoch and the start
    of the next.

    Attributes:
        config: the settings.
        samples: number of training samples.
        batch: samples a step over all processes.

    Example:
        >>> plan = Plan(TrainConfig(epochs=2), samples=10, batch=4)
        >>> plan.steps, [plan.epoch(step) for step in range(5)]
        (5, [0, 0, 0, 1, 1])
    """

    config: TrainConfig
    samples: int
    batch: int

    @property
    def steps(self) -> int:
        """Number of steps of the whole run."""
        return self.config.steps or -(-self.config.epochs * self.samples // self.batch)

    def epoch(self, step: int) -> int:
        """Return the number of whole epochs seen before `step`."""
        return step * self.batch // self.samples

    def positions(self, step: int, rank: int, world: int) -> list[tuple[int, int]]:
        """Return the (epoch, index) of each sample of one process's share of a step, in order."""
        share = self.batch // world
        first = step * self.batch + rank * share
        places = [divmod(first + i, self.samples) for i in range(share)]
        orders = {epoch: _order(self.config.seed, epoch, self.samples) for epoch, _ in places}
        return [(epoch, int(orders[epoch][place])) for epoch, place in places]

    def learning_rate(self, step: int) -> float:
        """Return Adam's rate in `step`, counted from 0.

        Example:
            >>> plan = Plan(TrainConfig(milestones=(1,), warm_up=2), samples=8, batch=2)
            >>> [round(plan.learning_rate(step), 6) for step in range(5)]
            [0.0005, 0.001, 0.001, 0.001, 0.0001]
        """
        c = self.config
        rate = c.learning_rate * c.decay ** sum(self.epoch(step) >= m for m in c.milestones)
        rate *= min(1.0, (step + 1) / c.warm_up) if c.warm_up else 1.0
        return rate * ((1 + math.cos(math.pi * step / self.steps)) / 2 if c.cosine else 1.0)

    def validates(self, done: int) -> bool:
        """Tell whether a validation follows after `done` steps."""
        if done >= self.steps:
            return True
        if self.config.validate_every:
            return done % self.config.validate_every == 0
        return self.epoch(done) > self.epoch(done - 1)


def step_seed(seed: int, step: int, rank: int) -> int:
    """Return the seed of torch's own random numbers (dropout) in one step of one process."""
    return int(np.random.SeedSequence([seed, step, rank]).generate_state(1, np.uint64)[0] >> 1)


@lru_cache(maxsize=2)
def _order(seed: int, epoch: int, samples: int) -> NDArray[np.int64]:
    """Return the order of the samples in an epoch."""
    return np.asarray(sample_rng(seed, epoch, samples).permutation(samples), np.int64)
