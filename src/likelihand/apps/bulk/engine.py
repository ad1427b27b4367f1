"""A bulk run on Ray: the same program on a laptop and on a cluster."""

import logging
import math
import os
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from likelihand.apps.bulk import plan
from likelihand.apps.bulk.inputs import Found, find
from likelihand.apps.bulk.plan import Chunk
from likelihand.apps.bulk.settings import BulkSettings
from likelihand.apps.bulk.worker import Worker
from likelihand.utils.storage import Folder
from likelihand.utils.validation import one_line

LENGTH: Final = 256
"""Pictures of a chunk: what a kill can cost a worker, and the rows of a part."""

_SHARE: Final = 0.9
"""CPUs that a worker asks Ray for, a thread: the rest is left to Ray's own tasks, which would wait for ever."""
_BLOCKS: Final = 10_000
_RETRIES: Final = 20
"""Times that a chunk is tried again where its worker dies. A dead node costs some five before Ray knows of it; a
chunk that kills every worker must not go on for ever."""
_STORE: Final = 128 * 2**20
"""Bytes of a local object store: only numbers of chunks travel through it."""


@dataclass
class Done:
    """The result of a bulk run.

    Attributes:
        found: what the sources hold.
        new: inputs that no earlier run in the folder knew.
        pictures: pictures and films that this run processed.
        hands: rows of hands that it wrote.
        failed: inputs that could not be read; each has a row with the reason.
        missing: chunks that could not be done; the same command tries them again.
    """

    found: Found
    new: int = 0
    pictures: int = 0
    hands: int = 0
    failed: int = 0
    missing: int = 0


def predict_bulk(
    sources: Sequence[str],
    out: str,
    settings: BulkSettings | None = None,
    *,
    address: str | None = None,
    workers: int | None = None,
    gpus: float = 0.0,
    length: int = LENGTH,
    progress: bool = True,
) -> Done:
    """Find the hands of any number of pictures and films, on one machine or a Ray cluster.

    Each input gets its rows once, however often the run is killed: called again it goes on, and over a folder that
    has grown it processes the new inputs. Only one run at a time may write to a folder.

    Args:
        sources: folders, globs, lists, Parquet files, tars, pictures, films; paths or addresses as s3://bucket.
        out: folder of the results, path or address; see `likelihand.apps.bulk.plan` and `rows`.
        settings: how to look.
        address: of a Ray cluster, "auto" for the one that this machine belongs to; None starts Ray here.
        workers: number of workers; None takes as many as the CPUs allow.
        gpus: share of a GPU that a worker takes.
        length: pictures a chunk.
        progress: shows a bar.

    Raises:
        ValueError: `out` was begun for something else, or there is no input.
        OSError: the results cannot be written, or the cluster does not answer.
        ImportError: Ray is missing.
    """
    import ray.data  # noqa: F401  (says that it is missing before any work is done)

    settings, folder = settings or BulkSettings(), Folder(out)
    about = settings.about()
    done = Done(find(sources, settings.column, folder.address))
    plan.begin(folder, about)
    done.new = plan.add(folder, done.found.inputs, length)
    chunks = plan.chunks_of(folder)
    left = plan.left(folder, chunks)
    if left:
        with _ray(address):
            for result in _bar(
                _results(left, folder, settings, about["model"], workers, gpus), chunks, left, progress
            ):
                done.pictures += result["pictures"]
                done.hands += result["hands"]
                done.failed += result["failed"]
        done.missing = len(plan.left(folder, left))
    return done


@contextmanager
def _ray(address: str | None) -> Iterator[None]:
    """Connect to Ray, or start it here, for a block; one that is running already is used and left running."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is sent to Ray's makers unasked
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    import ray

    if ray.is_initialized():
        yield
        return
    own: dict[str, Any] = {"object_store_memory": _STORE, "include_dashboard": False} if address is None else {}
    try:
        ray.init(address=address or "local", log_to_driver=False, logging_level=logging.ERROR, **own)
    except (ConnectionError, RuntimeError) as error:
        raise OSError(
            f"no Ray cluster answers at {address} ({error}); start one with `ray start --head`"
        ) from error
    try:
        yield
    finally:
        ray.shutdown()


def _results(
    left: Sequence[Chunk], folder: Folder, settings: BulkSettings, model: str, workers: int | None, gpus: float
) -> Iterator[dict[str, Any]]:
    """Yield the result of each chunk as it finishes."""
    import ray.data
    from ray.data import ActorPoolStrategy

    cpus = ray.cluster_resources().get("CPU", 1.0)
    most = workers or max(1, math.floor(cpus / settings.threads))
    most = min(most, len(left))
    _quieten()
    rows = [chunk._asdict() for chunk in left]
    dataset = ray.data.from_items(rows, override_num_blocks=min(len(rows), _BLOCKS))
    with warnings.catch_warnings():
        # Ray 2.64 takes no such arguments, and the releases before it no other that bounds the retries.
        warnings.filterwarnings("ignore", message=".*ray_remote_args")
        done = dataset.map(
            _Mapper,
            fn_constructor_args=(folder.address, settings, model),
            compute=ActorPoolStrategy(
                min_size=1, initial_size=most, max_size=most, max_tasks_in_flight_per_actor=1
            ),
            num_cpus=_SHARE * settings.threads,
            num_gpus=gpus or None,
            max_task_retries=_RETRIES,  # Ray restarts workers without a bound by itself
        )
    yield from done.iter_rows()


def _quieten() -> None:
    """Silence Ray's progress bars, and let the run continue after a failed chunk."""
    from ray.data import DataContext

    context = DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    context.max_errored_blocks = -1
    logging.getLogger("ray.data").setLevel(logging.ERROR)


class _Mapper:
    """A worker as Ray Data calls it; a chunk that fails is reported and not written: the next run retries it."""

    def __init__(self, folder: str, settings: BulkSettings, model: str) -> None:
        self._worker = Worker(folder, settings, model)

    def __call__(self, row: Mapping[str, Any]) -> dict[str, Any]:
        chunk = Chunk(int(row["inputs"]), int(row["place"]), int(row["size"]))
        counts = {"pictures": 0, "hands": 0, "failed": 0, "size": chunk.size, "problem": ""}
        try:
            return counts | self._worker.work(chunk)
        except Exception as error:  # the other chunks go on
            return counts | {"problem": f"{chunk.part}: {one_line(error, 300)}"}


def _bar(
    results: Iterator[dict[str, Any]], chunks: Sequence[Chunk], left: Sequence[Chunk], progress: bool
) -> Iterator[dict[str, Any]]:
    """Show a progress bar over the inputs of all chunks, and report each problem once."""
    from tqdm import tqdm

    total, before = (sum(each.size for each in some) for some in (chunks, left))
    told: set[str] = set()
    with tqdm(total=total, initial=total - before, unit="input", disable=None if progress else True) as bar:
        for result in results:
            bar.update(result["size"])
            problem = str(result["problem"]).partition(": ")[2]
            if problem and problem not in told:
                told.add(problem)
                tqdm.write(f"likelihand: {result['problem']}", file=sys.stderr)
            yield result
