import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from likelihand.synth.compose import compose_crop, compose_scene  # noqa: E402
from likelihand.synth.effects import developed  # noqa: E402
from likelihand.synth.options import SynthOptions  # noqa: E402
from likelihand.synth.render import bounds, composite, render_layers, soft_shadow  # noqa: E402
from likelihand.synth.torch_pack import balls, pack  # noqa: E402
from likelihand.synth.torch_render import develop_batch, render_batch, soft_shadows  # noqa: E402


@pytest.fixture(scope="module")
def scenes() -> list:
    return [compose_crop(21, index, 96, SynthOptions()) for index in range(10)]


def test_a_batch_shows_what_the_cpu_renders(scenes: list) -> None:
    assert any(scene.shade > 0 for scene in scenes)
    batch = develop_batch(render_batch(pack(scenes))).numpy()
    for image, scene in zip(batch, scenes, strict=True):
        truth = developed(composite(render_layers(scene), scene), None)
        difference = np.abs(image.astype(int) - truth)
        assert difference.mean() <= 0.1
        assert (difference > 1).mean() <= 2e-4


def test_bounds_of_a_batch_are_those_of_its_scenes(scenes: list) -> None:
    bare = next(
        scene for scene in (compose_scene(0, i, (48, 48), SynthOptions()) for i in range(99)) if not scene.hands
    )
    centres, radii = balls([*scenes, bare])
    for scene, centre, radius in zip([*scenes, bare], centres, radii, strict=True):
        expected = bounds(scene)
        np.testing.assert_allclose(centre, expected[0], atol=1e-6)
        assert radius == pytest.approx(expected[1], abs=1e-6)


@pytest.mark.parametrize("shift", [(0.0, 0.0), (3.3, -7.7), (-60.0, 10.0)])
def test_soft_shadows_are_those_of_opencv(shift: tuple[float, float]) -> None:
    covered = torch.from_numpy(np.random.default_rng(0).integers(0, 5, (1, 90, 120), np.uint8))
    left = soft_shadows(covered, torch.tensor([[0.5, *shift]]))[0].numpy()
    truth = 1.0 - 0.5 * soft_shadow(covered[0].numpy() * np.float32(0.25), shift)
    assert np.abs(left - truth).max() < 1e-2


def test_the_triton_kernel_draws_what_tensors_draw() -> None:
    pytest.importorskip("triton")
    script = Path(__file__).with_name("triton_against_tensors.py")
    run = subprocess.run([sys.executable, str(script)], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_a_picture_does_not_depend_on_its_batch(scenes: list) -> None:
    alone = render_batch(scenes[3:4])
    together = render_batch(scenes[2:6])[1:2]
    assert (alone - together).abs().max() < 1e-4


def test_an_empty_scene_is_its_background() -> None:
    empty = next(
        scene for scene in (compose_scene(0, i, (48, 48), SynthOptions(objects=False)) for i in range(99))
        if not len(scene.triangles)
    )  # fmt: skip
    np.testing.assert_allclose(render_batch([empty])[0].numpy(), empty.background, atol=1e-6)


def test_sizes_must_agree(scenes: list) -> None:
    with pytest.raises(ValueError, match="one size"):
        render_batch([scenes[0], compose_crop(0, 0, 32, SynthOptions())])
