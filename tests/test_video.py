"""The former module of films goes on working, and says where its names are now."""

import importlib
import sys

import pytest

from likelihand import tracking


def test_it_warns_and_has_the_same_readers_and_writers() -> None:
    sys.modules.pop("likelihand.video", None)
    with pytest.warns(DeprecationWarning, match=r"likelihand\.tracking"):
        video = importlib.import_module("likelihand.video")
    assert all(getattr(video, name) is getattr(tracking, name) for name in video.__all__)
