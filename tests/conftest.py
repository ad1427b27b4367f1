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
