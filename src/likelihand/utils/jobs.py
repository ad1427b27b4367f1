"""Run long work in pieces, on several processes, with a progress bar."""

import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from tqdm import tqdm

from likelihand.utils import opencv as cv2

Job = TypeVar("Job")


def pieces(count: int, length: int) -> list[range]:
    """Cut 0 .. count - 1 into pieces of at most `length`.

    Example:
        >>> pieces(5, 2)
        [range(0, 2), range(2, 4), range(4, 5)]
    """
    return [range(start, min(start + length, count)) for start in range(0, count, length)]


def run_jobs(
    work: Callable[[Job], int], jobs: Sequence[Job], processes: int, done: int, total: int, label: str
) -> None:
    """Do jobs, each of which returns how many pictures it made, behind a progress bar.

    `work` can be imported by other processes; with one process it runs in this one. `done` of `total` pictures
    were there before.

    Raises:
        ValueError: `processes` is under 1.
    """
    if processes < 1:
        raise ValueError(f"processes {processes} is under 1; give how many may work at a time")
    with tqdm(total=total, initial=done, desc=label, unit="picture") as bar:
        for made in _results(work, jobs, min(processes, max(1, len(jobs)))):
            bar.update(made)


def _results(work: Callable[[Job], int], jobs: Sequence[Job], processes: int) -> Iterator[int]:
    if processes == 1:
        yield from map(work, jobs)
        return
    with multiprocessing.get_context("spawn").Pool(processes, cv2.setNumThreads, (1,)) as pool:
        yield from pool.imap_unordered(work, jobs)


def missing(paths: Iterable[Path]) -> list[int]:
    """Return the positions of the files that are not there yet."""
    return [number for number, path in enumerate(paths) if not path.exists()]
