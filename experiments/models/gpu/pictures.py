"""Crops on the GPU: one matrix a sample, bilinear sampling, then changes of the pixels alone.

The matrices are `likelihand.geometry`'s; the sampling agrees with `likelihand.geometry.warp_image` to a level.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from likelihand.geometry import BOX_PADDING


def crop_matrices(
    box: Tensor, size: int, rotation: Tensor, zoom: Tensor, shift: Tensor, flip: Tensor,
    padding: float = BOX_PADDING,
) -> Tensor:  # fmt: skip
    """Compute crop_from_picture (N, 3, 3), as `likelihand.data.augment.random_crop_matrix` does for one sample.

    Args:
        box: (N, 4).
        size: side of the crop.
        rotation: (N,) radians.
        zoom: (N,) factor of the padding.
        shift: (N, 2) shares of the crop.
        flip: (N,) booleans.
        padding: side of the crop over the longer side of the box.
    """
    centre = (box[:, :2] + box[:, 2:]) / 2
    side = (box[:, 2:] - box[:, :2]).amax(1) * padding * zoom
    scale = size / side
    cosine, sine = torch.cos(rotation) * scale, torch.sin(rotation) * scale
    mirror = torch.where(flip, -1.0, 1.0)
    matrix = torch.zeros(len(box), 3, 3, device=box.device)
    matrix[:, 0, 0], matrix[:, 0, 1] = cosine * mirror, -sine * mirror
    matrix[:, 1, 0], matrix[:, 1, 1] = sine, cosine
    matrix[:, :2, 2] = size / 2 - torch.einsum("nij,nj->ni", matrix[:, :2, :2], centre) + shift * size
    matrix[:, 2, 2] = 1
    return matrix


def warp(pictures: Tensor, crop_from_picture: Tensor, size: int, limits: Tensor | None = None) -> Tensor:
    """Sample crops (N, 3, size, size) in 0..1 of pictures (N, 3, h, w) uint8, bilinear, 0 outside.

    With `limits` (N, 4), pictures end at these x0, y0, x1, y1.
    """
    height, width = pictures.shape[-2:]
    picture_from_crop = torch.linalg.inv_ex(crop_from_picture)[0]
    edge = torch.tensor([[size / 2, 0, size / 2], [0, size / 2, size / 2], [0, 0, 1]], device=pictures.device)
    unit = torch.tensor([[2 / width, 0, -1], [0, 2 / height, -1], [0, 0, 1]], device=pictures.device)
    theta = (unit @ picture_from_crop @ edge)[:, :2]
    grid = F.affine_grid(theta, [len(pictures), 3, size, size], align_corners=False)
    crops = F.grid_sample(pictures.float() / 255, grid, align_corners=False)
    if limits is None:
        return crops
    x, y = (grid[..., 0] + 1) * (width / 2), (grid[..., 1] + 1) * (height / 2)
    x0, y0, x1, y1 = limits[:, :, None, None].unbind(1)
    return crops * ((x >= x0) & (x <= x1) & (y >= y0) & (y <= y1))[:, None]


def cut_off(box: Tensor, chance: float, most: float = 0.5, followed: float = 0.7) -> tuple[Tensor, Tensor]:
    """End some pictures inside the hand; return boxes (N, 4), most of what is left, and limits (N, 4)."""
    n, device = len(box), box.device
    limits = torch.tensor([-1e6, -1e6, 1e6, 1e6], device=device).repeat(n, 1)
    rows = (torch.rand(n, device=device) < chance).nonzero()[:, 0]
    side = torch.randint(4, (len(rows),), device=device)
    extent = (box[rows, 2:] - box[rows, :2]).gather(1, (side % 2)[:, None])[:, 0]
    share = torch.rand(len(rows), device=device) * most
    edge = box[rows, side] + torch.where(side < 2, 1.0, -1.0) * share * extent
    limits[rows, side] = edge
    follow = torch.rand(len(rows), device=device) < followed
    new = box.clone()
    new[rows, side] = torch.where(follow, edge, box[rows, side])
    return new, limits


def _uniform(like: Tensor, low: float, high: float, shape: tuple[int, ...] = ()) -> Tensor:
    return torch.rand((len(like), *shape), device=like.device) * (high - low) + low


def _chosen(like: Tensor, chance: float) -> Tensor:
    return (torch.rand(len(like), device=like.device) < chance)[:, None, None, None]


LUMA = (0.299, 0.587, 0.114)


def grey_of(x: Tensor, weights: tuple[float, float, float] = LUMA) -> Tensor:
    """Compute (N, 1, h, w) of RGB."""
    return (x * torch.tensor(weights, device=x.device)[:, None, None]).sum(1, keepdim=True)


def recolour(x: Tensor) -> Tensor:
    """Change gamma, contrast, brightness, saturation and white balance of every picture."""
    one = (1, 1, 1)
    x = x.clamp(1e-4, 1) ** torch.exp(_uniform(x, -0.4, 0.4, one))
    x = (x - 0.5) * _uniform(x, 0.7, 1.3, one) + 0.5 + _uniform(x, -0.2, 0.2, one)
    grey = grey_of(x)
    x = grey + (x - grey) * _uniform(x, 0.5, 1.4, one)
    return (x * torch.exp(_uniform(x, -0.12, 0.12, (3, 1, 1)))).clamp(0, 1)


def infrared(x: Tensor) -> Tensor:
    """Look as a camera with an infrared lamp does: skin bright, light that falls off to the corners, grain."""
    grey = grey_of(x, (0.8, 0.25, -0.05)).clamp(0, 1) ** _uniform(x, 0.5, 0.9, (1, 1, 1))
    side = x.shape[-1]
    axis = (torch.arange(side, device=x.device) + 0.5) / side - 0.5
    centre = _uniform(x, -0.3, 0.3, (2,))
    x_axis, y_axis = axis[None, None] - centre[:, 0, None, None], axis[None, :, None] - centre[:, 1, None, None]
    square = x_axis**2 + y_axis**2
    lamp = torch.exp(-square / _uniform(x, 0.15, 0.6, (1, 1)))[:, None]
    y = grey * lamp * _uniform(x, 0.8, 1.2, (1, 1, 1))
    return (y + torch.randn_like(y) * _uniform(x, 0.0, 0.06, (1, 1, 1))).clamp(0, 1).expand_as(x)


def dark(x: Tensor) -> Tensor:
    """Expose too little, with the noise of few photons, and perhaps amplify afterwards."""
    photons = torch.exp(_uniform(x, math.log(10), math.log(400), (1, 1, 1)))
    linear = x**2.2
    counted = linear * photons + torch.randn_like(x) * (linear * photons + 1).sqrt()
    seen = (counted / photons).clamp(0, 1) ** (1 / 2.2)
    return seen * torch.exp(_uniform(x, math.log(0.15), math.log(1.0), (1, 1, 1)))


def tint(x: Tensor) -> Tensor:
    """Light the scene in one strong colour."""
    colour = torch.rand(len(x), 3, 1, 1, device=x.device) ** 1.5
    colour = colour / colour.amax(1, keepdim=True).clamp_min(0.2)
    strength = _uniform(x, 0.4, 1.0, (1, 1, 1))
    return x * (1 - strength + strength * colour)


def blur(x: Tensor) -> Tensor:
    """Blur along a random direction and across it: a lens and a motion in one kernel of 11 x 11."""
    n = len(x)
    along, across = _uniform(x, 0.3, 3.2), _uniform(x, 0.3, 1.2)
    angle = _uniform(x, 0, math.pi)
    r = torch.arange(-5, 6, device=x.device, dtype=x.dtype)
    u = r[None, None] * torch.cos(angle)[:, None, None] + r[None, :, None] * torch.sin(angle)[:, None, None]
    v = r[None, :, None] * torch.cos(angle)[:, None, None] - r[None, None] * torch.sin(angle)[:, None, None]
    kernel = torch.exp(-0.5 * ((u / along[:, None, None]) ** 2 + (v / across[:, None, None]) ** 2))
    kernel = (kernel / kernel.sum((1, 2), keepdim=True))[:, None].repeat_interleave(3, 0)
    padded = F.pad(x, (5, 5, 5, 5), mode="replicate").reshape(1, 3 * n, x.shape[2] + 10, x.shape[3] + 10)
    return F.conv2d(padded, kernel, groups=3 * n).reshape(x.shape)


def coarse(x: Tensor) -> Tensor:
    """Make small and large again, each quarter of the batch by another factor."""
    parts = []
    for part in x.chunk(4):
        factor = float(torch.empty(()).uniform_(1.5, 5.0))
        small = F.interpolate(part, scale_factor=1 / factor, mode="area")
        parts.append(F.interpolate(small, x.shape[-2:], mode="bilinear"))
    return torch.cat(parts)


def occlude(x: Tensor, share: float = 0.4) -> Tensor:
    """Cover a turned rectangle or ellipse with noise, a colour, or another part of another picture."""
    n, side = len(x), x.shape[-1]
    axis = (torch.arange(side, device=x.device) + 0.5) / side
    centre, half = torch.rand(n, 2, 1, 1, device=x.device), _uniform(x, 0.04, share / 2, (2, 1, 1))
    angle = _uniform(x, 0, math.pi, (1, 1))
    dx, dy = axis[None, None] - centre[:, 0], axis[None, :, None] - centre[:, 1]
    u = (dx * torch.cos(angle) + dy * torch.sin(angle)).abs() / half[:, 0]
    v = (dy * torch.cos(angle) - dx * torch.sin(angle)).abs() / half[:, 1]
    ellipse = torch.rand(n, 1, 1, device=x.device) < 0.5
    mask = torch.where(ellipse, u * u + v * v < 1, torch.maximum(u, v) < 1)[:, None]
    kind = torch.randint(4, (n, 1, 1, 1), device=x.device)
    colour = torch.rand(n, 3, 1, 1, device=x.device)
    other = x.roll(1, 0).roll((side // 3, side // 4), (2, 3))
    fill = torch.where(kind == 0, torch.rand_like(x), torch.where(kind == 1, colour, other))
    return torch.where(mask, fill, x)


def noise(x: Tensor) -> Tensor:
    """Add Gaussian noise of a random strength, the same in all channels for half of the pictures."""
    sigma = _uniform(x, 0.0, 0.12, (1, 1, 1))
    mono = _chosen(x, 0.5)
    grain = torch.randn_like(x)
    return (x + sigma * torch.where(mono, grain[:, :1], grain)).clamp(0, 1)


STEPS = (
    (occlude, 0.25), (recolour, 0.8), (tint, 0.08), (dark, 0.1), (infrared, 0.07),
    (coarse, 0.2), (blur, 0.12), (noise, 0.12),
)  # fmt: skip


@torch.no_grad()
def augment(x: Tensor) -> Tensor:
    """Change crops (N, 3, s, s) in 0..1; return (N, s, s, 3) uint8."""
    for step, chance in STEPS:
        some = torch.rand(len(x), device=x.device) < chance
        chosen = some.nonzero()[:, 0]
        if len(chosen) >= 4:
            x[chosen] = step(x[chosen]).to(x.dtype)
    greys = _chosen(x, 0.08)
    x = torch.where(greys, grey_of(x).expand_as(x), x)
    return (x.clamp(0, 1) * 255 + 0.5).to(torch.uint8).permute(0, 2, 3, 1).contiguous()
