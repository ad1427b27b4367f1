"""What the command line's tests share: a tiny exported network and pictures."""

from pathlib import Path

import cv2
import numpy as np
import pytest


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny network as an ONNX file."""
    pytest.importorskip("torch")
    from tiny import tiny_network

    from likelihand.export import export
    from likelihand.inference.metadata import ModelMetadata

    file = tmp_path_factory.mktemp("model") / "hand.onnx"
    export(tiny_network(), file, ModelMetadata(size=(64, 64), stages=2))
    return file


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder with three pictures, two of the same name in different folders."""
    rng = np.random.default_rng(0)
    for name, size in (("a/x.png", (60, 80)), ("b/x.png", (50, 50)), ("b/y.jpg", (70, 40))):
        file = tmp_path / "in" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(file), rng.integers(0, 256, (*size, 3), np.uint8))
    return tmp_path / "in"
