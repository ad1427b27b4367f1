"""Heatmaps and points: from logits to coordinates and back.

Cell (row i, column j) of a heatmap with stride s covers [j s, (j + 1) s] x [i s, (i + 1) s] of the crop; its
centre is ((j + 1/2) s, (i + 1/2) s) in crop pixels. Everything is computed in float32 or wider, also under
autocast.
"""

import math
from collections.abc import Callable
from typing import Final, NamedTuple, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional as F

FAINTEST: Final = 1e-10
"""Values below count as this much before a logarithm is taken."""
FLATTEST: Final = 1e-4
"""Determinant of the second derivatives, in cells, of a Gaussian too wide for its top to be found: 10 cells."""

Decoder: TypeAlias = Callable[[Tensor, int], Tensor]
"""Takes heatmaps (N, K, h, w) and their stride, gives points (N, K, 2) in crop pixels."""


class Prediction(NamedTuple):
    """The predictions of one stage for a batch.

    Attributes:
        heatmaps: (N, K, h, w) logits; values where the network learns pictures of Gaussians; (N, K, 0, 0) where it
            makes no heatmaps.
        mean: (N, K, 2) float32 (x, y) in crop pixels.
        log_scale: (N, K, 2) float32, natural logarithm of the scale along x and y in crop pixels; where the
            network predicts none, one constant that does not depend on the picture.
        traits: (N, 2) logits of `structures.TRAITS`, for the hand as a whole; None where the stage or network
            does not say.
        depth: (N, K, 2) how much farther from the camera than the mean of all keypoints each one is, in crop
            pixels at the wrist's distance, and the logarithm of its scale; None where the network does not say.
    """

    heatmaps: Tensor
    mean: Tensor
    log_scale: Tensor
    traits: Tensor | None = None
    depth: Tensor | None = None


def widen(values: Tensor) -> Tensor:
    """Make half precision float32 and leave wider types alone.

    Example:
        >>> widen(torch.zeros(1, dtype=torch.bfloat16)).dtype
        torch.float32
    """
    return values.to(torch.promote_types(values.dtype, torch.float32))


def cell_centres(count: int, stride: int, like: Tensor) -> Tensor:
    """Return the centres (j + 1/2) * stride of a row of cells in crop pixels, shape (count,).

    Example:
        >>> cell_centres(3, 4, torch.zeros(()))
        tensor([ 2.,  6., 10.])
    """
    return (torch.arange(count, dtype=like.dtype, device=like.device) + 0.5) * stride


def spatial_softmax(heatmaps: Tensor) -> Tensor:
    """Normalise every heatmap (..., h, w) of logits to probabilities, which sum to 1 over its cells.

    Example:
        >>> spatial_softmax(torch.zeros(1, 1, 2, 2))
        tensor([[[[0.2500, 0.2500],
                  [0.2500, 0.2500]]]])
    """
    return widen(heatmaps).flatten(-2).softmax(-1).view(heatmaps.shape)


def soft_argmax(heatmaps: Tensor, stride: int) -> Tensor:
    r"""Compute the mean of every heatmap, the integral of positions under its softmax.

    .. math:: \hat\mu = \sum_p p\, e^{H(p)} / \sum_q e^{H(q)}

    with p the cell centres (eq. 1 of the paper; Sun et al., Integral Human Pose Regression, 2018).

    Args:
        heatmaps: (N, K, h, w) logits.
        stride: crop pixels per cell.

    Returns:
        (N, K, 2) float32 (x, y) in crop pixels, inside the crop by half a cell.

    Example:
        >>> soft_argmax(torch.zeros(1, 1, 8, 4), stride=4)
        tensor([[[ 8., 16.]]])
    """
    probability = spatial_softmax(heatmaps)
    x = cell_centres(heatmaps.shape[-1], stride, probability)
    y = cell_centres(heatmaps.shape[-2], stride, probability)
    return torch.stack([(probability.sum(-2) * x).sum(-1), (probability.sum(-1) * y).sum(-1)], -1)


def peak(heatmaps: Tensor, stride: int) -> Tensor:
    """Find the highest cell of every heatmap, moved a quarter of a cell towards its higher neighbour.

    The decoder of networks trained with `HeatmapLoss`, whose heatmaps are no logits (the quarter as in Newell et
    al., Stacked Hourglass Networks, 2016). Not differentiable.

    Args:
        heatmaps: (N, K, h, w) values, at least 2 x 2 cells.
        stride: crop pixels per cell.

    Returns:
        (N, K, 2) float32 (x, y) in crop pixels.

    Example:
        >>> heatmap = torch.tensor([[0.0, 0.0, 0.0, 0.0], [0.0, 9.0, 5.0, 0.0], [0.0, 0.0, 0.0, 0.0]])
        >>> peak(heatmap[None, None], stride=4)
        tensor([[[7., 6.]]])
    """
    height, width = heatmaps.shape[-2:]
    values = widen(heatmaps).flatten(-2)
    best = values.argmax(-1)
    row, column = best // width, best % width

    def quarter(position: Tensor, count: int, step: int) -> Tensor:
        after = values.gather(-1, (best + step * (position < count - 1)).unsqueeze(-1)).squeeze(-1)
        before = values.gather(-1, (best - step * (position > 0)).unsqueeze(-1)).squeeze(-1)
        inside = (position > 0) & (position < count - 1)
        return (position + 0.5 + 0.25 * torch.sign(after - before) * inside) * stride

    return torch.stack([quarter(column, width, 1), quarter(row, height, width)], -1)


def dark(heatmaps: Tensor, stride: int, sigma: float = 2.0) -> Tensor:
    r"""Find the top of a Gaussian fitted to every heatmap about its highest cell.

    The heatmap is smoothed by the Gaussian that it was trained on and its least value taken away; about the
    highest cell m, one Newton step on its logarithm leads to the top:

    .. math:: \mu = m - D''(m)^{-1} D'(m), \qquad D = \log(h * G)

    (Zhang et al., Distribution-Aware Coordinate Representation for Human Pose Estimation, 2020, eqs. 3 to 10),
    derivatives by central differences. Exact for a Gaussian far from the border. On a border cell, or where the
    logarithm is hardly concave (`FLATTEST`), m stays the answer. For networks trained with `HeatmapLoss`; not
    differentiable.

    Args:
        heatmaps: (N, K, h, w) values.
        stride: crop pixels per cell.
        sigma: of the Gaussian in cells, as that of the loss.

    Returns:
        (N, K, 2) float32 (x, y) in crop pixels, at most a cell from the highest cell's centre.

    Example:
        >>> target = torch.tensor([[[30.9, 41.7]]])
        >>> dark(render_gaussians(target, (24, 24), 4, 2.0), stride=4)
        tensor([[[30.9..., 41.7...]]])
    """
    height, width = heatmaps.shape[-2:]
    smooth = _smooth(widen(heatmaps), sigma)
    best = smooth.flatten(-2).argmax(-1)
    row, column = best // width, best % width

    def log_value(down: int, right: int) -> Tensor:
        cell = (row + down).clamp(0, height - 1) * width + (column + right).clamp(0, width - 1)
        return smooth.flatten(-2).gather(-1, cell.unsqueeze(-1)).squeeze(-1).log()

    here, left, right = log_value(0, 0), log_value(0, -1), log_value(0, 1)
    up, down = log_value(-1, 0), log_value(1, 0)
    dx, dy = (right - left) / 2, (down - up) / 2
    dxx, dyy = right + left - 2 * here, down + up - 2 * here
    dxy = (log_value(1, 1) + log_value(-1, -1) - log_value(1, -1) - log_value(-1, 1)) / 4
    determinant = dxx * dyy - dxy.square()
    inside = (row > 0) & (row < height - 1) & (column > 0) & (column < width - 1)
    usable = inside & (dxx < 0) & (determinant > FLATTEST)
    step = torch.stack([dxy * dy - dyy * dx, dxy * dx - dxx * dy], -1)
    step = (step / torch.where(usable, determinant, 1).unsqueeze(-1)).clamp(-1, 1)
    centre = torch.stack([column, row], -1) + 0.5
    return (centre + torch.where(usable.unsqueeze(-1), step, 0)) * stride


def _smooth(heatmaps: Tensor, sigma: float) -> Tensor:
    """Smooth by a Gaussian, with zeros outside, then stretch every heatmap to (0, 1]."""
    radius = math.ceil(3 * sigma)
    offsets = torch.arange(-radius, radius + 1, dtype=heatmaps.dtype, device=heatmaps.device)
    kernel = (-0.5 * (offsets / sigma).square()).softmax(0)
    rows, columns = kernel.view(1, 1, -1, 1), kernel.view(1, 1, 1, -1)
    with torch.autocast(heatmaps.device.type, enabled=False):
        values = F.conv2d(heatmaps.flatten(0, 1).unsqueeze(1), rows, padding=(radius, 0))
        values = F.conv2d(values, columns, padding=(0, radius)).view(heatmaps.shape)
    low, high = values.amin((-2, -1), keepdim=True), values.amax((-2, -1), keepdim=True)
    return ((values - low) / (high - low).clamp_min(FAINTEST)).clamp_min(FAINTEST)


def spatial_covariance(heatmaps: Tensor, stride: int) -> Tensor:
    r"""Compute the covariance of every heatmap's softmax about its mean.

    .. math:: C = \sum_p \tilde H(p)\,(p - \hat\mu)(p - \hat\mu)^T

    Args:
        heatmaps: (N, K, h, w) logits.
        stride: crop pixels per cell.

    Returns:
        (N, K, 2, 2) float32 in square crop pixels, rows and columns in the order x, y.

    Example:
        >>> spatial_covariance(torch.zeros(1, 1, 2, 2), stride=4)
        tensor([[[[4., 0.],
                  [0., 4.]]]])
    """
    height, width = heatmaps.shape[-2:]
    probability, mean = spatial_softmax(heatmaps), soft_argmax(heatmaps, stride)
    x = cell_centres(width, stride, probability) - mean[..., :1]
    y = cell_centres(height, stride, probability) - mean[..., 1:]
    xx, yy = (probability.sum(-2) * x * x).sum(-1), (probability.sum(-1) * y * y).sum(-1)
    with torch.autocast(heatmaps.device.type, enabled=False):
        along_rows: Tensor = probability @ x.unsqueeze(-1)
    xy = (along_rows.squeeze(-1) * y).sum(-1)
    return torch.stack([xx, xy, xy, yy], -1).reshape(*mean.shape, 2)


def spatial_moments(heatmaps: Tensor, stride: int) -> tuple[Tensor, Tensor]:
    r"""Compute `soft_argmax` and `spatial_covariance` at once, in fewer operations and digits: for prediction.

    Both are parts of one product of the softmax with a matrix, over the softmax's own sum, in float64, since the
    difference below cancels where a heatmap is narrow; with positions p from the middle of the crop,

    .. math:: C = \sum_p \tilde H(p)\,p p^T - \hat\mu \hat\mu^T.

    Args:
        heatmaps: (N, K, h, w) logits.
        stride: crop pixels per cell.

    Returns:
        (N, K, 2) float32 (x, y) in crop pixels, and (N, K, 2, 2) in square crop pixels.

    Example:
        >>> spatial_moments(torch.zeros(1, 1, 2, 2), stride=4)
        (tensor([[[4., 4.]]]), tensor([[[[4., 0.],
                  [0., 4.]]]]))
    """
    height, width = heatmaps.shape[-2:]
    probability = widen(heatmaps).flatten(-2).softmax(-1).double()
    middle = torch.tensor([width, height], dtype=torch.float64, device=probability.device) * (stride / 2)
    y, x = torch.meshgrid(*(cell_centres(n, stride, probability) for n in (height, width)), indexing="ij")
    away = torch.stack([x, y], -1).flatten(0, 1) - middle
    squares = (away.unsqueeze(-1) * away.unsqueeze(-2)).flatten(-2)
    moments = probability @ torch.cat([torch.ones_like(away[:, :1]), away, squares], -1)
    whole, first, second = torch.split(moments, [1, 2, 4], -1)
    mean, square = first / whole, second / whole
    covariance = square.view(*mean.shape, 2) - mean.unsqueeze(-1) * mean.unsqueeze(-2)
    return (mean + middle).float(), covariance.float()


def log_gaussian_profiles(
    points: Tensor, size: tuple[int, int], stride: int, sigma: float
) -> tuple[Tensor, Tensor]:
    """Compute a Gaussian's exponents about points (..., 2) in crop pixels, along x and along y; they add up.

    Returns (..., width) and (..., height), -distance^2 / (2 sigma^2) of the cell centres, with `size` and `sigma`
    in cells.

    Example:
        >>> x, y = log_gaussian_profiles(torch.tensor([2.0, 2.0]), (1, 2), stride=4, sigma=1.0)
        >>> x, y
        (tensor([-0.0000, -0.5000]), tensor([-0.]))
    """
    cells = widen(points) / stride
    x = cell_centres(size[1], 1, cells) - cells[..., :1]
    y = cell_centres(size[0], 1, cells) - cells[..., 1:]
    return -x.square() / (2 * sigma**2), -y.square() / (2 * sigma**2)


def render_gaussians(points: Tensor, size: tuple[int, int], stride: int, sigma: float) -> Tensor:
    """Draw a Gaussian of height 1 about every point, sampled at the cell centres.

    Args:
        points: (N, K, 2) (x, y) in crop pixels; a point outside the crop leaves its tail alone inside.
        size: (height, width) of the heatmap in cells.
        stride: crop pixels per cell.
        sigma: standard deviation in cells.

    Returns:
        (N, K, height, width) in 0..1.

    Example:
        >>> render_gaussians(torch.tensor([[[2.0, 2.0]]]), (1, 2), stride=4, sigma=1.0)
        tensor([[[[1.0000, 0.6065]]]])
    """
    x, y = log_gaussian_profiles(points, size, stride, sigma)
    return y.exp().unsqueeze(-1) * x.exp().unsqueeze(-2)
