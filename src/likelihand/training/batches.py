"""Batches: pure functions of the step's number, made ahead by worker processes."""

import signal
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

import likelihand.data.dataset as data
from likelihand.data.augment import sample_of, sample_rng
from likelihand.structures import Sample
from likelihand.training.config import Plan
from likelihand.utils import opencv as cv2

T = TypeVar("T")


class Batch(NamedTuple):
    """One process's share of a step.

    Attributes:
        crops: (N, H, W, 3) uint8.
        target: (N, K, 2) float32 crop pixels.
        weight: (N, K) float32.
        indices: (N,) int64 positions in the data set.
        traits: (N, 2) float32 of `likelihand.hand.TRAITS`: 1, 0, or NaN where unknown.
    """

    crops: Tensor
    target: Tensor
    weight: Tensor
    indices: Tensor
    traits: Tensor

    def to(self, device: torch.device) -> "Batch":
        """Send all but the indices to a device; a page-locked batch without waiting for it."""
        sent = {name: getattr(self, name).to(device, non_blocking=True) for name in self._fields}
        return Batch(**sent | {"indices": self.indices})

    def counts(self) -> Tensor:
        """Count what is labelled: (2,) float32, the weight of all keypoints and the number of known traits."""
        return torch.stack([self.weight.sum(), (~self.traits.isnan()).sum().to(self.weight)])

    def split(self, parts: int) -> "list[Batch]":
        """Cut it into so many batches, of equal size or one sample apart, in order.

        Example:
            >>> batch = Batch(*(torch.zeros(5, *rest) for rest in ((8, 8, 3), (21, 2), (21,), (), (2,))))
            >>> [len(part.crops) for part in batch.split(2)]
            [3, 2]
        """
        return [Batch(*part) for part in zip(*(t.tensor_split(parts) for t in self), strict=True)]


class Batches(Dataset["Batch | str"]):
    """The batches of a run by step; item s is the same however often and wherever it is made.

    A sample that cannot be read gives a line of text in place of the batch, for the training process to raise.

    Args:
        dataset: of the samples; one that has a method `sample` makes them itself, as a detector's does.
        plan: which samples a step takes.
        rank: of this process.
        world: number of processes.
    """

    def __init__(self, dataset: data.Dataset, plan: Plan, rank: int = 0, world: int = 1) -> None:
        self.dataset, self.plan, self.rank, self.world = dataset, plan, rank, world

    def __len__(self) -> int:
        """Count the steps of the run."""
        return self.plan.steps

    def __getitem__(self, step: int) -> "Batch | str":
        """Make the batch of a step."""
        try:
            return _stack([self._sample(*p) for p in self.plan.positions(step, self.rank, self.world)])
        except (ValueError, OSError) as error:
            return f"step {step}: {error}"

    def _sample(self, epoch: int, index: int) -> Sample:
        config, size = self.plan.config, (self.plan.config.size, self.plan.config.size)
        rng = sample_rng(config.seed, epoch, index)
        own: Callable[..., Sample] | None = getattr(self.dataset, "sample", None)
        if own is not None:
            return own(index, size, rng, config.augmentation)
        return sample_of(
            self.dataset.record(index),
            index,
            size,
            rng=rng,
            augmentation=config.augmentation,
            padding=config.padding,
        )


def _stack(samples: list[Sample]) -> Batch:
    return Batch(
        crops=torch.from_numpy(np.stack([s.crop for s in samples])),
        target=torch.from_numpy(np.stack([s.target for s in samples])),
        weight=torch.from_numpy(np.stack([s.weight for s in samples])),
        indices=torch.tensor([s.index for s in samples]),
        traits=torch.from_numpy(np.stack([s.traits for s in samples])),
    )


def load(batches: Batches, first: int, workers: int, pin: bool) -> Iterator[Batch]:
    """Yield the batches from step `first` on, made ahead by worker processes.

    Args:
        batches: of the run.
        first: step to start with.
        workers: processes; 0 makes each batch when it is asked for.
        pin: puts them into page-locked memory, for a GPU.

    Raises:
        ValueError: a sample cannot be read.
    """
    loader: Iterable[Batch | str] = DataLoader(
        batches,
        batch_size=None,
        sampler=range(first, len(batches)),
        num_workers=workers,
        collate_fn=_same,
        pin_memory=pin,
        worker_init_fn=_start_worker,
        generator=torch.Generator(),
        prefetch_factor=4 if workers else None,
    )
    for batch in loader:
        if isinstance(batch, str):
            raise ValueError(batch)
        yield batch


def _same(batch: T) -> T:
    return batch


def _start_worker(_: int) -> None:
    """Leave threads to the number of workers, and an interrupt to the training process."""
    cv2.setNumThreads(0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
