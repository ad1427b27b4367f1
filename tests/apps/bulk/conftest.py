"""What the tests of bulk runs share: pictures, and one local Ray."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.apps.bulk.results import write_pictures


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of ten pictures, one of them damaged, and a text beside them."""
    folder = tmp_path / "in"
    write_pictures(folder / "deep", 4)
    write_pictures(folder, 5, 4)
    (folder / "damaged.jpg").write_bytes(b"\xff\xd8\xff")
    (folder / "read me.md").write_text("no picture")
    return folder


@pytest.fixture(scope="session")
def ray_here() -> Iterator[None]:
    """One local Ray with two CPUs."""
    ray = pytest.importorskip("ray", reason="needs likelihand[ray]")
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0"}  # else a busy machine starves them
    ray.init(
        address="local", num_cpus=2, include_dashboard=False, object_store_memory=100 * 2**20, log_to_driver=False,
        logging_level="ERROR",
    )  # fmt: skip
    # Ray's own handler allocates memory, and so may hang the forked processes of later tests that are terminated.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield
    ray.shutdown()
