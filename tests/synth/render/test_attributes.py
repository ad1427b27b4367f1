"""Columns by name."""

import numpy as np

from likelihand.synth.render import attributes as a


def test_every_column_has_one_name() -> None:
    fragment = a.fragment_of(np.arange(float(a.CORNER_COLUMNS)))
    values = [*fragment.spot, *fragment.position, *fragment.normal, *fragment.sky, fragment.openness]
    assert values == list(range(a.CORNER_COLUMNS))
    assert len(fragment.spot) == a.ATTRIBUTES
    assert (fragment.spot.along, fragment.spot.finger, fragment.spot.arm) == (a.ALONG, a.FINGER, a.ARM)
