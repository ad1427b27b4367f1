import json

import pytest

from likelihand.apps.study.setting import GEOMETRY, SMALL, Setting
from likelihand.training import TrainConfig


def test_runs_differ_in_seed_and_rate_alone():
    setting = Setting()
    first, second = setting.config(0, 1e-3), setting.config(1, 2e-3)
    assert (first.seed, second.seed) == (0, 1) and first.augmentation == GEOMETRY
    assert {**first.to_json(), "seed": 1, "learning_rate": 2e-3} == second.to_json()
    assert first.gradient_clip is None and SMALL.hold_out is None and not first.cosine


def test_a_run_up_to_a_look_is_the_beginning_of_the_whole_run():
    setting = Setting()
    part, whole = setting.config(0, 1e-3, epochs=4), setting.config(0, 1e-3)
    part.check_continues(json.loads(json.dumps(whole.to_json())))
    assert (part.epochs, whole.epochs) == (4, 20)


def test_the_core_grid_sees_every_picture_twenty_times():
    setting = Setting()
    assert setting.steps(5000) * 32 == 100_000 and setting.train.epochs == 20
    assert setting.epochs_seen[-1] == 20 and list(setting.epochs_seen) == sorted(set(setting.epochs_seen))
    assert (
        setting.quick(800).steps(800) * 32 == 16_000
        and setting.quick(500).pictures == 500
        and setting.quick(800).train == setting.train
    )


@pytest.mark.parametrize(("size", "stride", "sigma"), [(256, 4, 2.0), (256, 8, 1.0), (64, 4, 1.0), (512, 4, 4.0)])
def test_gaussians_are_two_of_sixty_four_cells_wide(size, stride, sigma):
    assert Setting(train=TrainConfig(size=size)).sigma(stride) == sigma


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seeds": 0}, "seeds is 0: expected at least 1"),
        ({"helper_share": 0.0}, "helper_share is 0.0"),
        ({"train": TrainConfig(steps=3)}, "counts the length of its runs in train.epochs"),
        ({"train": TrainConfig(cosine=True)}, "lowers the rate at train.milestones"),
    ],
)
def test_refuses_settings_without_sense(change, message):
    with pytest.raises(ValueError, match=message):
        Setting(**change)
