import math

import pytest
import torch
from hypothesis import given, settings, strategies as st

from likelihand.ops.heatmaps import (
    dark,
    peak,
    render_gaussians,
    soft_argmax,
    spatial_covariance,
    spatial_moments,
    spatial_softmax,
)


def spike(height: int, width: int, row: int, column: int) -> torch.Tensor:
    heatmaps = torch.zeros(1, 1, height, width, dtype=torch.float64)
    heatmaps[0, 0, row, column] = 1e3
    return heatmaps


def test_soft_argmax_of_a_spike_is_the_centre_of_its_cell():
    points = soft_argmax(spike(6, 8, row=2, column=5), stride=4)
    torch.testing.assert_close(points, torch.tensor([[[22.0, 10.0]]], dtype=torch.float64))


def test_soft_argmax_worked_out_by_hand():
    heatmaps = torch.tensor([[[[0.0, math.log(3.0)]]]])
    torch.testing.assert_close(soft_argmax(heatmaps, 2), torch.tensor([[[1 / 4 * 1 + 3 / 4 * 3, 1.0]]]))


def test_probabilities_sum_to_one_and_survive_huge_logits():
    probability = spatial_softmax(torch.randn(2, 3, 5, 7) * 1e4)
    torch.testing.assert_close(probability.sum((-2, -1)), torch.ones(2, 3))


@settings(deadline=None, max_examples=30)
@given(st.integers(-3, 3), st.integers(-3, 3), st.sampled_from([1, 4, 8]), st.floats(-50, 50))
def test_a_moved_map_moves_the_mean(right, down, stride, constant):
    heatmaps = torch.full((1, 2, 16, 20), -1e4, dtype=torch.float64)
    heatmaps[..., 4:12, 5:15] = torch.randn(1, 2, 8, 10, dtype=torch.float64)
    moved = soft_argmax(heatmaps.roll((down, right), (-2, -1)) + constant, stride)
    shift = torch.tensor([right, down], dtype=torch.float64) * stride
    torch.testing.assert_close(moved, soft_argmax(heatmaps, stride) + shift)


def test_a_mirrored_map_mirrors_the_mean():
    heatmaps = torch.randn(2, 3, 16, 12, dtype=torch.float64)
    mean, mirrored = soft_argmax(heatmaps, 4), soft_argmax(heatmaps.flip(-1), 4)
    torch.testing.assert_close(mirrored, torch.stack([48 - mean[..., 0], mean[..., 1]], -1))


def test_gradients_are_exact():
    heatmaps = torch.randn(1, 2, 4, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda h: soft_argmax(h, 4), heatmaps)
    assert torch.autograd.gradcheck(lambda h: spatial_covariance(h, 4), heatmaps)


def test_half_precision_is_widened_first():
    heatmaps = torch.randn(1, 1, 64, 64, dtype=torch.bfloat16)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        points = soft_argmax(heatmaps, 4)
    assert points.dtype == torch.float32
    torch.testing.assert_close(points, soft_argmax(heatmaps.double(), 4).float(), atol=1e-4, rtol=0)


def test_covariance_matches_the_definition():
    heatmaps = torch.randn(1, 1, 5, 6, dtype=torch.float64)
    probability = spatial_softmax(heatmaps)[0, 0].flatten()
    rows, columns = torch.meshgrid(torch.arange(5.0), torch.arange(6.0), indexing="ij")
    positions = (torch.stack([columns.flatten(), rows.flatten()], -1).double() + 0.5) * 4
    expected = torch.cov(positions.T, correction=0, aweights=probability)
    torch.testing.assert_close(spatial_covariance(heatmaps, 4)[0, 0], expected)


def test_the_covariance_of_a_narrow_heatmap_in_a_corner_keeps_its_digits():
    heatmaps = torch.full((1, 1, 64, 64), -30.0)
    heatmaps[0, 0, 62, 62:] = 0.0
    expected = torch.tensor([[4.0, 0.0], [0.0, 0.0]])
    torch.testing.assert_close(spatial_covariance(heatmaps, 4)[0, 0], expected, atol=2e-3, rtol=0)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        under = spatial_covariance(heatmaps, 4)[0, 0]
    torch.testing.assert_close(under, expected, atol=2e-3, rtol=0)


@pytest.mark.parametrize("sigma", [0.3, 2.0, 6.0])
def test_moments_are_mean_and_covariance(sigma):
    points = torch.rand(20, 21, 2, generator=torch.Generator().manual_seed(0)) * torch.tensor([160.0, 128.0])
    heatmaps = render_gaussians(points, (32, 40), 4, sigma).clamp_min(1e-20).log()
    mean, covariance = spatial_moments(heatmaps, 4)
    torch.testing.assert_close(mean, soft_argmax(heatmaps, 4), atol=5e-4, rtol=0)
    expected = spatial_covariance(heatmaps.double(), 4).float()
    size = torch.linalg.matrix_norm(expected)[..., None, None]
    assert ((covariance - expected).abs() <= 1e-2 + 1e-4 * size).all()


def test_a_gaussian_is_where_it_was_asked_for():
    target = torch.tensor([[[100.3, 90.7], [60.7, 150.0]]], dtype=torch.float64)
    gaussians = render_gaussians(target, (64, 64), stride=4, sigma=2.0)
    torch.testing.assert_close(soft_argmax(gaussians.log(), 4), target, atol=1e-5, rtol=0)
    covariance = spatial_covariance(gaussians.log(), 4)
    torch.testing.assert_close(covariance, 64.0 * torch.eye(2).double().expand(1, 2, 2, 2), atol=1e-3, rtol=0)
    assert gaussians.max() <= 1


@pytest.mark.parametrize("where", [(0, 0), (5, 7), (2, 3)])
def test_peak_is_within_half_a_cell_of_a_gaussian(where):
    target = torch.tensor([[[where[1] * 4 + 2.8, where[0] * 4 + 1.4]]])
    found = peak(render_gaussians(target, (6, 8), 4, 1.5), 4)
    assert (found - target).abs().max() <= 2


def test_peak_moves_a_quarter_towards_the_higher_neighbour():
    target = torch.tensor([[[14.6, 9.4]]])
    torch.testing.assert_close(peak(render_gaussians(target, (6, 8), 4, 1.5), 4), torch.tensor([[[15.0, 9.0]]]))


@pytest.mark.parametrize("sigma", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("scale", [1.0, 1e-3])
def test_dark_finds_a_gaussian_between_cells(sigma, scale):
    """Three standard deviations from the border a fiftieth of a cell; the quarter's rule is off by a fifth."""
    points = 6 + torch.rand(50, 21, 2, generator=torch.Generator().manual_seed(0)) * torch.tensor([36.0, 20.0])
    heatmaps = scale * render_gaussians(points * 4, (32, 48), 4, sigma)
    assert (dark(heatmaps, 4) / 4 - points).abs().max() <= 0.02
    assert (peak(heatmaps, 4) / 4 - points).abs().max() > 0.2


def test_dark_finds_a_tilted_gaussian():
    """The mixed derivative counts: without it the step would be off along the longer axis."""
    covariance = torch.tensor([[9.0, 5.0], [5.0, 6.0]], dtype=torch.float64)
    rows, columns = torch.meshgrid(torch.arange(40) + 0.5, torch.arange(48) + 0.5, indexing="ij")
    target = torch.tensor([23.8, 19.2], dtype=torch.float64)
    offset = torch.stack([columns, rows], -1) - target
    heatmaps = (-0.5 * torch.einsum("hwi,ij,hwj->hw", offset, covariance.inverse(), offset)).exp()
    assert (dark(heatmaps[None, None], 4)[0, 0] / 4 - target).abs().max() <= 0.02


def test_dark_sees_through_noise_better_than_the_peak():
    generator = torch.Generator().manual_seed(0)
    points = 8 + torch.rand(50, 21, 2, generator=generator) * 48
    heatmaps = render_gaussians(points * 4, (64, 64), 4, 2.0)
    heatmaps = heatmaps + 0.05 * torch.randn(heatmaps.shape, generator=generator)
    dark_error, peak_error = ((decode(heatmaps, 4) / 4 - points).norm(dim=-1).mean() for decode in (dark, peak))
    assert dark_error < peak_error / 2


@pytest.mark.parametrize("value", [0.0, -3.0, 1e3])
def test_dark_of_a_flat_map_is_a_cell(value):
    cells = dark(torch.full((1, 2, 5, 7), value), 4) / 4 - 0.5
    torch.testing.assert_close(cells, cells.round(), atol=1e-3, rtol=0)
    assert (cells >= -1e-3).all() and (cells <= torch.tensor([6.001, 4.001])).all()


@pytest.mark.parametrize("corner", [(0, 0), (0, 11), (7, 0), (7, 11)])
def test_dark_stays_in_the_crop(corner):
    target = torch.tensor([[[corner[1] + 0.3, corner[0] + 0.6]]]) * 4
    found = dark(render_gaussians(target, (8, 12), 4, 1.0), 4)
    assert (found >= 0).all() and (found <= torch.tensor([48.0, 32.0])).all()
    assert (found - target).abs().max() <= 2 * 4
    assert dark(torch.ones(1, 1, 1, 1), 4).tolist() == [[[2.0, 2.0]]]


def test_dark_keeps_float64_and_widens_half():
    heatmaps = render_gaussians(torch.tensor([[[30.9, 41.7]]]), (24, 24), 4, 2.0)
    assert dark(heatmaps.double(), 4).dtype == torch.float64
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert dark(heatmaps, 4).dtype == torch.float32
