import torch

from likelihand.apps.study.methods import MLE, RLE
from likelihand.apps.study.pipeline import crop_seconds
from likelihand.apps.study.setting import Setting
from likelihand.training import TrainConfig

SETTING = Setting(
    backbone="test_resnet", weights=None, frozen=0, width=8,
    train=TrainConfig(size=64, batch_size=4, device="cpu"),
)  # fmt: skip


def test_every_method_is_timed_and_nothing_else_changes():
    before, threads = torch.random.get_rng_state(), torch.get_num_threads()
    told = crop_seconds([MLE, RLE, MLE], SETTING)
    assert set(told) == {"mle", "rle"} and all(seconds > 0 for seconds in told.values())
    assert torch.equal(torch.random.get_rng_state(), before) and torch.get_num_threads() == threads
