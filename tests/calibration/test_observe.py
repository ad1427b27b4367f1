"""What a model says of labelled hands, and halves of it."""

from dataclasses import replace

import numpy as np
import pytest

from likelihand.calibration import halves, simulated


def test_halves_keep_groups_together() -> None:
    o = replace(simulated(60), group=np.array([f"group {i // 6}" for i in range(60)]))
    chosen = halves(o, 0.3)
    assert chosen.sum() == 18
    assert not set(o.group[chosen]) & set(o.group[~chosen])
    with pytest.raises(ValueError, match="1 group"):
        halves(replace(o, group=np.full(60, "one")))
