"""The paper's loss: the negative log-likelihood of the target under the prediction."""

import math
from collections.abc import Sequence
from typing import Any, Final, Literal, TypeAlias

import torch
from torch import Tensor, nn

from likelihand.losses.densities import density_config
from likelihand.losses.stage import Reduction, StageLoss, labelled, reduce, spread
from likelihand.ops.flows import Density, RealNVP, StandardLaplace
from likelihand.ops.heatmaps import Prediction, widen

Residual: TypeAlias = Literal["none", "laplace"]
Variant: TypeAlias = Literal["paper", "rle", "mmpose"]

HALF_LOG_2PI: Final = 0.5 * math.log(2 * math.pi)


class ResidualLogLikelihood(StageLoss):
    r"""Scores a target by its negative log-density under the prediction: the paper's MLE loss.

    With the residual :math:`\epsilon = (\mu_g - \hat\mu) / \hat\sigma` (eq. 3), a keypoint of a stage costs

    .. math:: -\log P_\phi(\epsilon) + \sum_d \log \hat\sigma_d \quad\text{nats}

    (eq. 5), with one RealNVP a stage as :math:`P_\phi`. This is minus the logarithm of a density of the target
    in crop pixels: it integrates to 1, and is negative wherever the density is above 1 a square pixel. That is
    normal.

    ``residual="laplace"`` takes up RLE's idea (Li et al., Human Pose Regression with Residual Log-likelihood
    Estimation, 2021): the density is a simple Q times a learned ratio G. RLE multiplies Q with a flow's density
    and drops the product's normaliser, so the result is no density. Here the flow starts from Q, a Laplace
    density of variance 1: P(e) = Q(e) G(e) with G(e) = Q(z) abs(det dz/de) / Q(e) and z the flow's inverse of e. Q
    counts once, G starts close to 1 (the shortcut: from the first step the gradient is Q's, an L1 loss) and the
    product integrates to 1 for every flow.

    ``variant="rle"`` and ``"mmpose"`` compute what those two programs do, for comparison: they subtract log phi of
    shape (N, K, 1) from (N, K, 2) and sum, which counts it twice; they count log scale twice; their residual is
    (mean - target) / scale; and their Laplace terms differ. With phi the flow's density, a keypoint costs

    .. math:: -2 \log\phi(-\epsilon) + \sum_d \Big(2\log\hat\sigma_d + \tfrac12\log 2\pi
              + \tfrac{|\epsilon_d|}{\sqrt 2}\Big), \qquad
              -2 \log\phi(-\epsilon) + \sum_d (2\log\hat\sigma_d + \log 2 + |\epsilon_d|).

    A free flow can carry a shift, and then the network's mean is off by it while the likelihood is none the
    worse. ``symmetric=True`` scores :math:`\tfrac12 (P_\phi(\epsilon) + P_\phi(-\epsilon))`: a density again, and
    its mean is 0 whatever the flow, so that the network's mean is the mean of what it predicts.

    Args:
        stages: stages of the network, a flow each.
        residual: "none" for eq. 5 as written, "laplace" to start the flow from a Laplace density.
        variant: "paper", "rle" or "mmpose"; the last two bring their own Laplace term.
        density: stands in for the flows: one `Density` for all stages, or a sequence of one per stage.
        symmetric: averages the density with its mirror image through 0.
        keypoints: gives each of so many keypoints a flow of its own in every stage, in place of one that all
            share; a density of your own then gets residuals (K, N, 2).
        floor: in crop pixels; the scale is taken for the root of its square plus the floor's, so that no keypoint
            weighs more than one that is known so well.

    Raises:
        ValueError: an unknown name, arguments that contradict each other, not a density per stage, or a floor
            below 0.

    Example:
        >>> from likelihand.ops.flows import StandardNormal
        >>> loss = ResidualLogLikelihood(density=StandardNormal())
        >>> zeros = torch.zeros(1, 21, 2)
        >>> loss(zeros, zeros, zeros, torch.ones(1, 21))           # log(2 pi) nats
        tensor(1.8379)
    """

    def __init__(
        self,
        stages: int = 1,
        residual: Residual = "none",
        variant: Variant = "paper",
        density: Density | Sequence[Density] | None = None,
        symmetric: bool = False,
        keypoints: int | None = None,
        floor: float = 0.0,
    ) -> None:
        super().__init__()
        _check_names(residual, variant, density is not None)
        if keypoints is not None and variant != "paper":
            raise ValueError(f'keypoints={keypoints} needs variant="paper": the others have one flow per stage')
        if not floor >= 0:
            raise ValueError(f"floor is {floor}: expected crop pixels, 0 or more")
        self.stages, self.residual, self.variant, self.symmetric = stages, residual, variant, symmetric
        self.keypoints, self.floor = keypoints, floor
        self._own_flows = density is None
        if density is None:
            base = StandardLaplace() if residual == "laplace" else None
            self.density: RealNVP | Sequence[Density] = (
                RealNVP(flows=stages, base=base)
                if keypoints is None
                else _hold([RealNVP(flows=keypoints, base=base) for _ in range(stages)])
            )
        elif isinstance(density, Density):
            self.density = _hold([density] * stages)
        else:
            self.density = _hold(list(density))
            if len(self.density) != stages:
                raise ValueError(f"{len(self.density)} densities for {stages} stages: give one per stage, or one")

    def extra_repr(self) -> str:
        """Show the arguments."""
        names = f"residual={self.residual!r}, variant={self.variant!r}, symmetric={self.symmetric}"
        more = f", keypoints={self.keypoints}" if self.keypoints else ""
        more += f", floor={self.floor:g}" if self.floor else ""
        return f"stages={self.stages}, {names}{more}"

    def config(self) -> dict[str, Any] | None:
        """Describe the loss in plain values for JSON; None where a density is not the library's own."""
        densities = None if self._own_flows else [density_config(each) for each in self.density]  # type: ignore[union-attr]
        if densities is not None and None in densities:
            return None
        return {
            "class": type(self).__name__,
            **{"stages": self.stages, "residual": self.residual, "variant": self.variant, "density": densities},
            **{"symmetric": self.symmetric, "keypoints": self.keypoints, "floor": self.floor},
        }

    def forward(
        self, mean: Tensor, log_scale: Tensor, target: Tensor, weight: Tensor, *,
        reduction: Reduction = "mean", stage: int = 0,
    ) -> Tensor:  # fmt: skip
        """Compute the loss of one stage.

        Args:
            mean: (N, K, 2) crop pixels.
            log_scale: (N, K, 2), natural logarithm of crop pixels.
            target: (N, K, 2) crop pixels.
            weight: (N, K), 0 where not labelled; those never reach the flow.
            reduction: "mean" or "none".
            stage: whose flow, counted from 0.

        Returns:
            Nats a labelled keypoint, or weighted nats of shape (N, K).

        Raises:
            ValueError: shapes, stage or reduction do not fit.
        """
        return reduce(self._nats(mean[None], log_scale[None], target, weight, stage)[0], weight, reduction)

    def of_prediction(self, prediction: Prediction, target: Tensor, weight: Tensor, stage: int) -> Tensor:
        """Compute the weighted nats (N, K) of one stage's prediction."""
        return self._nats(prediction.mean[None], prediction.log_scale[None], target, weight, stage)[0]

    def of_predictions(self, predictions: Sequence[Prediction], target: Tensor, weight: Tensor) -> Tensor:
        """Compute the weighted nats (stages, N, K), all flows in one batch."""
        mean = torch.stack([prediction.mean for prediction in predictions])
        log_scale = torch.stack([prediction.log_scale for prediction in predictions])
        return self._nats(mean, log_scale, target, weight, None)

    def _nats(self, mean: Tensor, log_scale: Tensor, target: Tensor, weight: Tensor, stage: int | None) -> Tensor:
        if len(mean) != (self.stages if stage is None else 1) or not 0 <= (stage or 0) < self.stages:
            asked = f"{len(mean)} predictions" if stage is None else f"stage {stage}"
            raise ValueError(f"{asked}: this loss has {self.stages} stages, make it with as many as the network")
        mask = labelled(target, weight, mean.shape[1:-1])
        log_scale = self._floored(widen(log_scale[:, mask]))
        residual = (widen(target[mask]) - widen(mean[:, mask])) * torch.exp(-log_scale)
        if self.variant == "paper":
            told = residual if self.keypoints is None else _by_keypoint(residual, mask)
            density = self.log_density(told, stage)
            nats = log_scale.sum(-1) - (density if self.keypoints is None else density.mT[:, mask])
        else:
            if self.variant == "rle":
                laplace = residual.abs() / math.sqrt(2) + HALF_LOG_2PI
            else:
                laplace = residual.abs() + math.log(2)
            nats = (2 * log_scale + laplace).sum(-1) - 2 * self.log_density(-residual, stage)
        return spread(nats, mask, weight)

    def _floored(self, log_scale: Tensor) -> Tensor:
        if not self.floor:
            return log_scale
        return 0.5 * torch.logaddexp(2 * log_scale, torch.full_like(log_scale, 2 * math.log(self.floor)))

    def log_density(self, residual: Tensor, stage: int | None) -> Tensor:
        """Return the logarithm (stages, M) of the density at residuals (stages, M, 2), of one stage or of all.

        With `keypoints` residuals are (stages, K, N, 2) and what is returned (stages, K, N).
        """
        if not self.symmetric:
            return self._log_prob(residual, stage)
        both = self._log_prob(torch.cat([residual, -residual], -2), stage)
        return torch.logaddexp(*both.chunk(2, -1)) - math.log(2)

    def _log_prob(self, residual: Tensor, stage: int | None) -> Tensor:
        if isinstance(self.density, RealNVP):
            if stage is None and self.stages > 1:
                return self.density.log_prob(residual)
            return self.density.log_prob(residual[0], stage)[None]
        densities = list(self.density) if stage is None else [self.density[stage]]
        return torch.stack([density.log_prob(each) for density, each in zip(densities, residual, strict=True)])


def _by_keypoint(residual: Tensor, mask: Tensor) -> Tensor:
    """Put residuals (stages, M, 2) of the labelled keypoints in order (stages, K, N, 2), 0 elsewhere."""
    full = residual.new_zeros(len(residual), *mask.shape, 2)
    full[:, mask] = residual
    return full.transpose(1, 2)


def _hold(densities: list[Density]) -> Sequence[Density]:
    if all(isinstance(density, nn.Module) for density in densities):
        modules: Any = nn.ModuleList(densities)  # type: ignore[arg-type]
        held: Sequence[Density] = modules
        return held
    return densities


def _check_names(residual: str, variant: str, has_density: bool) -> None:
    if residual not in ("none", "laplace") or variant not in ("paper", "rle", "mmpose"):
        raise ValueError(
            f"residual {residual!r}, variant {variant!r}: "
            'expected "none" or "laplace", and "paper", "rle" or "mmpose"'
        )
    if residual == "laplace" and (variant != "paper" or has_density):
        raise ValueError(
            'residual="laplace" needs variant="paper" and the loss\'s own flows: the other variants have '
            'a Laplace term already, and a density of your own is used as it is; leave residual="none"'
        )
