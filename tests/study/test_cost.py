import json

import pytest

from likelihand.study import cost
from likelihand.study.methods import HEATMAP, MLE, RLE
from likelihand.study.setting import Setting
from likelihand.training import TrainConfig
from tests.tiny import tiny_network

SETTING = Setting(
    backbone="test_resnet", weights=None, frozen=0, width=8, stages=2,
    train=TrainConfig(steps=1, size=64, batch_size=4, device="cpu"),
)  # fmt: skip


def test_costs_are_those_of_the_deployed_network_and_are_kept(tmp_path, monkeypatch):
    pytest.importorskip("onnx")
    network, file = tiny_network(), tmp_path / "costs.json"
    made = cost.costs({"a": network}, (64, 64), file)["a"]
    assert made.parameters == sum(p.numel() for p in network.deploy().parameters())
    assert made.multiply_adds > 1e5 and made.milliseconds > 0
    monkeypatch.setattr(cost, "_measured", lambda *_: pytest.fail("measured again"))
    assert cost.costs({"a": network}, (64, 64), file) == {"a": made}
    assert cost.costs({"a": network, "b": network}, (64, 64), file, measure=False) == {"a": made}


def test_steps_are_timed_once_for_a_setting(tmp_path, monkeypatch):
    file, timed = tmp_path / "new" / "speed.json", []
    monkeypatch.setattr(cost, "_step_seconds", lambda method, _: timed.append(method) or 0.5 + len(timed))
    assert cost.seconds_per_step([MLE, RLE, MLE], SETTING, file) == {"mle": 1.5, "rle": 2.5}
    assert cost.seconds_per_step([RLE, HEATMAP], SETTING, file)["heatmap"] == 3.5
    assert timed == [MLE, RLE, HEATMAP]
    larger = Setting(width=16, backbone="test_resnet", weights=None, train=SETTING.train)
    assert cost.seconds_per_step([MLE], larger, file) == {"mle": 4.5}
    assert json.loads(file.read_text())["about"]["width"] == 16


def test_a_step_takes_time_and_leaves_the_random_numbers():
    import torch

    before = torch.random.get_rng_state()
    assert cost._step_seconds(RLE, SETTING, rounds=1) > 0
    assert torch.equal(torch.random.get_rng_state(), before)


def test_tasks_are_timed_in_turns():
    order = []
    seconds = cost._in_turns({name: lambda name=name: order.append(name) for name in "ab"})
    assert order == ["a", "b"] * (cost._ROUNDS + 1) and set(seconds) == {"a", "b"}
