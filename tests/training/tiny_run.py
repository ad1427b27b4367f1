"""A network, a loss and data small enough to train in a second, shared by tests and the scripts they start."""

from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import numpy as np
import torch
from torch import nn

from likelihand.data.augment import Augmentation, sample_of
from likelihand.data.drawn import DrawnHands
from likelihand.losses import HeatmapCrossEntropy, ResidualLogLikelihood, StageLoss, WarmStart
from likelihand.ops.heatmaps import Prediction, soft_argmax, widen
from likelihand.structures import Record
from likelihand.training import TrainConfig, TrainResult, train

STAGES = 2


class Held:
    """Drawn hands whose pictures are drawn once."""

    name = "held"

    def __init__(self, count: int, seed: int) -> None:
        records = [DrawnHands(count, seed=seed, size=48).record(i) for i in range(count)]
        images = [record.read() for record in records]
        self.records = [
            replace(record, read=partial(np.copy, image)) for record, image in zip(records, images, strict=True)
        ]

    def __len__(self) -> int:
        return len(self.records)

    def record(self, index: int) -> Record:
        return self.records[index]


@cache
def held(count: int, seed: int = 0) -> Held:
    return Held(count, seed)


class Partly:
    """Pairs of whole hands, of hands with three labels and no side, and of none; `bare` has no labels at all."""

    name = "partly"

    def __init__(self, data: Held, bare: bool = False) -> None:
        self.data, self.bare = data, bare

    def __len__(self) -> int:
        return len(self.data)

    def record(self, index: int) -> Record:
        record, kind = self.data.record(index), index // 2 % 3
        labelled = 0 if self.bare else (21, 3, 0)[kind]
        visibility = np.where(np.arange(21) < labelled, record.visibility, 0).astype(np.int8)
        return replace(record, visibility=visibility, side=None if kind else record.side, present=kind != 2)


class TinyNetwork(nn.Module):
    """Two stages, a dropout (so that torch's own random numbers matter) and, if asked, batch norm and traits."""

    def __init__(self, *, norm: bool = False, dropout: float = 0.1, traits: bool = False) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 8, 3, stride=4, padding=1),
            nn.BatchNorm2d(8) if norm else nn.Identity(),
            nn.ReLU(),
            nn.Dropout(dropout),
        )
        self.stages = nn.ModuleList(nn.Conv2d(8, 21, 3, padding=1, bias=False) for _ in range(STAGES))
        self.scales = nn.ModuleList(nn.Linear(8, 42) for _ in range(STAGES))
        self.traits = nn.Linear(8, 2) if traits else None

    def forward(self, images: torch.Tensor) -> list[Prediction]:
        features = self.stem(images.permute(0, 3, 1, 2).to(self.scales[0].weight.dtype) / 255.0)
        pooled = features.mean((-2, -1))
        predictions = []
        for stage, scale in zip(self.stages, self.scales, strict=True):
            heatmaps = stage(features)
            log_scale = widen(scale(pooled)).reshape(-1, 21, 2) + 2.0
            predictions.append(Prediction(heatmaps, soft_argmax(heatmaps, 4), log_scale))
        if self.traits is not None:
            predictions[-1] = predictions[-1]._replace(traits=self.traits(pooled))
        return predictions


class Poisoned(StageLoss):
    """A loss that is not a number wherever the first keypoint's target is one of `bad`."""

    stages = STAGES

    def __init__(self, loss: nn.Module, bad: torch.Tensor) -> None:
        super().__init__()
        self.loss, self.bad = loss, bad

    def of_prediction(
        self, prediction: Prediction, target: torch.Tensor, weight: torch.Tensor, stage: int
    ) -> torch.Tensor:
        values = self.loss.of_prediction(prediction, target, weight, stage)
        hit = (target[:, None, 0] == self.bad).all(-1).any(-1)
        return torch.where(hit[:, None], torch.nan, values)


def target_of(data: Held, index: int) -> torch.Tensor:
    """The first keypoint's target, without augmentation."""
    return torch.from_numpy(sample_of(data.record(index), index, (32, 32)).target[:1])


def make(seed: int = 0, **options: object) -> tuple[nn.Module, nn.Module]:
    torch.manual_seed(seed)
    loss = WarmStart(ResidualLogLikelihood(STAGES), HeatmapCrossEntropy(STAGES), steps=20)
    return TinyNetwork(**options), loss  # type: ignore[arg-type]


def config(**changes: object) -> TrainConfig:
    values: dict[str, object] = {
        "steps": 24,
        "batch_size": 4,
        "size": 32,
        "workers": 0,
        "log_every": 2,
        "checkpoint_every": 3,
        "validate_every": 10,
        "milestones": (3, 6),
        "average": 0.9,
        "progress": False,
        "tensorboard": False,
        "device": "cpu",
    }
    return TrainConfig(**(values | changes))  # type: ignore[arg-type]


def run(out: Path, *, resume: bool = False, norm: bool = True, **changes: object) -> TrainResult:
    network, loss = make(norm=norm)
    settings = config(**({"augmentation": Augmentation()} | changes))
    return train(network, loss, held(18), held(5, 1), settings, out, resume=resume)
