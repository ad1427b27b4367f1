"""The loop over a data set: samples are prefetched by threads, batched, and distributed over processes."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from tqdm import tqdm

from likelihand.utils import distributed

T = TypeVar("T")


def batches(
    indices: Sequence[int],
    load: Callable[[int], T],
    *,
    batch_size: int = 32,
    workers: int = 0,
    progress: bool = True,
    name: str = "evaluate",
) -> Iterator[list[T]]:
    """Load the inputs of a model, batch by batch.

    With several processes, as `torchrun` or `accelerate launch` start them, each gets whole batches of its own:
    the model sees the same batches as with one.

    Args:
        indices: positions in the data set, in order.
        load: reads one.
        batch_size: how many come together.
        workers: threads that load, at most two batches ahead; 0 loads a batch when it is asked for.
        progress: shows a bar on standard error.
        name: of the bar.

    Raises:
        ValueError: the batch size is below 1, or there is nothing to load.

    Example:
        >>> list(batches(range(5), lambda index: index * 10, batch_size=2, progress=False))
        [[0, 10], [20, 30], [40]]
    """
    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}: expected at least 1")
    if not len(indices):
        raise ValueError("the data set has no samples: expected at least one to evaluate")
    whole = [indices[i : i + batch_size] for i in range(0, len(indices), batch_size)]
    mine = whole[distributed.rank() :: distributed.world_size()]
    quiet = True if not progress or distributed.rank() else None
    with tqdm(total=len(indices), unit="img", desc=name, leave=False, disable=quiet) as bar:
        for loaded in _ahead(mine, load, workers) if workers else ([load(i) for i in batch] for batch in mine):
            yield loaded
            bar.update(len(loaded) * distributed.world_size())


def _ahead(whole: Sequence[Sequence[int]], load: Callable[[int], T], workers: int) -> Iterator[list[T]]:
    with ThreadPoolExecutor(workers) as pool:
        asked = ([pool.submit(load, index) for index in batch] for batch in whole)
        waiting = list(islice(asked, 2))
        while waiting:
            loaded = [future.result() for future in waiting.pop(0)]
            waiting += islice(asked, 1)
            yield loaded
