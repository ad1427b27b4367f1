"""Training that begins with an exported file: its weights go back into a network that can be trained."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm

from likelihand.data.dataset import Dataset
from likelihand.inference.metadata import ModelMetadata
from likelihand.inference.runtimes import OnnxRuntime, TorchRuntime
from likelihand.models.checkpoint import CheckpointError, Started, parts_of
from likelihand.training.batches import Batches, load
from likelihand.training.config import Plan, TrainConfig
from likelihand.training.hold_out import hold_out

CROPS: Final = 256
"""So many crops say what batch normalisations see."""
PREFIX: Final = "network."
TOLERANCE: Final = 0.01
"""Crop pixels (or shares of 1) by which the network may differ from the file once it has the weights."""


def crops_of(dataset: Dataset, config: TrainConfig) -> Tensor:
    """Make some of the crops (N, H, W, 3) of a run that is to come.

    Raises:
        ValueError: a sample cannot be read.
    """
    dataset, count = hold_out(dataset, None, config)[0], -(-CROPS // config.batch_size)
    batches = Batches(dataset, Plan(replace(config, steps=count), len(dataset), config.batch_size))
    return torch.cat([batch.crops for batch in load(batches, 0, 0, False)])


def start_from_onnx(
    path: str | os.PathLike[str], network: nn.Module, crops: Tensor, parts: Sequence[str] | None = None
) -> Started:
    r"""Put the weights of an exported file into a network to train further.

    Export folds each batch normalisation into the layer before it. Here the layer gets the folded weights w, and
    the normalisation the folded bias b and the statistics m, s of w x over the crops,

    .. math:: y = s\, \frac{w x - m}{s} + (m + b) = w x + b,

    so that the network gives what the file gives, and what it normalises in training is what it would have been.

    Args:
        path: an `.onnx` file that `likelihand export` wrote, of a network of the same architecture.
        network: takes the weights; parts that the file lacks, as the scales of early stages, stay fresh.
        crops: (N, H, W, 3) uint8, the kind of picture that it is to be trained on; a few hundred will do.
        parts: of the network that are taken, as ("backbone",); all where None.

    Raises:
        FileNotFoundError: there is no such file.
        CheckpointError: the file's network is of another architecture, or it lacks a part.
    """
    file = Path(path)
    reference = OnnxRuntime(file)
    values = parts_of(_tensors(file), parts, str(file))
    network.eval()
    layers = _layers_before_norms(network, crops[:2])
    fresh = _fill(network, values, layers, str(file))
    _normalise(network, _taken(layers, values), crops)
    if parts is None:
        _check(network, reference, crops[:8], str(file))
    return Started(False, _shortened(fresh, values))


def _shortened(fresh: list[str], values: dict[str, Tensor]) -> tuple[str, ...]:
    """Name the parts that stay fresh, as briefly as it is true: "traits", or "stages.0.scales"."""
    names = set()
    for name in fresh:
        words = name.split(".")
        prefixes = [".".join(words[:n]) for n in range(1, len(words))]
        names.add(next((p for p in prefixes if not any(v.startswith(f"{p}.") for v in values)), name))
    return tuple(sorted(names))


def _tensors(file: Path) -> dict[str, Tensor]:
    """Read the weights of a file by the names that they had in the network."""
    import onnx
    from onnx import numpy_helper

    weights = [i for i in onnx.load(file).graph.initializer if i.name.startswith(PREFIX)]
    arrays = {i.name.removeprefix(PREFIX).removesuffix(".half"): numpy_helper.to_array(i) for i in weights}
    return {name: torch.from_numpy(array.astype(np.float32)) for name, array in arrays.items()}


@torch.no_grad()
def _watch(network: nn.Module, kinds: Any, look: Callable[[str, Tensor, Tensor], None], crops: Tensor) -> None:  # noqa: ANN401
    """Run a network and look at what goes into and comes out of its modules of some kinds."""
    hooks = [
        module.register_forward_hook(lambda _, given, gave, name=name: look(name, given[0], gave))
        for name, module in network.named_modules()
        if isinstance(module, kinds)
    ]
    try:
        network(crops)
    finally:
        for hook in hooks:
            hook.remove()


def _layers_before_norms(network: nn.Module, crops: Tensor) -> dict[str, str]:
    """Find for each batch normalisation the layer whose output it takes."""
    norms = {name for name, module in network.named_modules() if isinstance(module, _BatchNorm)}
    made: dict[int, tuple[str, Tensor]] = {}
    found: dict[str, str] = {}

    def look(name: str, given: Tensor, gave: Tensor) -> None:
        if name in norms:
            found[name] = made.get(id(given), ("", given))[0]
        else:
            made[id(gave)] = name, gave  # held, so that no other tensor gets its number

    _watch(network, (_BatchNorm, nn.Conv2d, nn.ConvTranspose2d, nn.Linear), look, crops)
    return found


@torch.no_grad()
def _fill(network: nn.Module, values: dict[str, Tensor], layers: dict[str, str], source: str) -> list[str]:
    """Copy what the file has; give the names of the parameters that it lacks."""
    of_norms = {f"{norm}.{part}" for norm in layers for part in ("weight", "bias")}
    lacking = []
    for name, parameter in network.named_parameters():
        if name in of_norms:
            continue
        if name not in values:
            lacking.append(name)
        elif values[name].shape != parameter.shape:
            raise CheckpointError(
                f"{source} holds {name!r} of shape {tuple(values[name].shape)}, expected "
                f"{tuple(parameter.shape)}; "
                "build the same network as the file's"
            )
        else:
            parameter.copy_(values[name])
    if len(lacking) == sum(1 for name, _ in network.named_parameters() if name not in of_norms):
        raise CheckpointError(
            f"{source} holds none of the network's weights; build the same network as the file's"
        )
    for norm in _taken(layers, values):
        module: Any = network.get_submodule(norm)
        module.running_mean.zero_()
        module.running_var.fill_(1 - module.eps)
        module.weight.fill_(1)
        module.bias.copy_(values.get(f"{layers[norm]}.weight_bias", torch.zeros(())))
    return lacking


def _taken(layers: dict[str, str], values: dict[str, Tensor]) -> list[str]:
    """Name the normalisations whose layer the file has."""
    return [norm for norm, layer in layers.items() if f"{layer}.weight" in values]


@torch.no_grad()
def _normalise(network: nn.Module, norms: list[str], crops: Tensor) -> None:
    """Set batch normalisations to the statistics of their inputs, and the affine part that undoes them."""
    seen: dict[str, tuple[Tensor, Tensor]] = {}

    def look(name: str, given: Tensor, _: Tensor) -> None:
        rows = given.transpose(0, 1).flatten(1)
        seen[name] = rows.mean(1), rows.var(1)

    _watch(network, _BatchNorm, look, crops)
    for name in norms:
        module: Any = network.get_submodule(name)
        mean, variance = seen[name]
        module.running_mean.copy_(mean)
        module.running_var.copy_(variance)
        module.bias.add_(mean)
        module.weight.copy_((variance + module.eps).sqrt())


def _check(network: Any, reference: OnnxRuntime, crops: Tensor, source: str) -> None:  # noqa: ANN401
    metadata: ModelMetadata = reference.metadata
    spread = {"spread": True} if "spread" in metadata.outputs else {}
    pictures = F.interpolate(crops.movedim(-1, 1).float(), metadata.size).movedim(1, -1).byte()
    mine, theirs = (run(pictures.numpy()) for run in (TorchRuntime(network.deploy(**spread), metadata), reference))
    name = metadata.outputs[0]
    difference = float(np.abs(mine[name] - theirs[name]).max())
    if not difference <= TOLERANCE:
        raise CheckpointError(
            f"with the weights of {source} the network's {name} differ from the file's by {difference:.3g}; "
            "build the same network as the file's"
        )
