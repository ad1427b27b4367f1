"""Batches: pure functions of the step, prefetched by worker processes."""

import signal
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

import likelihand.data.dataset as data
from likelihand.data.abilities import SampleDataset
from likelihand.data.augment import sample_of, sample_rng
from likelihand.losses import Batch
from likelihand.structures import Sample, SceneSample
from likelihand.training.config import Plan
from likelihand.utils import opencv as cv2

T = TypeVar("T")


class Batches(Dataset["Batch | str"]):
    """The batches of a run by step; item s is the same whenever and wherever it is made.

    A sample that cannot be read gives a line of text in place of the batch, for the training process to raise.
    """

    def __init__(self, dataset: data.TrainingData, plan: Plan, rank: int = 0, world: int = 1) -> None:
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

    def _sample(self, epoch: int, index: int) -> Sample | SceneSample:
        config, size = self.plan.config, (self.plan.config.size, self.plan.config.size)
        rng = sample_rng(config.seed, epoch, index)
        if isinstance(self.dataset, SampleDataset):
            return self.dataset.sample(index, size, rng, config.augmentation)
        return sample_of(
            self.dataset.record(index),
            index,
            size,
            rng=rng,
            augmentation=config.augmentation,
            padding=config.padding,
        )


def _stack(samples: Sequence[Sample | SceneSample]) -> Batch:
    labels = [sample.labels for sample in samples]
    columns = (torch.from_numpy(np.stack(column)) for column in zip(*labels, strict=True))
    crops = torch.from_numpy(np.stack([sample.crop for sample in samples]))
    kind: Any = type(labels[0])
    return Batch(crops, kind(*columns), torch.tensor([sample.index for sample in samples]))


def load(batches: Batches, first: int, workers: int, pin: bool) -> Iterator[Batch]:
    """Yield the batches from step `first` on, prefetched by worker processes; 0 makes each when it is asked for.

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
