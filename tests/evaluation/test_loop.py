"""The loop reads ahead, keeps the order, and tells what is wrong."""

import threading

import pytest

from likelihand.evaluation.loop import batches


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_every_index_comes_once_in_order(workers: int) -> None:
    found = list(batches(range(11), lambda i: i * i, batch_size=4, workers=workers, progress=False))
    assert [len(batch) for batch in found] == [4, 4, 3]
    assert [value for batch in found for value in batch] == [i * i for i in range(11)]


def test_threads_stay_at_most_two_batches_ahead() -> None:
    read: list[int] = []
    lock = threading.Lock()

    def load(index: int) -> int:
        with lock:
            read.append(index)
        return index

    for done, _ in enumerate(batches(range(20), load, batch_size=2, workers=2, progress=False), 1):
        assert len(read) <= 2 * (done + 2)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_sample_that_cannot_be_read_is_told(workers: int) -> None:
    def load(index: int) -> int:
        raise ValueError(f"picture {index} is damaged")

    with pytest.raises(ValueError, match="picture 0 is damaged"):
        list(batches(range(3), load, workers=workers, progress=False))


def test_nothing_and_no_batch_are_refused() -> None:
    with pytest.raises(ValueError, match="no samples"):
        next(batches([], lambda i: i, progress=False))
    with pytest.raises(ValueError, match="batch_size is 0"):
        next(batches([1], lambda i: i, batch_size=0, progress=False))
