"""Draws triangles with the Triton kernel, in Triton's interpreter, and with tensors; exits 0 where they agree."""

import os

import torch


def main() -> None:
    os.environ["TRITON_INTERPRET"] = "1"
    from likelihand.synth.torch_raster import draw
    from likelihand.synth.triton_raster import draw as kernel

    rng = torch.Generator().manual_seed(0)
    size = torch.tensor([1.0] * 35 + [15.0] * 5)[:, None, None]
    points = torch.rand(2, 40, 1, 2, generator=rng) * 44 - 2 + torch.randn(2, 40, 3, 2, generator=rng) * size
    points[0, 3, 1] = torch.nan
    points, values = points.reshape(2, 120, 2), torch.rand(2, 120, generator=rng)
    triangles, of = torch.arange(120).reshape(40, 3), torch.arange(40) % 2
    for kind in (torch.float32, torch.long):
        expected, drawn = (torch.full((2, 2, 40, 40), -1, dtype=kind) for _ in range(2))
        draw(points, values, triangles, of, expected)
        kernel(points, values, triangles, of, drawn)
        assert (expected >= 0).sum() > 500
        assert ((expected - drawn).abs() > 1e-6 * expected.abs()).float().mean() < 1e-3


if __name__ == "__main__":
    main()
