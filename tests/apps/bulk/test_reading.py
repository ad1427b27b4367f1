"""Pictures are read ahead, in order, no more of them than memory is meant to hold."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("fsspec", reason="needs likelihand[ray]")

from likelihand.apps.bulk.inputs import Input
from likelihand.apps.bulk.reading import AHEAD, ahead, pictures_of
from likelihand.data.images import read_image
from likelihand.utils.storage import opened
from tests.apps.bulk.results import write_pictures


def test_no_more_is_read_ahead_than_memory_is_meant_to_hold() -> None:
    begun: list[int] = []
    with ThreadPoolExecutor(2) as pool:
        results = ahead(lambda i: i, (begun.append(i) or i for i in range(100)), pool)
        for i, result in enumerate(results):
            assert result == i
            assert len(begun) <= i + AHEAD + 1


def test_pictures_come_in_order_from_anywhere_and_failures_in_their_place(tmp_path: Path) -> None:
    write_pictures(tmp_path, 6)
    files = sorted(tmp_path.iterdir())
    system, _ = opened("memory://")
    system.pipe_file("/remote.jpg", files[0].read_bytes())
    paths = [*map(str, files[:3]), "memory:///remote.jpg", "memory:///missing.jpg", *map(str, files[3:])]
    found = list(pictures_of(Input("picture", path) for path in paths))
    assert [path for path, _ in found] == paths
    images = [image for _, image in found]
    assert isinstance(images.pop(4), FileNotFoundError)
    for image, file in zip(images, [*files[:3], files[0], *files[3:]], strict=True):
        assert not isinstance(image, Exception)
        np.testing.assert_array_equal(image, read_image(os.fspath(file)))
