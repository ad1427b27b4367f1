import pytest

from likelihand.study.setting import GEOMETRY, SMALL, Setting
from likelihand.training import TrainConfig


def test_every_run_has_the_same_training_but_for_its_seed():
    setting = Setting()
    first, second = setting.config(0), setting.config(1)
    assert (first.seed, second.seed) == (0, 1) and first.augmentation == GEOMETRY
    assert {**first.to_json(), "seed": 1} == second.to_json()
    assert SMALL.validate_every == 0 and first.steps == 300


@pytest.mark.parametrize(("size", "stride", "sigma"), [(256, 4, 2.0), (256, 8, 1.0), (64, 4, 1.0), (512, 4, 4.0)])
def test_gaussians_are_two_of_sixty_four_cells_wide(size, stride, sigma):
    assert Setting(train=TrainConfig(steps=1, size=size)).sigma(stride) == sigma


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seeds": 0}, "seeds is 0: expected at least 1"),
        ({"warm_share": 0.0}, "warm_share is 0.0"),
        ({"train": TrainConfig(epochs=3)}, "train.steps is not given"),
    ],
)
def test_refuses_settings_without_sense(change, message):
    with pytest.raises(ValueError, match=message):
        Setting(**change)
