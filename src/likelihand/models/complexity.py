"""The cost of a network: parameters and multiply-adds of each part."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from likelihand.utils.tables import aligned


class PartComplexity(NamedTuple):
    """The cost of one part of a network.

    Attributes:
        part: its name.
        parameters: how many.
        multiply_adds: of its convolutions and linear layers, for one input.
    """

    part: str
    parameters: int
    multiply_adds: int


def complexity(network: nn.Module, size: tuple[int, int]) -> list[PartComplexity]:
    """Count parameters and multiply-adds by part, by running one empty crop.

    A part is a direct child of the network, or each element of a child that is a list. Convolutions, transposed
    convolutions and linear layers count; normalisation, activations, pooling and attention products do not.

    Args:
        network: takes uint8 crops (N, H, W, 3).
        size: (height, width) of the crop in pixels.

    Returns:
        One row a part, in order.

    Example:
        >>> class Tiny(nn.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.body = nn.Conv2d(3, 8, 3, padding=1)
        ...     def forward(self, images):
        ...         return self.body(images.permute(0, 3, 1, 2).float())
        >>> complexity(Tiny(), (4, 4))
        [PartComplexity(part='body', parameters=224, multiply_adds=3456)]
    """
    counts: dict[nn.Module, int] = {}

    def count(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        counts[module] = counts.get(module, 0) + _multiply_adds(module, inputs[0], output)

    layers = (nn.modules.conv._ConvNd, nn.Linear)
    hooks = [module.register_forward_hook(count) for module in network.modules() if isinstance(module, layers)]
    modes = {module: module.training for module in network.modules()}
    device = next((parameter.device for parameter in network.parameters()), torch.device("cpu"))
    try:
        with torch.no_grad():
            network.eval()(torch.zeros(1, *size, 3, dtype=torch.uint8, device=device))
    finally:
        for hook in hooks:
            hook.remove()
        for module, mode in modes.items():
            module.training = mode
    return [
        PartComplexity(
            name,
            sum(parameter.numel() for parameter in part.parameters()),
            sum(counts.get(module, 0) for module in part.modules()),
        )
        for name, part in _parts(network)
    ]


def format_complexity(rows: Sequence[PartComplexity]) -> str:
    """Lay the rows out as a table with a total, in millions of parameters and multiply-adds.

    Example:
        >>> print(format_complexity([PartComplexity("backbone", 11_200_000, 2_000_000_000)]))
        part      parameters (M)  multiply-adds (M)
        backbone           11.20            2000.00
        total              11.20            2000.00
    """
    total = PartComplexity("total", sum(row.parameters for row in rows), sum(row.multiply_adds for row in rows))
    head = ("part", "parameters (M)", "multiply-adds (M)")
    cells = [(r.part, f"{r.parameters / 1e6:.2f}", f"{r.multiply_adds / 1e6:.2f}") for r in (*rows, total)]
    return aligned([head, *cells])


def _parts(network: nn.Module) -> list[tuple[str, nn.Module]]:
    parts: list[tuple[str, nn.Module]] = []
    for name, child in network.named_children():
        if isinstance(child, nn.ModuleList):
            singular = name.removesuffix("s")
            parts += [(f"{singular} {i}", element) for i, element in enumerate(child, 1)]
        else:
            parts.append((name, child))
    return parts


def _multiply_adds(module: nn.Module, inputs: Tensor, output: Tensor) -> int:
    if isinstance(module, nn.Linear):
        return output.numel() * module.in_features
    assert isinstance(module, nn.modules.conv._ConvNd)
    kernel = math.prod(module.kernel_size)
    if module.transposed:
        return inputs.numel() * module.out_channels // module.groups * kernel
    return output.numel() * module.in_channels // module.groups * kernel
