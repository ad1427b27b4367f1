import numpy as np
import pytest

from likelihand.synth.render.effects import blurred, developed, motion_kernel
from likelihand.synth.scene.background import linear_of_srgb


@pytest.mark.parametrize("length", [2.0, 5.5, 13.0])
@pytest.mark.parametrize("angle", [0.0, 0.7, 2.0])
def test_motion_does_not_move_the_picture(length: float, angle: float) -> None:
    kernel = motion_kernel(length, angle)
    assert kernel.sum() == pytest.approx(1.0, abs=1e-5)
    np.testing.assert_allclose(kernel, kernel[::-1, ::-1], atol=1e-6)
    half = len(kernel) // 2
    y, x = np.mgrid[-half : half + 1, -half : half + 1]
    along = x * np.cos(angle) + y * np.sin(angle)
    assert (kernel * along**2).sum() == pytest.approx(length**2 / 12, rel=0.25, abs=0.2)


def test_without_chance_development_is_the_curve() -> None:
    grey = np.arange(0, 256, 5, dtype=np.uint8)
    linear = linear_of_srgb(np.repeat(grey[None, :, None], 3, 2))
    undone = linear / (1.1 - 0.1 * linear)
    assert np.abs(developed(undone, None)[0, :, 0].astype(int) - grey).max() <= 1


def test_blur_keeps_the_mean_and_the_centre_of_a_blob() -> None:
    y, x = np.mgrid[:64, :64] + 0.5
    blob = np.exp(-(((x - 30) ** 2 + (y - 34) ** 2) / 60))[..., None].repeat(3, 2).astype(np.float32)
    moved = 0
    for seed in range(40):
        out = blurred(blob, np.random.default_rng(seed))
        moved += int((out != blob).any())
        total = out[..., 0].sum()
        assert (out[..., 0] * x).sum() / total == pytest.approx(30, abs=0.3)
        assert (out[..., 0] * y).sum() / total == pytest.approx(34, abs=0.3)
    assert 10 < moved < 38


def test_faults_are_drawn_from_the_generator_alone() -> None:
    picture = np.random.default_rng(0).random((32, 32, 3), np.float32)
    first, again = (developed(picture, np.random.default_rng(4)) for _ in range(2))
    assert (first == again).all()
    assert (first != developed(picture, np.random.default_rng(5))).any()
