"""Films that are written: their times, their sizes, and what is there when the writer is killed."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from likelihand.tracking import VideoError, VideoReader, VideoWriter
from tests.tracking.conftest import picture

pytest.importorskip("av")


def test_odd_sizes_are_filled_up(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "odd.mp4") as film:
        for i in range(3):
            film.write(picture(i, (47, 63)), i / 10)
    assert [frame.image.shape for frame in VideoReader(tmp_path / "odd.mp4")] == [(48, 64, 3)] * 3


def test_times_that_do_not_grow_are_moved_on(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "film.mp4") as film:
        for seconds in (0.0, 0.5, 0.5, 0.4, 1.0):
            film.write(picture(1), seconds)
    times = [frame.seconds for frame in VideoReader(tmp_path / "film.mp4")]
    assert len(times) == 5 and (np.diff(times) > 0).all() and times[-1] == pytest.approx(1.0, abs=1e-3)


def test_another_size_is_refused(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "film.mp4") as film:
        film.write(picture(0), 0.0)
        with pytest.raises(ValueError, match="frame of 32 x 24 pixels in a film of another size"):
            film.write(picture(0, (24, 32)), 0.1)
    assert len(list(VideoReader(tmp_path / "film.mp4"))) == 1


def test_an_ending_of_no_film(tmp_path: Path) -> None:
    with pytest.raises(VideoError, match=r"film\.txt2: cannot be written"):
        VideoWriter(tmp_path / "film.txt2")


def test_nothing_written_is_no_error(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "film.mp4"):
        pass


def test_a_killed_writer_leaves_a_film(tmp_path: Path) -> None:
    code = (
        "import os, sys, numpy as np\n"
        "from likelihand.tracking import VideoWriter\n"
        "film = VideoWriter(sys.argv[1], threads=1)\n"
        "rng = np.random.default_rng(0)\n"
        "for i in range(100): film.write(rng.integers(0, 255, (48, 64, 3)).astype(np.uint8), i / 30)\n"
        "os._exit(9)\n"
    )
    file = tmp_path / "film.mp4"
    subprocess.run([sys.executable, "-c", code, str(file)], check=False)
    assert sum(1 for _ in VideoReader(file)) >= 30
