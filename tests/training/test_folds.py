"""Folds: every hand is judged once, by a model that has not seen its group."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from likelihand.data.drawn import DrawnHands
from likelihand.evaluation import concatenated
from likelihand.evaluation.calibration import simulated
from likelihand.training.folds import folds_of


def test_every_record_is_in_one_fold_and_groups_stay_together() -> None:
    class Grouped(DrawnHands):
        def groups(self) -> list[str]:
            return [f"group {i // 3}" for i in range(len(self))]

    folds = folds_of(Grouped(30), 4)
    assert sorted(i for fold in folds for i in fold) == list(range(30))
    assert all({i // 3 for i in a}.isdisjoint({i // 3 for i in b}) for a in folds for b in folds if a is not b)
    with pytest.raises(ValueError, match="12 folds of 10 groups"):
        folds_of(Grouped(30), 12)


def test_parts_come_together_in_the_data_sets_order() -> None:
    o = simulated(10)
    parts = [o.take(np.array([7, 1, 4])), o.take(np.array([0, 2, 3, 5, 6, 8, 9]))]
    together = concatenated(parts)
    np.testing.assert_array_equal(together.index, np.arange(10))
    np.testing.assert_array_equal(together.target, o.target)
    assert together.spread is None and together.side == o.side
    wide = replace(o, spread=np.ones((10, 21, 2, 2)))
    assert concatenated([wide.take(np.array([1])), wide.take(np.array([0]))]).spread is not None


def test_leave_out_models_are_trained_from_the_checkpoint(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("accelerate")
    from likelihand.models import SequentialHeatmapNetwork, TimmBackbone
    from likelihand.models.checkpoint import CheckpointInfo, load_checkpoint, save_checkpoint
    from likelihand.training.folds import predict_by_folds

    torch.manual_seed(0)
    file = tmp_path / "a.safetensors"
    network = SequentialHeatmapNetwork(TimmBackbone("resnet18"), stages=1, width=8)
    save_checkpoint(file, network, CheckpointInfo(size=(32, 32)))
    seen = predict_by_folds(file, DrawnHands(6, size=32), 2, 1, tmp_path / "folds", progress=False)
    np.testing.assert_array_equal(seen.index, np.arange(6))
    last = [load_checkpoint(tmp_path / "folds" / f"fold-{i}" / "last.safetensors")[0] for i in range(2)]
    again = predict_by_folds(file, DrawnHands(6, size=32), 2, 1, tmp_path / "folds", progress=False)
    np.testing.assert_array_equal(again.points, seen.points)
    weights = [next(iter(n.parameters())).detach() for n in (*last, network)]
    assert not torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])
