import numpy as np
import pytest

torch = pytest.importorskip("torch")

from likelihand.synth.compose import compose_crop, compose_scene  # noqa: E402
from likelihand.synth.effects import developed  # noqa: E402
from likelihand.synth.options import SynthOptions  # noqa: E402
from likelihand.synth.render import composite, render_layers  # noqa: E402
from likelihand.synth.torch_render import develop_batch, render_batch  # noqa: E402


@pytest.fixture(scope="module")
def scenes() -> list:
    return [compose_crop(21, index, 96, SynthOptions()) for index in range(10)]


def test_a_batch_shows_what_the_cpu_renders(scenes: list) -> None:
    batch = develop_batch(render_batch(scenes)).numpy()
    for image, scene in zip(batch, scenes, strict=True):
        layers = render_layers(scene)
        truth = developed(composite(layers, scene), None)
        solid = layers.colour[..., 3] > 0
        difference = np.abs(image.astype(int) - truth)
        assert difference[solid].mean() <= 2.0
        assert difference[~solid].mean() <= 0.6


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
