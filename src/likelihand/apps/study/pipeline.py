"""The whole study: from data and settings to a report."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from likelihand.apps.study.hands import Hands
from likelihand.apps.study.methods import Method
from likelihand.apps.study.plan import Experiment, plan_table
from likelihand.apps.study.report import write_report
from likelihand.apps.study.results import Results, read_result
from likelihand.apps.study.runner import identity, run_all
from likelihand.apps.study.scoring import mean_pose, scores
from likelihand.apps.study.setting import Setting
from likelihand.data.augment import sample_of, sample_rng
from likelihand.data.drawn import DrawnHands
from likelihand.losses import Batch
from likelihand.structures import KeypointLabels
from likelihand.training.state import Trainee, make_optimizer

_ROUNDS = 3
_PIXELS = 32 * 96**2
"""A CPU is timed on at most so many pixels a step."""


def crop_seconds(methods: Iterable[Method], setting: Setting) -> dict[str, float]:
    """Time a training crop in seconds with every method: augmentation, forward, backward, optimiser.

    A CPU is timed on one thread, and its own time is counted, so that a busy machine gives the same.
    """
    chosen, threads = list(dict.fromkeys(methods)), torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        warp = _warp_seconds(setting)
        bar = tqdm(chosen, desc="timing", unit="network", leave=False, disable=None)
        return {method.name: warp + _step_seconds(method, setting) for method in bar}
    finally:
        torch.set_num_threads(threads)


def _warp_seconds(setting: Setting, crops: int = 64) -> float:
    record = DrawnHands(1, size=setting.train.size).record(0)
    augmentation = setting.config(0, 0.1).augmentation

    def warp() -> None:
        for i in range(crops):
            sample_of(record, i, setting.size, sample_rng(0, 0, i), augmentation)

    return _timed(warp, time.process_time) / crops


def _step_seconds(method: Method, setting: Setting) -> float:
    """Time a step of blank crops, and return the seconds a crop."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = method.network(setting)
        trainee = Trainee(network, method.training_loss(setting, 1000)).train()
    device, size = setting.device, setting.train.size
    optimizer = make_optimizer(trainee.to(device), 1e-3, 1.0, 0.0)
    batch = setting.train.batch_size
    count = batch if device.type == "cuda" else max(2, min(batch, _PIXELS // size**2))
    crops = torch.zeros(count, size, size, 3, dtype=torch.uint8, device=device)
    target = torch.full((count, network.keypoints, 2), size / 2, device=device)
    weight, traits = torch.ones_like(target[..., 0]), torch.full((count, 2), torch.nan, device=device)
    labelled = Batch(crops, KeypointLabels(target, weight, traits), torch.arange(count))

    def step() -> None:
        torch.stack(list(trainee(labelled).values())).sum().backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if device.type == "cuda":
            torch.cuda.synchronize()

    step()
    clock = time.perf_counter if device.type == "cuda" else time.process_time
    return min(_timed(step, clock) for _ in range(_ROUNDS)) / count


def _timed(task: Callable[[], object], clock: Callable[[], float]) -> float:
    start = clock()
    task()
    return clock() - start


@dataclass(frozen=True)
class StudyResult:
    """The result of a study.

    Attributes:
        report: its file; None where no run is finished yet.
        finished: False where it was asked to stop before its end.
        failures: runs whose loss was not finite.
    """

    report: Path | None
    finished: bool
    failures: int


def plan(runs: Sequence[Experiment], setting: Setting, pictures: int, jobs: int = 1) -> str:
    """Return a table of what runs cost here, `jobs` at a time, after a few steps of each network."""
    seconds = crop_seconds((run.method for run in runs), setting)
    return plan_table(runs, setting.steps(pictures), seconds, setting.train.batch_size, jobs)


def gather(runs: Sequence[Experiment], setting: Setting, hands: Hands, results: Path) -> Results:
    """Read the results of all runs that are done, and score the mean pose."""
    known: dict[Experiment, dict[str, Any]] = {}
    failures: dict[Experiment, str] = {}
    for run in runs:
        told = read_result(results, run, identity(run, setting, hands))
        if told is not None and "failure" in told:
            failures[run] = str(told["failure"])
        elif told is not None:
            known[run] = told
    missing = tuple(run for run in runs if run not in known and run not in failures)
    poses = {name: scores(mean_pose(hands.train, data, setting)) for name, data in hands.tests.items()}
    return Results(known, failures, missing, poses)


def study(
    runs: Sequence[Experiment],
    setting: Setting,
    hands: Hands,
    out: str | Path,
    results: str | Path | None = None,
    *,
    jobs: int = 1,
    command: str = "",
) -> StudyResult:
    """Train what the runs need, score it and write the report; finished runs are not repeated.

    Each run is trained in a folder of its own in `out`/training, and leaves one small file in `results`, from
    which the report is made: that folder alone is worth keeping. The first interrupt lets the running ones write
    their checkpoints; the same call goes on from there.

    Args:
        runs: as `likelihand.apps.study.schedule` lists them.
        setting: of the study.
        hands: the data; the setting's number of pictures is taken of them.
        out: folder of the study.
        results: folder of results; `out`/results where None.
        jobs: runs at a time, each in a process of one thread; the results do not depend on it.
        command: that was typed, for the report.

    Raises:
        ValueError: a run was begun with other settings, or a sample cannot be read.
        ImportError: Matplotlib or SciPy is not installed.
    """
    import matplotlib  # noqa: F401  (missing, it should be told before hours of training)
    import scipy  # noqa: F401

    folder, kept = Path(out), Path(results or Path(out) / "results")
    own = hands.first(setting.pictures)
    ended = run_all(runs, setting, own, folder, kept, jobs=jobs)
    known = gather(runs, setting, own, kept)
    if not known.runs:
        return StudyResult(None, ended, len(known.failures))
    report = write_report(folder, known, setting, own, command)
    return StudyResult(report, ended, len(known.failures))
