from pathlib import Path

import pytest

from likelihand.utils.files import write_atomically
from likelihand.utils.jobs import missing, pieces, run_jobs


def touch(job: Path) -> int:
    write_atomically(job, b"x")
    return 1


@pytest.mark.parametrize("processes", [1, 2])
def test_every_job_is_done_once(tmp_path: Path, processes: int) -> None:
    jobs = [tmp_path / str(n) for n in range(5)]
    run_jobs(touch, jobs, processes, 0, 5, "test")
    assert missing(jobs) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == list("01234")


def test_pieces_cover_everything_once() -> None:
    assert [n for piece in pieces(10, 4) for n in piece] == list(range(10))
    assert pieces(0, 4) == []


def test_no_process_is_refused() -> None:
    with pytest.raises(ValueError, match="processes 0"):
        run_jobs(touch, [], 0, 0, 0, "test")
