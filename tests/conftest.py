"""What the tests share."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real photos and designs beside the checkout; the test skips where it is absent."""
    folder = Path(__file__).resolve().parents[1].parent / "shared"
    if not (folder / "real").is_dir():
        pytest.skip("no folder `shared` with real photos beside the checkout")
    return folder


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny network as an ONNX file."""
    pytest.importorskip("torch")
    from likelihand.inference.export import export
    from likelihand.inference.metadata import ModelMetadata
    from tests.tiny import tiny_network

    file = tmp_path_factory.mktemp("model") / "hand.onnx"
    export(tiny_network(), file, ModelMetadata(size=(64, 64), stages=2))
    return file


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    """Start every test from the same random numbers, whatever ran before it in the process."""
    torch = sys.modules.get("torch")
    if torch is None:
        yield
        return
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield
