"""Contract tests for classes of your own: backbones, networks, losses, densities.

Each check raises `ValueError` with the first thing that does not hold, and returns nothing. They run on the CPU
in well under a second for a small module.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

import torch
from torch import Tensor, nn

from likelihand.inference.metadata import KINDS
from likelihand.losses import Batch, Criterion, StageLoss
from likelihand.models import Backbone, Deployed, Network
from likelihand.ops.flows import Density
from likelihand.ops.heatmaps import Prediction


def check_backbone(backbone: object, size: int = 128) -> None:
    """Check that a module can be the backbone of a network.

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
    if not isinstance(loss, StageLoss) or not isinstance(loss.stages, int) or loss.stages < 1:
        _fail(loss, "is no likelihand.losses.StageLoss with a whole number of `stages`")
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


def check_criterion(
    criterion: Criterion, predict: Callable[[Tensor], Sequence[Any]], batch: Batch, tolerance: float = 1e-4
) -> None:
    """Check that a loss of your own can train a network.

    On a batch of two samples or more: named terms of (samples,) finite values that each have a count; a sample's
    values are the same in a smaller batch; counts of the parts of a batch add up to the whole's; a gradient
    reaches what is predicted; and the description, if there is one, is plain JSON.

    Args:
        criterion: to check.
        predict: crops (N, H, W, 3) -> predictions, the same for the same crops, that need a gradient: a network in
            evaluation mode, say.
        batch: of your data.
        tolerance: of values that should be the same.

    Raises:
        ValueError: what does not hold.

    Example:
        >>> from likelihand.losses import DetectionLoss
        >>> from likelihand.models import DetectionNetwork, TimmBackbone
        >>> from likelihand.structures import SceneLabels
        >>> boxes = torch.tensor([[[4.0, 4.0, 40.0, 40.0]], [[0.0, 0.0, 0.0, 0.0]]])
        >>> right, asked = torch.tensor([[1.0], [0.5]]), torch.tensor([[1.0], [0.0]])
        >>> labels = SceneLabels(boxes, right, asked, torch.ones(2))
        >>> batch = Batch(torch.zeros(2, 64, 64, 3, dtype=torch.uint8), labels, torch.arange(2))
        >>> network = DetectionNetwork(TimmBackbone("resnet18", stride=16), width=16).eval()
        >>> check_criterion(DetectionLoss(), network, batch)
    """
    if not isinstance(criterion, nn.Module) or not isinstance(criterion, Criterion):
        _fail(criterion, "is no torch.nn.Module with `of_batch`, `counts`, `set_step` and `config`")
    if len(batch.crops) < 2:
        raise ValueError(f"the batch holds {len(batch.crops)} samples: give two or more")
    criterion.set_step(0)
    values, counts = criterion.of_batch(predict(batch.crops), batch), criterion.counts(batch)
    for name, value in values.items():
        if tuple(value.shape) != (len(batch.crops),) or not value.isfinite().all():
            _fail(criterion, f"gives {name!r} {tuple(value.shape)} values, not ({len(batch.crops)},) finite ones")
    if unknown := sorted(set(values) - set(counts)):
        _fail(criterion, f"has a term {unknown[0]!r} that its counts do not name")
    _check_parts(criterion, predict, batch, values, counts, tolerance)
    total = torch.stack([value.sum() for value in values.values()]).sum()
    if not total.requires_grad:
        _fail(criterion, "passes no gradient to what is predicted")
    _check_json(criterion, criterion.config())


def _check_parts(
    criterion: Criterion,
    predict: Callable[[Tensor], Sequence[Any]],
    batch: Batch,
    values: Mapping[str, Tensor],
    counts: Mapping[str, Tensor],
    tolerance: float,
) -> None:
    parts = batch.split(2)
    alone = [criterion.of_batch(predict(part.crops), part) for part in parts]
    counted = [criterion.counts(part) for part in parts]
    for name in counts:
        if not torch.allclose(sum(part[name] for part in counted), counts[name].float(), rtol=tolerance):  # type: ignore[arg-type]
            _fail(criterion, f"counts another {name!r} of a batch than of its parts together")
    for name, value in values.items():
        if not torch.allclose(torch.cat([part[name] for part in alone]), value, rtol=tolerance, atol=tolerance):
            _fail(criterion, f"gives a sample another {name!r} in another batch")


def _check_json(thing: object, config: object) -> None:
    try:
        json.dumps(config, allow_nan=False)
    except (TypeError, ValueError) as error:
        _fail(thing, f"has a config() that is no plain JSON ({error})")


def check_network(network: Network, size: tuple[int, int] = (64, 64), tolerance: float = 1e-3) -> None:
    """Check that a network of your own can be trained, deployed and exported.

    It must be an `nn.Module` of a kind that the library knows; in evaluation mode treat a picture alike alone and
    in a batch; deploy as an independent copy in evaluation mode that gives as many results as it names, the first
    of them what the network promises; and have a description that is plain JSON, or none. Predictions of keypoints
    have the right shapes and are finite.

    Args:
        network: to check; its mode is left as it was.
        size: (height, width) of the pictures in pixels.
        tolerance: in pixels.

    Raises:
        ValueError: what does not hold.

    Example:
        >>> from likelihand.models import SequentialHeatmapNetwork, TimmBackbone
        >>> check_network(SequentialHeatmapNetwork(TimmBackbone("resnet18"), stages=2, width=8))
    """
    if not isinstance(network, nn.Module) or not isinstance(network, Network):
        _fail(network, "is no torch.nn.Module with `kind`, `outputs`, `forward`, `deploy` and `config`")
    if network.kind not in KINDS:
        _fail(network, f"is of kind {network.kind!r}, not one of {', '.join(KINDS)}")
    training = network.training
    try:
        with torch.no_grad():
            _check_forward(network.eval(), size, tolerance)
            _check_deployed(network, size)
    finally:
        network.train(training)
    try:
        config = network.config()
    except ValueError:  # a part, as the backbone, is of a class that no file could rebuild
        config = None
    _check_json(network, config)


def _check_forward(network: Network, size: tuple[int, int], tolerance: float) -> None:
    images = _pictures(size)
    every, alone = network(images), network(images[:1])
    if not len(every):
        _fail(network, "predicts nothing")
    for one, other in zip(_tensors(every[-1]), _tensors(alone[-1]), strict=True):
        if not torch.allclose(one[:1], other, rtol=1e-3, atol=tolerance):
            _fail(network, "predicts something else for a picture alone than in a batch, in evaluation mode")
    for prediction in every if network.kind == "hand" else ():
        if not isinstance(prediction, Prediction):
            _fail(network, f"predicts a {type(prediction).__name__}, not a likelihand.ops.heatmaps.Prediction")
        shapes = {tuple(each.shape) for each in (prediction.mean, prediction.log_scale)}
        finite = prediction.mean.isfinite().all() and prediction.log_scale.isfinite().all()
        if shapes != {(2, 21, 2)} or not finite:
            _fail(network, f"predicts means and log scales of shapes {sorted(shapes)}, not (2, 21, 2) finite ones")


def _check_deployed(network: Network, size: tuple[int, int]) -> None:
    images, form = _pictures(size), network.deploy()
    if not isinstance(form, Deployed) or form.training:
        _fail(network, "deploys no likelihand.models.Deployed in evaluation mode")
    if tuple(form.outputs) != tuple(network.outputs)[: len(form.outputs)]:
        _fail(
            network, f"deploys outputs {tuple(form.outputs)}, not the first of its own, {tuple(network.outputs)}"
        )
    results = form(images)
    if len(results) != len(form.outputs) or any(len(result) != len(images) for result in results):
        _fail(network, f"gives {len(results)} results for the outputs {', '.join(form.outputs)}")
    module: Any = network
    shared = {id(p) for p in form.parameters()} & {id(p) for p in module.parameters()}
    if shared:
        _fail(network, "deploys a form that shares its weights: copy them")


def _pictures(size: tuple[int, int]) -> Tensor:
    return torch.randint(0, 256, (2, *size, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def _tensors(prediction: object) -> list[Tensor]:
    return [each for each in prediction if isinstance(each, Tensor)] if isinstance(prediction, tuple) else []


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
