"""The detection function of CVAT's SDK."""

from types import SimpleNamespace

import numpy as np
import pytest

from likelihand.interop.cvat import CLASSES
from tests.interop.lines import hand

HANDS = [hand(0, "left"), hand(1, "right"), hand(2, None, spread=6.0)]


def test_the_function_of_cvats_sdk() -> None:
    sdk = pytest.importorskip("cvat_sdk.auto_annotation")
    from PIL import Image

    from likelihand.interop.cvat_function import HandFunction

    seen = [HANDS[0], HANDS[2]]
    function = HandFunction(lambda image: seen)  # type: ignore[arg-type]
    assert isinstance(function.spec, sdk.DetectionFunctionSpec)
    assert [label.name for label in function.spec.labels] == list(CLASSES)
    shapes = function.detect(SimpleNamespace(conf_threshold=None), Image.new("RGB", (160, 120)))
    assert [CLASSES[shape.label_id] for shape in shapes] == ["left_hand", "hand"]
    assert str(shapes[0].type) == "skeleton"
    np.testing.assert_allclose([e.points for e in shapes[0].elements], HANDS[0].points)
    assert function.detect(SimpleNamespace(conf_threshold=0.95), Image.new("RGB", (160, 120))) == []
