"""RLE's network: points and scales straight from pooled features, without heatmaps."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from likelihand.models.backbones import Backbone
from likelihand.models.heads import SMALLEST
from likelihand.models.network import KeypointNetwork, check_counts
from likelihand.ops.heatmaps import Prediction, widen


class RegressionHead(nn.Module):
    r"""Makes points and log scales from features: average pooling, then one fully connected layer each.

    As shares of the input's (width, height), with the pooled feature x, the layers' weights W and biases b,

    .. math:: \hat\mu = \tfrac12 + \frac{W_\mu x}{\lVert x \rVert_2} + b_\mu, \qquad
              \hat\sigma = \ell + (1 - \ell)\,\mathrm{sigmoid}(W_\sigma x + b_\sigma)

    with l = 1/1000. The published program divides by the norm of x in the layer of the points alone, so that
    they depend on the feature's direction and not on its length. Its scale is the sigmoid alone; the floor l, the
    same as `ScaleHead`'s, keeps the residual finite.

    Args:
        inputs: channels of the features.
        keypoints: two values each.
        normalise: divides by the norm; False is a plain layer.

    Example:
        >>> mean, log_scale = RegressionHead(16, 21)(torch.zeros(2, 16, 4, 8), (128, 256))
        >>> mean.shape, log_scale.shape
        (torch.Size([2, 21, 2]), torch.Size([2, 21, 2]))
    """

    def __init__(self, inputs: int, keypoints: int, normalise: bool = True) -> None:
        super().__init__()
        self.points = nn.Linear(inputs, 2 * keypoints)
        self.scales = nn.Linear(inputs, 2 * keypoints)
        self.normalise = normalise
        for layer in (self.points, self.scales):
            nn.init.xavier_uniform_(layer.weight, gain=0.01)  # the published start
            nn.init.zeros_(layer.bias)

    def forward(self, features: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """Compute points and log scales (N, K, 2) in crop pixels; size is the input's (height, width)."""
        pooled = features.mean((-2, -1))
        direction = F.normalize(widen(pooled), dim=1).to(pooled.dtype) if self.normalise else pooled
        points, scales = widen(self.points(direction)), widen(self.scales(pooled))
        points, scales = (each.reshape(-1, each.shape[-1] // 2, 2) for each in (points, scales))
        extent = points.new_tensor([size[1], size[0]])
        share = SMALLEST + (1 - SMALLEST) * torch.sigmoid(scales)
        return (0.5 + points) * extent, (share * extent).log()


class RegressionNetwork(KeypointNetwork):
    """Regresses keypoints and their scale from the backbone's pooled feature, in one stage.

    Li et al., Human Pose Regression with Residual Log-likelihood Estimation (2021), arXiv 2107.11291. Train it
    with `ResidualLogLikelihood(variant="rle")` for the published loss, or
    `ResidualLogLikelihood(residual="laplace")` for the same idea as a true density. There are no heatmaps:
    `Prediction.heatmaps` is empty, (N, K, 0, 0), and losses of heatmaps refuse it.

    Args:
        backbone: any module with `channels`, `stride` and `forward`.
        keypoints: to find.
        mean: of RGB in 0..1; by default the backbone's own `mean`, else ImageNet's.
        std: of RGB in 0..1, likewise.
        normalise: divides the feature by its norm before the layer of the points, as published.

    Raises:
        ValueError: no keypoint.

    Example:
        >>> from likelihand.models import TimmBackbone
        >>> network = RegressionNetwork(TimmBackbone("resnet18"))
        >>> prediction = network(torch.zeros(2, 64, 64, 3, dtype=torch.uint8))[-1]
        >>> prediction.heatmaps.shape, prediction.mean.shape
        (torch.Size([2, 21, 0, 0]), torch.Size([2, 21, 2]))
    """

    def __init__(
        self,
        backbone: Backbone,
        keypoints: int = 21,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        normalise: bool = True,
    ) -> None:
        check_counts(keypoints=keypoints)
        head = RegressionHead(backbone.channels, keypoints, normalise)
        super().__init__(backbone, [head], keypoints, mean, std)
        self.normalise = normalise

    def predict(self, images: Tensor, *, every: bool) -> list[Prediction]:
        """Predict the only stage."""
        (head,) = cast(Iterable[RegressionHead], self.stages)
        mean, log_scale = head(self.features(images), (images.shape[1], images.shape[2]))
        return [Prediction(mean.new_empty(*mean.shape[:2], 0, 0), mean, log_scale)]

    def options(self) -> dict[str, Any]:
        """Return the constructor's arguments beside backbone, keypoints, mean and std."""
        return {"normalise": self.normalise}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Build what `config` described, with fresh weights; one that names no `normalise` has a plain layer."""
        return super().from_config({"normalise": False, **config})
