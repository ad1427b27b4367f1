"""What a run trains and keeps: network and loss as one module, the average, and all of it as named tensors."""

import copy
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from likelihand.losses.traits import trait_loss
from likelihand.models.checkpoint import CheckpointError, load_state
from likelihand.ops.heatmaps import Prediction


class Values(NamedTuple):
    """The losses of a batch, not yet divided by what was labelled in it.

    Attributes:
        keypoints: (stages, N, K), times the weight, 0 where that is 0.
        traits: (N,) nats, summed over the known traits of a hand; None where the network has no traits.
    """

    keypoints: Tensor
    traits: Tensor | None

    def detached(self) -> "Values":
        """Return the same numbers without their history."""
        return Values(self.keypoints.detach(), None if self.traits is None else self.traits.detach())

    def finite(self) -> Tensor:
        """Say for each sample (N,) whether all its values are finite."""
        good = self.keypoints.isfinite().all(0).all(-1)
        return good if self.traits is None else good & self.traits.isfinite()

    def sums(self) -> Tensor:
        """Sum over the samples: (stages + 1,), the traits last, 0 where there are none."""
        keypoints = self.keypoints.sum((1, 2))
        traits = keypoints.new_zeros(()) if self.traits is None else self.traits.sum().to(keypoints)
        return torch.cat([keypoints, traits[None]])


class Trainee(nn.Module):
    """A network and its loss as one module, so that both are spread over processes and autocast alike.

    Args:
        network: images (N, H, W, 3) uint8 -> one `Prediction` a stage.
        loss: with `of_prediction`, or `of_predictions` for all stages at once; `set_step` where it changes.
    """

    def __init__(self, network: nn.Module, loss: nn.Module) -> None:
        super().__init__()
        self.network, self.loss = network, loss

    def forward(self, crops: Tensor, target: Tensor, weight: Tensor, traits: Tensor) -> Values:
        """Compute the weighted loss of every keypoint in every stage, and that of every hand's traits.

        Raises:
            ValueError: the loss is made for another number of stages than the network has.
        """
        predictions: list[Prediction] = self.network(crops)
        stages = getattr(self.loss, "stages", len(predictions))
        if stages != len(predictions):
            raise ValueError(
                f"the loss is made for {stages} stages and the network has {len(predictions)}: "
                f"give the loss stages={len(predictions)}"
            )
        logits = getattr(predictions[-1], "traits", None)
        told = None if logits is None else trait_loss(logits, traits)
        return Values(self._of_keypoints(predictions, target, weight), told)

    def _of_keypoints(self, predictions: list[Prediction], target: Tensor, weight: Tensor) -> Tensor:
        together = getattr(self.loss, "of_predictions", None)
        if together is not None:
            values: Tensor = together(predictions, target, weight)
            return values
        one: Any = self.loss
        return torch.stack([one.of_prediction(p, target, weight, i) for i, p in enumerate(predictions)])

    def set_step(self, step: int) -> None:
        """Tell a loss that changes during training how many steps are done."""
        tell = getattr(self.loss, "set_step", None)
        if tell is not None:
            tell(step)


def synchronised(network: nn.Module) -> nn.Module:
    """Make batch normalisations take the statistics of all processes, and change nothing else.

    timm's normalisations hold the activation after them; torch's own converter would drop it.

    Args:
        network: converted in place; a `TimmBackbone`'s frozen normalisations stay frozen.

    Returns:
        The network; another object only where it is a batch normalisation itself.

    Example:
        >>> type(synchronised(nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4)))[1]).__name__
        'SyncBatchNorm'
    """
    import timm.layers

    convert: Any = timm.layers.convert_sync_batchnorm  # type: ignore[attr-defined]
    converted: nn.Module = convert(network)
    return converted.train(network.training)


class WeightAverage:
    """A moving average of a network's weights and buffers.

    Its decay rises from 0.1 towards the given one as (1 + step) / (10 + step), so that the first weights are soon
    forgotten.

    Args:
        network: whose weights; it is copied.
        decay: of the average, below 1.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.network, self.decay = copy.deepcopy(network).requires_grad_(False), decay

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Take in the weights after `step` steps."""
        keep = min(self.decay, (1 + step) / (10 + step))
        pairs = list(zip(_tensors(self.network), _tensors(network), strict=True))
        mine, theirs = zip(*(pair for pair in pairs if pair[0].is_floating_point()), strict=True)
        torch._foreach_lerp_(mine, theirs, 1 - keep)
        for count, other in pairs:
            if not count.is_floating_point():
                count.copy_(other)


def _tensors(module: nn.Module) -> Iterable[Tensor]:
    yield from module.parameters()
    yield from module.buffers()


def make_optimizer(trainee: Trainee, rate: float, loss_factor: float, decay: float) -> torch.optim.Optimizer:
    """Make Adam over the network's and the loss's parameters, a group each.

    Each group's "factor" multiplies the rate that a step sets. Weight decay is decoupled (AdamW) and spares the
    loss.
    """
    groups = [
        {"params": list(trainee.network.parameters()), "factor": 1.0},
        {"params": list(trainee.loss.parameters()), "factor": loss_factor, "weight_decay": 0.0},
    ]
    fused = all(p.is_cuda for p in trainee.parameters())
    return torch.optim.AdamW([g for g in groups if g["params"]], lr=rate, weight_decay=decay, fused=fused)


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Set the rate of every group, times its factor."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group["factor"]


def _parameter_names(trainee: Trainee, optimizer: torch.optim.Optimizer) -> list[str]:
    names = {id(p): name for name, p in trainee.named_parameters()}
    return [names[id(p)] for group in optimizer.param_groups for p in group["params"]]


def tensors_of(
    trainee: Trainee, optimizer: torch.optim.Optimizer, average: WeightAverage | None
) -> dict[str, Tensor]:
    """Return everything that changes during training, by name.

    Names: `network.*`, `loss.*`, `optimizer.<parameter>.<kind>` and `average.*`.
    """
    tensors = dict(trainee.state_dict())
    names = _parameter_names(trainee, optimizer)
    for position, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{names[position]}.{kind}": value for kind, value in state.items()}
    if average:
        tensors |= {f"average.{name}": t for name, t in average.network.state_dict().items()}
    return tensors


def restore(
    tensors: Mapping[str, Tensor],
    trainee: Trainee,
    optimizer: torch.optim.Optimizer,
    average: WeightAverage | None,
    source: str,
) -> None:
    """Put back what `tensors_of` gave.

    Raises:
        CheckpointError: the tensors do not fit.
    """
    parts: dict[str, dict[str, Tensor]] = {"network": {}, "loss": {}, "optimizer": {}, "average": {}}
    for name, tensor in tensors.items():
        part, _, rest = name.partition(".")
        if part not in parts:
            raise CheckpointError(f"{source} holds {name!r}, unknown here; it is no checkpoint of training")
        parts[part][rest] = tensor
    load_state(trainee.network, parts["network"], source)
    load_state(trainee.loss, parts["loss"], source)
    if average:
        load_state(average.network, parts["average"], source)
    _restore_optimizer(parts["optimizer"], trainee, optimizer, source)


def _restore_optimizer(
    tensors: Mapping[str, Tensor], trainee: Trainee, optimizer: torch.optim.Optimizer, source: str
) -> None:
    shapes = {name: p.shape for name, p in trainee.named_parameters()}
    position = {name: i for i, name in enumerate(_parameter_names(trainee, optimizer))}
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        parameter, _, kind = name.rpartition(".")
        if parameter not in position or (kind != "step" and tensor.shape != shapes[parameter]):
            raise CheckpointError(f"{source} holds optimizer state {name!r} that fits no parameter here")
        state.setdefault(position[parameter], {})[kind] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
