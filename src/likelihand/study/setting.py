"""What a study is run with: network sizes, lengths of training, seeds, kinds and amounts of wrong labels."""

from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

import torch

from likelihand.data.augment import Augmentation
from likelihand.training import TrainConfig

GEOMETRY: Final = Augmentation(
    rotation=15.0, zoom=0.2, shift=0.08, colour=0.0, occlusion=0.0, low_resolution=0.0, blur=0.0, motion=0.0,
    noise=0.0, jpeg=0.0,
)  # fmt: skip
"""Crops are turned, zoomed, shifted and mirrored; rendered pictures have faults of light and lens already."""

SMALL: Final = TrainConfig(
    steps=300, batch_size=16, size=96, learning_rate=2e-3, milestones=(), cosine=True,
    warm_up=20, weight_decay=1e-4, gradient_clip=50.0, workers=0, log_every=20, checkpoint_every=50,
    tensorboard=False, progress=False,
)  # fmt: skip
"""A bit more than a minute of one core."""


@dataclass(frozen=True)
class Setting:
    """The settings of a study; the defaults fit all of it into an hour and a half of two cores.

    Every method gets the same data, augmentation, optimiser, schedule and number of steps.

    Attributes:
        train: of every run; the seed is the run's own, and without an augmentation crops are turned, zoomed,
            shifted and mirrored alone (`GEOMETRY`).
        backbone: timm's name.
        weights: where the backbone starts, as `likelihand.models.TimmBackbone` takes it.
        stride: of the features that heatmap networks read. RLE pools the last map, of stride 32; CPM reads stride
            8 with the last map joined to it.
        frozen: all of the backbone up to this stride stays as it is; 0 for nothing.
        width: channels inside a stage and of the rivals' transposed convolutions.
        separable: cheap transposed convolutions in the paper's network rather than the paper's own.
        stages: of the paper's network; the paper has 5.
        separate: numbers of stages for which networks of their own are trained, beside the one that has them all.
        cpm_stages: of Convolutional Pose Machines; its paper has 6.
        cpm_width: channels of its later stages; its paper has 128.
        seeds: runs of every experiment, from seed 0 on.
        lesser_seeds: runs of the lesser amounts of wrong labels (all but the largest of a kind).
        warm_share: share of the run after which the warm start is gone.
        warm_weight: of the warm start at the beginning.
        floor: of the scale, as a share of the crop, for the remedy that has one.
        jitter: standard deviations of wrong labels, as shares of the box.
        outliers: shares of keypoints that lie anywhere in the crop.
        swaps: shares of hands with two fingers exchanged.
        bias: shares of hands that are moved by a constant offset.

    Raises:
        ValueError: a count below 1, or a share outside 0..1.

    Example:
        >>> Setting(seeds=0)
        Traceback (most recent call last):
        ValueError: seeds is 0: expected at least 1
    """

    train: TrainConfig = field(default_factory=lambda: SMALL)
    backbone: str = "tf_efficientnet_lite0"
    weights: str | None = "package"
    stride: int = 16
    frozen: int = 8
    width: int = 64
    separable: bool = True
    stages: int = 5
    separate: tuple[int, ...] = (1, 3)
    cpm_stages: int = 6
    cpm_width: int = 32
    seeds: int = 3
    lesser_seeds: int = 1
    warm_share: float = 0.75
    warm_weight: float = 3.0
    floor: float = 0.03
    jitter: tuple[float, ...] = (0.02, 0.05, 0.1)
    outliers: tuple[float, ...] = (0.1, 0.2, 0.4)
    swaps: tuple[float, ...] = (0.1, 0.3)
    bias: tuple[float, ...] = (0.3,)

    def __post_init__(self) -> None:
        for name in ("width", "stages", "cpm_stages", "cpm_width", "seeds", "lesser_seeds"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}: expected at least 1")
        if not 0 < self.warm_share <= 1:
            raise ValueError(f"warm_share is {self.warm_share}: expected more than 0, and 1 at most")
        if not 0 < self.floor < 1:
            raise ValueError(f"floor is {self.floor}: expected a share of the crop, above 0 and below 1")
        if self.train.steps is None:
            raise ValueError("train.steps is not given: a study counts the length of its runs in steps")

    @property
    def steps(self) -> int:
        """Length of every run in steps."""
        return int(self.train.steps or 0)

    @property
    def device(self) -> torch.device:
        """Where networks are trained and scored."""
        return torch.device("cuda" if self.train.device == "auto" and torch.cuda.is_available() else "cpu")

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the crops in pixels."""
        return self.train.size, self.train.size

    def config(self, seed: int) -> TrainConfig:
        """Return the settings of one run."""
        return replace(self.train, seed=seed, augmentation=self.train.augmentation or GEOMETRY)

    def sigma(self, stride: int) -> float:
        """Return the Gaussian's sigma in cells: the usual 2 of 64 cells a side, and at least 1 cell.

        Example:
            >>> Setting().sigma(4)
            1.0
        """
        return max(1.0, 2 * self.train.size / stride / 64)

    def to_json(self) -> dict[str, Any]:
        """Return the settings as JSON values."""
        return asdict(self) | {"train": self.train.to_json()}
