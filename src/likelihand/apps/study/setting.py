"""Settings of a study: network sizes, training lengths, seeds and learning rates."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

import torch

from likelihand.data.augment import Augmentation
from likelihand.training import TrainConfig

GEOMETRY: Final = Augmentation(
    rotation=15.0, zoom=0.2, shift=0.08, colour=0.0, occlusion=0.0, low_resolution=0.0, blur=0.0, motion=0.0,
    noise=0.0, jpeg=0.0,
)  # fmt: skip
"""Crops are turned, zoomed, shifted and mirrored; rendered pictures have faults of light and lens already."""

SMALL: Final = TrainConfig(
    epochs=20, batch_size=32, size=96, milestones=(13, 17), decay=0.2, warm_up=50, weight_decay=1e-4, workers=0,
    log_every=50, checkpoint_every=250, tensorboard=False, progress=False,
)  # fmt: skip
"""Twenty passes over the training pictures: enough to learn wrong labels by heart."""


@dataclass(frozen=True)
class Setting:
    """The settings of a study.

    Every method gets the same pictures, order, augmentation, optimiser, schedule and number of steps. No gradient
    is clipped: a limit in absolute terms would fall on some losses and not on others.

    Attributes:
        train: of every run. Its seed is the run's own; its learning rate is that of methods which `rates` does not
            name; without an augmentation crops are turned, zoomed, shifted and mirrored alone (`GEOMETRY`). The
            rate must not follow a cosine, since runs are trained from one evaluation to the next.
        pictures: training pictures, the first so many of the data; all where None.
        looks: epochs after which a run is evaluated; the last epoch always is.
        seen: hands of the training and of the test data at every look but the last, which takes all.
        backbone: timm's name.
        weights: where the backbone starts, as `likelihand.models.TimmBackbone` takes it.
        stride: of the features that heatmap networks read. RLE pools the last map, of stride 32; CPM reads stride
            8 with the last map joined to it.
        frozen: all of the backbone up to this stride stays as it is; 0 for nothing.
        width: channels inside a stage and of the rivals' transposed convolutions.
        separable: cheap transposed convolutions in the paper's network rather than the paper's own.
        stages: of the paper's network; the paper has 5.
        cpm_stages: of Convolutional Pose Machines; its paper has 6.
        cpm_width: channels of its later stages; its paper has 128.
        seeds: runs of every experiment, from seed 0 on.
        helper_share: share of the run after which the warm start is gone.
        helper_ratio: of the helper's gradient to that of the loss at the start; see `MatchedWarmStart`.
        rates: learning rate by the name of a method, as chosen on validation hands.
        rate_grid: learning rates that are tried to choose them.

    Raises:
        ValueError: a count below 1, a share outside 0..1, or a training that the study cannot evaluate.

    Example:
        >>> Setting(seeds=0)
        Traceback (most recent call last):
        ValueError: seeds is 0: expected at least 1
    """

    train: TrainConfig = field(default_factory=lambda: SMALL)
    pictures: int | None = None
    looks: tuple[int, ...] = (1, 2, 4, 6, 8, 10, 12, 14, 16, 18)
    seen: int = 500
    backbone: str = "tf_efficientnet_lite0"
    weights: str | None = "package"
    stride: int = 16
    frozen: int = 8
    width: int = 64
    separable: bool = True
    stages: int = 2
    cpm_stages: int = 6
    cpm_width: int = 32
    seeds: int = 3
    helper_share: float = 0.5
    helper_ratio: float = 4.0
    rates: Mapping[str, float] = field(default_factory=dict)
    rate_grid: tuple[float, ...] = (1e-3, 2e-3, 4e-3)

    def __post_init__(self) -> None:
        for name in ("width", "stages", "cpm_stages", "cpm_width", "seeds", "seen"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}: expected at least 1")
        if not 0 < self.helper_share <= 1:
            raise ValueError(f"helper_share is {self.helper_share}: expected more than 0, and 1 at most")
        if self.train.steps is not None or self.train.cosine:
            raise ValueError(
                "train.steps or train.cosine is given: a study counts the length of its runs in train.epochs, and "
                "lowers the rate at train.milestones"
            )

    @property
    def device(self) -> torch.device:
        """Where networks are trained and scored."""
        return torch.device("cuda" if self.train.device == "auto" and torch.cuda.is_available() else "cpu")

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the crops in pixels."""
        return self.train.size, self.train.size

    @property
    def epochs_seen(self) -> tuple[int, ...]:
        """Epochs after which a run is evaluated.

        Example:
            >>> Setting(looks=(5, 90)).epochs_seen
            (5, 20)
        """
        return (*(epoch for epoch in self.looks if epoch < self.train.epochs), self.train.epochs)

    def steps(self, pictures: int) -> int:
        """Return the length of a run over so many pictures, in steps.

        Example:
            >>> Setting().steps(5000)
            3125
        """
        return math.ceil(self.train.epochs * pictures / self.train.batches(1)[0])

    def quick(self, pictures: int) -> Self:
        """Return the settings of shorter runs: fewer pictures, each seen as often."""
        return replace(self, pictures=pictures, looks=(2, 5, 10, 15))

    def config(self, seed: int, rate: float, flow_rate: float = 1.0, epochs: int | None = None) -> TrainConfig:
        """Return the settings of one run up to an epoch; its end where None."""
        length = epochs or self.train.epochs
        augmentation = self.train.augmentation or GEOMETRY
        return replace(
            self.train, seed=seed, learning_rate=rate, loss_learning_rate=flow_rate, epochs=length,
            augmentation=augmentation,
        )  # fmt: skip

    def sigma(self, stride: int) -> float:
        """Return the Gaussian's sigma in cells: the usual 2 of 64 cells per side, and at least 1 cell.

        Example:
            >>> Setting().sigma(4)
            1.0
        """
        return max(1.0, 2 * self.train.size / stride / 64)

    def to_json(self) -> dict[str, Any]:
        """Return the settings as JSON values."""
        told = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return told | {"train": self.train.to_json(), "rates": dict(self.rates)}
