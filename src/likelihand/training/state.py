"""What a run trains and keeps: network and loss as one module, the average, and all of it as named tensors."""

import copy
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from likelihand.losses import Batch, Criterion
from likelihand.models.checkpoint import CheckpointError, load_state


class Trainee(nn.Module):
    """A network and its loss as one module, so that both are spread over processes and autocast alike.

    Args:
        network: images (N, H, W, 3) uint8 -> predictions, one per stage.
        loss: a `Criterion` of such predictions.

    Raises:
        ValueError: the loss is no criterion.
    """

    def __init__(self, network: nn.Module, loss: nn.Module) -> None:
        super().__init__()
        if not isinstance(loss, Criterion):
            raise ValueError(
                f"{type(loss).__name__} lacks a method of likelihand.losses.Criterion (of_batch, counts, "
                "set_step, config); derive a loss of keypoints from likelihand.losses.StageLoss, which has them"
            )
        self.network, self.loss = network, loss

    @property
    def criterion(self) -> Criterion:
        """The loss as a `Criterion`."""
        criterion: Any = self.loss
        return criterion  # type: ignore[no-any-return]

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Compute the values (N,) of each term of a batch's loss, not yet divided by what is labelled."""
        return dict(self.criterion.of_batch(self.network(batch.crops), batch))


def synchronised(network: nn.Module) -> nn.Module:
    """Make batch normalisations take the statistics of all processes, in place, and change nothing else.

    timm's normalisations hold the activation after them; torch's own converter would drop it. Those that a
    `TimmBackbone` freezes stay frozen.

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
        """Update the average with the weights after `step` steps."""
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
    """Restore what `tensors_of` returned.

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
