"""Box coding: a detector's predictions on a grid of cells, and the conversion between codes and boxes."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import torch
from torch import Tensor

UNIT: Final = 32.0
"""Pixels that a box of code 0 is wide and high."""


class BoxMaps(NamedTuple):
    """What a detector predicts in each of h x w cells; cell (i, j) has its centre at ((j, i) + 1/2) * stride.

    Attributes:
        presence: (N, h, w) logits that the middle of a hand lies in the cell.
        code: (N, h, w, 4) the hand's box, as `encode` writes it.
        log_scale: (N, h, w, 4) natural logarithm of the spread of each number of the code.
        right: (N, h, w) logits that it is a right hand.
        stride: crop pixels per cell.
    """

    presence: Tensor
    code: Tensor
    log_scale: Tensor
    right: Tensor
    stride: int


def grid_centres(size: Sequence[int], stride: int) -> Tensor:
    """Return the centres (h, w, 2) of a grid of (h, w) cells, (x, y) in crop pixels.

    Example:
        >>> grid_centres((1, 2), 8)
        tensor([[[ 4.,  4.],
                 [12.,  4.]]])
    """
    y, x = torch.meshgrid(torch.arange(size[0]), torch.arange(size[1]), indexing="ij")
    return (torch.stack([x, y], -1) + 0.5) * stride


def encode(boxes: Tensor, centres: Tensor) -> Tensor:
    r"""Encode boxes relative to cells: centre in units of the box's length, and size.

    .. math:: \Big(\frac{x - c_x}{s}, \frac{y - c_y}{s}, \log\frac{w}{32}, \log\frac{h}{32}\Big),
        \qquad s = \sqrt{w h}

    Args:
        boxes: (..., 4) (x0, y0, x1, y1) in crop pixels, x1 > x0 and y1 > y0.
        centres: (..., 2) in crop pixels; leading axes broadcast against those of `boxes`.

    Returns:
        (..., 4).

    Example:
        >>> encode(torch.tensor([0.0, 0.0, 32.0, 32.0]), torch.tensor([8.0, 16.0]))
        tensor([0.2500, 0.0000, 0.0000, 0.0000])
    """
    size = boxes[..., 2:] - boxes[..., :2]
    middle = (boxes[..., :2] + boxes[..., 2:]) / 2
    offset = (middle - centres) / size.prod(-1, keepdim=True).sqrt()
    return torch.cat([offset, (size / UNIT).log().expand_as(offset)], -1)


def decode(code: Tensor, centres: Tensor) -> Tensor:
    """Decode boxes (..., 4) in crop pixels from codes (..., 4) of cells (..., 2): the inverse of `encode`.

    Example:
        >>> boxes, centre = torch.tensor([[2.0, 3.0, 34.0, 11.0]]), torch.tensor([12.0, 4.0])
        >>> torch.allclose(decode(encode(boxes, centre), centre), boxes)
        True
    """
    size = UNIT * code[..., 2:].clamp(-5, 5).exp()
    middle = centres + code[..., :2] * size.prod(-1, keepdim=True).sqrt()
    return torch.cat([middle - size / 2, middle + size / 2], -1)
