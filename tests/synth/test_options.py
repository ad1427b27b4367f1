"""The switches of ingredients."""

import pytest

from likelihand.synth.options import SynthOptions


def test_unknown_viewpoints_are_refused() -> None:
    with pytest.raises(ValueError, match=r"viewpoints 'side' is unknown; give \"full\" or \"upright\""):
        SynthOptions(viewpoints="side")  # type: ignore[arg-type]
