"""The losses that the likelihood is compared with: L1 of the mean, and of heatmaps."""

from typing import Any

from torch import Tensor

from likelihand.losses.stage import Reduction, StageLoss, labelled, reduce, spread
from likelihand.ops.heatmaps import Prediction, log_gaussian_profiles, render_gaussians, widen


class IntegralLoss(StageLoss):
    r"""Measures the L1 distance :math:`\sum_d |\mu_d - \hat\mu_d|` in crop pixels.

    Sun et al., Integral Human Pose Regression (2018), whose mean is eq. 1; the scale is not trained.

    Args:
        stages: stages of the network.

    Example:
        >>> import torch
        >>> zeros = torch.zeros(1, 21, 2)
        >>> IntegralLoss()(zeros, zeros, zeros + 3, torch.ones(1, 21))
        tensor(6.)
    """

    def __init__(self, stages: int = 1) -> None:
        super().__init__()
        self.stages = stages

    def forward(
        self, mean: Tensor, log_scale: Tensor, target: Tensor, weight: Tensor, *,
        reduction: Reduction = "mean", stage: int = 0,
    ) -> Tensor:  # fmt: skip
        """Compute the loss; see `ResidualLogLikelihood`, whose arguments it takes. The scale does not matter."""
        mask = labelled(target, weight, mean.shape[:-1])
        distance = (widen(target[mask]) - widen(mean[mask])).abs().sum(-1)
        return reduce(spread(distance, mask, weight), weight, reduction)

    def of_prediction(self, prediction: Prediction, target: Tensor, weight: Tensor, stage: int) -> Tensor:
        """Compute the weighted distance (N, K) of one stage's prediction."""
        return self(prediction.mean, prediction.log_scale, target, weight, reduction="none")  # type: ignore[no-any-return]

    def config(self) -> dict[str, Any]:
        """Describe the loss in plain values for JSON."""
        return {"class": type(self).__name__, "stages": self.stages}


class _GaussianTargetLoss(StageLoss):
    def __init__(self, stages: int = 1, sigma: float = 2.0, stride: int = 4) -> None:
        super().__init__()
        self.stages, self.sigma, self.stride = stages, sigma, stride

    def extra_repr(self) -> str:
        """Show the arguments."""
        return f"stages={self.stages}, sigma={self.sigma}, stride={self.stride}"

    def config(self) -> dict[str, Any]:
        """Describe the loss in plain values for JSON."""
        arguments = {"stages": self.stages, "sigma": self.sigma, "stride": self.stride}
        return {"class": type(self).__name__, **arguments}

    def forward(
        self, heatmaps: Tensor, target: Tensor, weight: Tensor, *,
        stride: int | None = None, reduction: Reduction = "mean",
    ) -> Tensor:  # fmt: skip
        """Compute the loss.

        Args:
            heatmaps: (N, K, h, w).
            target: (N, K, 2) crop pixels.
            weight: (N, K), 0 where not labelled.
            stride: crop pixels per cell, where it is not the loss's own.
            reduction: "mean" or "none".

        Returns:
            The mean of the labelled keypoints, or weighted values of shape (N, K).

        Raises:
            ValueError: shapes or reduction do not fit, or the network makes no heatmaps.
        """
        if 0 in heatmaps.shape[2:]:
            raise ValueError(
                f"heatmaps are empty, {tuple(heatmaps.shape)}: this network makes none, use a loss of points"
            )
        mask = labelled(target, weight, heatmaps.shape[:2])
        values = self._compare(widen(heatmaps[mask]), target[mask], self.stride if stride is None else stride)
        return reduce(spread(values, mask, weight), weight, reduction)

    def of_prediction(self, prediction: Prediction, target: Tensor, weight: Tensor, stage: int) -> Tensor:
        """Compute the weighted loss (N, K) of one stage's heatmaps."""
        return self(prediction.heatmaps, target, weight, reduction="none")  # type: ignore[no-any-return]

    def _compare(self, heatmaps: Tensor, target: Tensor, stride: int) -> Tensor:
        raise NotImplementedError


class HeatmapLoss(_GaussianTargetLoss):
    r"""Measures the squared distance :math:`\sum_p (H(p) - H_g(p))^2` to a Gaussian drawn at the target (eq. 2).

    The heatmaps become pictures of Gaussians, not logits: give the network `likelihand.ops.heatmaps.peak` as its
    decoder. The scale is not trained.

    Args:
        stages: stages of the network.
        sigma: of the Gaussian of height 1, in cells.
        stride: crop pixels per cell.

    Example:
        >>> import torch
        >>> target = torch.full((1, 1, 2), 30.0)
        >>> HeatmapLoss()(render_gaussians(target, (16, 16), 4, 2.0), target, torch.ones(1, 1))
        tensor(0.)
    """

    def _compare(self, heatmaps: Tensor, target: Tensor, stride: int) -> Tensor:
        size = (heatmaps.shape[-2], heatmaps.shape[-1])
        return (heatmaps - render_gaussians(target, size, stride, self.sigma)).square().sum((-2, -1))


class HeatmapCrossEntropy(_GaussianTargetLoss):
    r"""Measures the cross-entropy of a heatmap to a Gaussian at the target, in nats.

    .. math:: -\sum_p \tilde H_g(p) \log \tilde H(p)

    with both normalised over their cells. Losses on the mean alone start slowly; this one tells every cell at once
    what it should be, so it makes a good `WarmStart`. A target outside the crop pulls to the nearest border.

    Args:
        stages: stages of the network.
        sigma: of the Gaussian, in cells.
        stride: crop pixels per cell.

    Example:
        >>> import torch
        >>> loss = HeatmapCrossEntropy()
        >>> loss(torch.zeros(1, 1, 16, 16), torch.full((1, 1, 2), 30.0), torch.ones(1, 1))      # log 256
        tensor(5.5452)
    """

    def _compare(self, heatmaps: Tensor, target: Tensor, stride: int) -> Tensor:
        size = (heatmaps.shape[-2], heatmaps.shape[-1])
        x, y = (profile.softmax(-1) for profile in log_gaussian_profiles(target, size, stride, self.sigma))
        expected = ((heatmaps * x.unsqueeze(-2)).sum(-1) * y).sum(-1)
        return heatmaps.flatten(-2).logsumexp(-1) - expected
