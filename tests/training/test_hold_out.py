"""What is held out to choose on is never trained on, and is the same when a run goes on."""

import json
from pathlib import Path
from typing import Any

import pytest

from likelihand.data import Concatenated, DrawnHands, Repeated
from likelihand.data.scenes import SceneMix
from likelihand.models.checkpoint import read_info
from likelihand.training import TrainConfig, train
from likelihand.training.hold_out import hold_out
from tests.training import tiny_run


def keys(data: Any) -> set[str]:
    return {data.record(i).key for i in range(len(data))}


def test_groups_stay_together_and_the_seed_decides() -> None:
    data = Concatenated([Repeated(DrawnHands(20), 2)])
    parts = [hold_out(data, None, TrainConfig(hold_out=0.1, seed=seed)) for seed in (0, 0, 1)]
    for training, validation in parts:
        assert (len(training), len(validation or [])) == (36, 4)
        assert not keys(training) & keys(validation)
    assert keys(parts[0][1]) == keys(parts[1][1]) != keys(parts[2][1])


def test_a_run_chooses_on_what_it_is_not_trained_on(tmp_path: Path) -> None:
    asked: list[int] = []

    class Asked:
        def __len__(self) -> int:
            return 18

        def record(self, index: int) -> Any:
            asked.append(index)
            return tiny_run.held(18).record(index)

        def groups(self) -> list[str]:
            return [str(i // 2) for i in range(18)]

    config = tiny_run.config(steps=8, hold_out=0.2, validate_every=100)
    data: Any = Asked()
    result = train(*tiny_run.make(), data, None, config, tmp_path)
    validated = set(asked[-4:])
    assert len(validated) == 4 and not validated & set(asked[:-4])
    assert len({i // 2 for i in validated}) == 2
    assert result.best is not None and result.report is not None
    assert result.report.split == "held out of Asked"
    for told in (json.loads((tmp_path / "run.json").read_text())["data"], read_info(result.best).data):
        assert (told["training"]["samples"], told["validation"]["samples"]) == (14, 4)
        assert told["training"]["parts"] == told["validation"]["parts"] == [{"class": "Asked", "samples": 18}]
    with pytest.raises(ValueError, match=r"hold_out was 0\.2 and is None"):
        train(*tiny_run.make(), data, None, tiny_run.config(steps=9), tmp_path, resume=True)


def test_refusals() -> None:
    class Pictures:
        def __len__(self) -> int:
            return 1

    config, data = TrainConfig(hold_out=0.1), DrawnHands(4)
    with pytest.raises(ValueError, match=r"hold_out is 0\.1 and there is validation data: give one of them"):
        hold_out(data, data, config)
    with pytest.raises(ValueError, match="a SceneMix holds whole pictures"):
        hold_out(SceneMix([Pictures()]), None, config)  # type: ignore[list-item]
    with pytest.raises(ValueError, match=r"hold_out is 1\.5: expected a share between 0 and 1"):
        TrainConfig(hold_out=1.5)
    assert hold_out(data, None, TrainConfig()) == (data, None)
