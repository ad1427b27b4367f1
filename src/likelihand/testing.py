"""Contracts that a class of your own can be checked against before it meets the rest.

Each check raises `ValueError` with the first thing that does not hold, and returns nothing. They run on the CPU
in well under a second for a small module.
"""

from typing import NoReturn

import torch
from torch import Tensor, nn

from likelihand.losses import StageLoss
from likelihand.models import Backbone
from likelihand.ops.flows import Density
from likelihand.ops.heatmaps import Prediction


def check_backbone(backbone: object, size: int = 128) -> None:
    """Check that a module can carry a network.

    It must be an `nn.Module` with whole `channels` and `stride`, give finite features of the promised shape for
    square and oblong pictures, pass a gradient to its input and its parameters, and in evaluation mode treat a
    picture alike alone and in a batch.

    Args:
        backbone: to check; its mode is left as it was.
        size: of the pictures in pixels, divisible by the stride.

    Raises:
        ValueError: what does not hold.

    Example:
        >>> from likelihand.models import TimmBackbone
        >>> check_backbone(TimmBackbone("resnet18"))
    """
    if not isinstance(backbone, nn.Module) or not isinstance(backbone, Backbone):
        _fail(backbone, "is no torch.nn.Module with `channels`, `stride` and `forward`")
    channels, stride = backbone.channels, backbone.stride
    if not (isinstance(channels, int) and isinstance(stride, int) and channels > 0 and stride in (4, 8, 16, 32)):
        _fail(backbone, f"has channels {channels!r} and stride {stride!r}: expected an int and 4, 8, 16 or 32")
    training = backbone.training
    try:
        _check_features(backbone.eval(), backbone, size)
    finally:
        backbone.train(training)


def _check_features(module: nn.Module, backbone: Backbone, size: int) -> None:
    images = torch.randn(2, 3, size, 2 * size, generator=torch.Generator().manual_seed(0)).requires_grad_()
    features: Tensor = module(images)
    expected = (2, backbone.channels, size // backbone.stride, 2 * size // backbone.stride)
    if tuple(features.shape) != expected:
        _fail(backbone, f"gives features {tuple(features.shape)} for images {tuple(images.shape)}, not {expected}")
    if not features.isfinite().all():
        _fail(backbone, "gives features that are not finite")
    if not torch.allclose(module(images[:1]), features[:1], rtol=1e-3, atol=1e-4):
        _fail(backbone, "gives other features for a picture alone than in a batch, in evaluation mode")
    wanted = {"its input": images, **dict(module.named_parameters())}
    wanted = {name: leaf for name, leaf in wanted.items() if leaf.requires_grad}
    gradients = torch.autograd.grad(features.sum(), list(wanted.values()), allow_unused=True)
    unused = [name for name, gradient in zip(wanted, gradients, strict=True) if gradient is None]
    if unused:
        _fail(backbone, f"passes no gradient to {unused[0]}: remove what the features do not use")


def check_loss(loss: StageLoss, size: int = 64) -> None:
    """Check that a loss can train a network.

    For every stage: (samples, keypoints) values, finite, 0 and without influence where the weight is 0 even if
    the target there is NaN, proportional to the weight, and with nothing labelled a 0 that can still be
    differentiated. All stages at once give what they give one by one.

    Args:
        loss: to check.
        size: side of the crop in pixels; heatmaps are a quarter of it.

    Raises:
        ValueError: what does not hold.

    Example:
        >>> from likelihand.losses import ResidualLogLikelihood
        >>> check_loss(ResidualLogLikelihood(stages=2))
    """
    if not isinstance(loss, nn.Module) or not isinstance(getattr(loss, "stages", None), int):
        _fail(loss, "is no torch.nn.Module with a whole number of `stages`")
    generator = torch.Generator().manual_seed(0)
    predictions = [_prediction(size, generator) for _ in range(loss.stages)]
    target = torch.rand(2, 21, 2, generator=generator) * size
    weight = torch.ones(2, 21)
    weight[0, ::2] = 0
    target[0, ::2] = torch.nan
    every = loss.of_predictions(predictions, target, weight)
    for stage, prediction in enumerate(predictions):
        values = loss.of_prediction(prediction, target, weight, stage)
        _check_values(loss, values, prediction, weight)
        if not torch.allclose(values, every[stage], rtol=1e-4, atol=1e-4):
            _fail(loss, f"gives stage {stage} another value alone than among all stages")
        half = loss.of_prediction(prediction, target, weight / 2, stage)
        if not torch.allclose(half, values / 2, rtol=1e-4, atol=1e-4):
            _fail(loss, "is not proportional to the weight")
        nothing = loss.of_prediction(prediction, target, torch.zeros_like(weight), stage)
        if nothing.any() or not nothing.requires_grad:
            _fail(loss, "with nothing labelled is not a 0 that can be differentiated")


def _check_values(loss: StageLoss, values: Tensor, prediction: Prediction, weight: Tensor) -> None:
    if values.shape != weight.shape or not values.isfinite().all():
        _fail(loss, f"gives {tuple(values.shape)} values, not {tuple(weight.shape)} finite ones")
    if values[weight == 0].any():
        _fail(loss, "is not 0 where the weight is 0")
    parts = {"heatmaps": prediction.heatmaps, "mean": prediction.mean, "log_scale": prediction.log_scale}
    gradients = torch.autograd.grad(values.sum(), list(parts.values()), allow_unused=True)
    for name, gradient in zip(parts, gradients, strict=True):
        if gradient is not None and (not gradient.isfinite().all() or gradient[weight == 0].any()):
            _fail(loss, f"sends a gradient into {name} where the weight is 0")


def _prediction(size: int, generator: torch.Generator) -> Prediction:
    heatmaps = torch.randn(2, 21, size // 4, size // 4, generator=generator)
    mean = torch.rand(2, 21, 2, generator=generator) * size
    log_scale = torch.randn(2, 21, 2, generator=generator) + 1
    return Prediction(heatmaps.requires_grad_(), mean.requires_grad_(), log_scale.requires_grad_())


def check_density(density: object, reach: float = 12.0, tolerance: float = 1e-3) -> None:
    """Check that `log_prob` is that of a density over the plane: right shape, and it integrates to 1.

    Args:
        density: to check, a flow for example.
        reach: the square [-reach, reach]^2 is summed; nearly all of the density must lie in it.
        tolerance: of the integral.

    Raises:
        ValueError: what does not hold.

    Example:
        >>> from likelihand.ops.flows import RealNVP
        >>> check_density(RealNVP())
    """
    if not isinstance(density, Density):
        _fail(density, "has no log_prob")
    step = reach / 400
    axis = torch.arange(-reach + step / 2, reach, step)
    grid = torch.stack(torch.meshgrid(axis, axis, indexing="xy"), -1)
    with torch.no_grad():
        log_prob = density.log_prob(grid)
    if log_prob.shape != grid.shape[:-1]:
        _fail(
            density,
            f"gives log_prob {tuple(log_prob.shape)} for {tuple(grid.shape)}, not {tuple(grid.shape[:-1])}",
        )
    integral = log_prob.double().exp().sum().item() * step**2
    if not abs(integral - 1) <= tolerance:
        _fail(density, f"integrates to {integral:.5f} over [-{reach}, {reach}]^2, not to 1")


def _fail(thing: object, fault: str) -> NoReturn:
    raise ValueError(f"{type(thing).__name__} {fault}")
