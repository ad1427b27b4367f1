import numpy as np
import pytest
import torch

from experiments.models.gpu.pictures import STEPS, augment, crop_matrices, cut_off, warp
from likelihand.data import DrawnHands
from likelihand.geometry import crop_matrix, translation, warp_image


@pytest.fixture(scope="module")
def hands() -> list:
    data = DrawnHands(6)
    return [data.record(i) for i in range(6)]


def test_crops_are_those_of_the_one_road(hands: list) -> None:
    n = len(hands)
    generator = torch.Generator().manual_seed(0)
    box = torch.tensor(np.stack([r.box for r in hands]), dtype=torch.float32)
    turn = torch.linspace(-2, 3, n)
    zoom = torch.linspace(0.8, 1.25, n)
    shift = torch.rand(n, 2, generator=generator) * 0.2 - 0.1
    flip = torch.arange(n) % 2 == 1
    matrices = crop_matrices(box, 160, turn, zoom, shift, flip)
    for i, record in enumerate(hands):
        expected = translation(*(160 * shift[i].double().numpy())) @ crop_matrix(
            record.box, (160, 160), padding=1.25 * float(zoom[i]), radians=float(turn[i]), flip=bool(flip[i])
        )
        np.testing.assert_allclose(matrices[i].numpy(), expected, atol=1e-3)
        image = record.read()
        crop = warp(torch.tensor(image).permute(2, 0, 1)[None], matrices[i : i + 1], 160)[0]
        difference = crop.permute(1, 2, 0).numpy() * 255 - warp_image(image, expected, (160, 160))
        assert np.abs(difference).mean() < 0.5
        assert np.quantile(np.abs(difference), 0.99) < 4  # edges of what lies outside the picture


def test_pictures_end_where_the_box_is_cut(hands: list) -> None:
    torch.manual_seed(1)
    box = torch.tensor([[10.0, 20.0, 50.0, 80.0]]).repeat(400, 1)
    new, limits = cut_off(box, chance=0.5, most=0.5, followed=1.0)
    cut = (limits.abs() < 1e5).any(1)
    assert 0.4 < cut.float().mean() < 0.6
    assert (new[~cut] == box[~cut]).all()
    size, least = new[:, 2:] - new[:, :2], (box[:, 2:] - box[:, :2]) / 2
    assert (size >= least - 1e-4).all()
    assert ((new != box).sum(1)[cut] == 1).all()
    picture = torch.full((1, 3, 40, 40), 255, dtype=torch.uint8)
    crop = warp(picture, torch.eye(3)[None], 40, torch.tensor([[12.0, -1e6, 1e6, 30.0]]))[0, 0]
    assert crop[:30, 12:].min() > 0.999 and crop[:, :12].max() == 0 and crop[30:].max() == 0


def test_changes_keep_shape_and_range() -> None:
    torch.manual_seed(2)
    pictures = torch.rand(8, 3, 48, 48)
    for step, _ in STEPS:
        changed = step(pictures.clone())
        assert changed.shape == pictures.shape and bool(changed.isfinite().all())
        assert not torch.equal(changed, pictures)
    crops = augment(pictures.clone())
    assert crops.shape == (8, 48, 48, 3) and crops.dtype == torch.uint8
