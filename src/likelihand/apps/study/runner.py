"""Execute the runs of a study in parallel: interrupted ones are resumed, finished ones skipped."""

import json
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from multiprocessing import active_children, get_context, parent_process
from pathlib import Path
from typing import Any, Final

from tqdm import tqdm

from likelihand.apps.study.hands import Hands
from likelihand.apps.study.plan import Experiment
from likelihand.apps.study.results import read_result, write_result
from likelihand.apps.study.scoring import ask, gradient_share, learnt, scores
from likelihand.apps.study.setting import Setting
from likelihand.data.dataset import Dataset
from likelihand.data.noise import SpoiltLabels, TwoSources
from likelihand.evaluation import evenly
from likelihand.losses import SourceConditional, StageLoss
from likelihand.models import KeypointNetwork
from likelihand.training import NonFiniteLossError, train
from likelihand.training.signals import StopRequest
from likelihand.utils.files import begin_folder, write_json
from likelihand.utils.validation import read_json

IDENTITY: Final = "experiment.json"
LOOKS: Final = "looks.json"
_WAIT: Final = 2.0
"""Seconds between looks at what the running processes have done."""


def identity(experiment: Experiment, setting: Setting, hands: Hands) -> dict[str, Any]:
    """Return what determines a run's result, to decide whether an earlier run can be reused."""
    free = {"seeds", "rates", "rate_grid", "train", "pictures"}
    told = {name: value for name, value in setting.to_json().items() if name not in free}
    method = experiment.method
    config = setting.config(experiment.seed, experiment.rate or method.rate(setting), method.flow_rate).to_json()
    ignored = {"workers", "progress", "tensorboard", "log_every", "checkpoint_every", "device"}
    kept = {name: value for name, value in config.items() if name not in ignored}
    made = told | {"train": kept, "fault": repr(experiment.labels.fault), "data": hands.to_json()}
    plain: dict[str, Any] = json.loads(json.dumps(made))
    return plain


def folder_of(out: Path, experiment: Experiment) -> Path:
    """Return the folder of a run's training."""
    return out / "training" / experiment.name


def run_experiment(experiment: Experiment, setting: Setting, hands: Hands, out: Path, results: Path) -> bool:
    """Execute one run, resuming it where it stopped; return False where it was asked to stop.

    A finished run is skipped. It is trained from one evaluation to the next; its result holds all evaluations and
    the scores of its last weights. Checkpoints go to `out`.

    Raises:
        ValueError: a folder holds a run of other settings, or a sample cannot be read.
    """
    about = identity(experiment, setting, hands)
    if read_result(results, experiment, about) is not None:
        return True
    folder = folder_of(out, experiment)
    begin_folder(folder / IDENTITY, about)
    told: dict[str, Any] = {"identity": about}
    try:
        made = _train(experiment, setting, hands, folder)
    except NonFiniteLossError as error:
        write_result(results, experiment, told | {"failure": str(error)})
        return True
    if made is None:
        return False
    network, loss, looks = made
    tests = hands.tests if experiment.rate is None else {"validation": hands.validation}
    said = {name: ask(network, loss, data, setting, range(len(data))) for name, data in tests.items()}
    told |= {"looks": looks, "tests": {name: scores(each) for name, each in said.items()}}
    write_result(results, experiment, told)
    return True


def _train(
    experiment: Experiment, setting: Setting, hands: Hands, folder: Path
) -> tuple[KeypointNetwork, StageLoss, list[dict[str, float]]] | None:
    """Train to the end, evaluating on the way; None where it was asked to stop before."""
    import torch

    method, fault = experiment.method, experiment.labels.fault
    torch.manual_seed(experiment.seed)
    network = method.network(setting)
    loss = method.training_loss(setting, setting.steps(len(hands.train)))
    if method.sources and isinstance(fault, TwoSources):
        loss = SourceConditional(loss, [fault.source(hands.train.record(i)) for i in range(len(hands.train))])
    given = hands.train if fault is None else SpoiltLabels(hands.train, fault, experiment.seed)
    looks: list[dict[str, float]] = (
        read_json(folder / LOOKS, "looks at a run") if (folder / LOOKS).exists() else []
    )
    done = {look["epoch"] for look in looks}
    if 0 not in done:
        loss.set_step(0)
        looks.append({"epoch": 0, **gradient_share(network.to(setting.device), loss, given, setting)})
    for epoch in setting.epochs_seen:
        if epoch in done and epoch < setting.train.epochs:
            continue
        rate = experiment.rate or method.rate(setting)
        config = setting.config(experiment.seed, rate, method.flow_rate, epoch)
        if not train(network, loss, given, None, config, folder, resume=True).finished:
            return None
        if epoch not in done:
            looks.append({"epoch": epoch, **_look(network, loss, given, hands, setting, epoch, experiment)})
            write_json(folder / LOOKS, looks)
    return network, loss, looks


def _look(
    network: KeypointNetwork, loss: StageLoss, given: Dataset, hands: Hands, setting: Setting, epoch: int,
    experiment: Experiment,
) -> dict[str, float]:  # fmt: skip
    """Measure a run between two parts of its training."""
    limit = None if epoch == setting.train.epochs else setting.seen
    test = hands.test if experiment.rate is None else hands.validation
    told = scores(ask(network, loss, test, setting, evenly(len(test), limit)))
    chosen = evenly(len(given), limit)
    said = ask(network, loss, given, setting, chosen)
    truth = [hands.train.record(i).points for i in chosen]
    mean = {name: sum(told[name]) / len(told[name]) for name in ("nme", "pck")}
    return mean | learnt(said, truth) | gradient_share(network, loss, given, setting)


def epochs_done(folder: Path) -> int:
    """Return the epoch of a run's last evaluation."""
    file = folder / LOOKS
    return int(read_json(file, "looks at a run")[-1]["epoch"]) if file.exists() else 0


def run_all(
    runs: Sequence[Experiment],
    setting: Setting,
    hands: Hands,
    out: Path,
    results: Path,
    *,
    jobs: int = 1,
) -> bool:
    """Execute runs in parallel, each on one thread; return False where the study was asked to stop.

    Every run is the same whatever `jobs`, the number of processes, is; those that are done are left alone. The
    first interrupt lets the running ones write their checkpoints.

    Raises:
        ValueError: `jobs` is under 1, or a run cannot be done.
    """
    if jobs < 1:
        raise ValueError(f"jobs is {jobs}: expected at least 1")
    left = [e for e in runs if read_result(results, e, identity(e, setting, hands)) is None]
    bar = _Bar(left, len(runs), setting, out)
    running: dict[Future[bool], Experiment] = {}
    with StopRequest() as stop, _pool(jobs) as pool, bar:
        while (left or running) and not (stop.asked and not running):
            while left and len(running) < jobs and not stop.asked:
                experiment = left.pop(0)
                running[pool.submit(run_experiment, experiment, setting, hands, out, results)] = experiment
            done, _ = wait(running, timeout=_WAIT, return_when=FIRST_COMPLETED)
            for future in done:
                experiment = running.pop(future)
                if not (stop.asked and isinstance(future.exception(), BrokenExecutor)) and future.result():
                    bar.ended(experiment)
            bar.show(list(running.values()))
            if stop.asked:
                _interrupt_children()
    return not stop.asked


@contextmanager
def _pool(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Start processes; where the block ends in an error, the running ones are interrupted too."""
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_start) as pool:
        try:
            yield pool
        except BaseException:
            _interrupt_children()
            raise


def _start() -> None:
    """Leave a process one thread, interrupts to its training, and no life beyond its parent's."""
    import torch

    from likelihand.training.memory import keep_freed_memory
    from likelihand.utils import opencv as cv2

    keep_freed_memory()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, daemon=True).start()


def _die_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _interrupt_children() -> None:
    """Ask the training in every process to stop that was not asked already."""
    for child in active_children():
        if child.pid is not None:
            os.kill(child.pid, signal.SIGINT)


class _Bar:
    """The progress of all runs, each of the same weight."""

    def __init__(self, left: Sequence[Experiment], count: int, setting: Setting, out: Path) -> None:
        self.count, self.epochs, self.out = count, setting.train.epochs, out
        self.done, self.runs = 0, count - len(left)
        self.bar = tqdm(
            total=len(left),
            initial=sum(self._part(e) for e in left),
            desc="study",
            mininterval=0.5 if sys.stderr.isatty() else 60.0,
            bar_format="{desc} {percentage:3.0f}%|{bar}| {postfix} [{elapsed}<{remaining}]",
        )

    def _part(self, experiment: Experiment) -> float:
        return epochs_done(folder_of(self.out, experiment)) / self.epochs

    def __enter__(self) -> "_Bar":
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.close()

    def ended(self, experiment: Experiment) -> None:
        """Count a run that ended."""
        self.runs += 1
        self.done += 1
        self.bar.write(f"[{self.runs}/{self.count}] {experiment.name}")

    def show(self, running: Sequence[Experiment]) -> None:
        """Move the bar to where the running ones are."""
        now = self.done + sum(self._part(e) for e in running)
        self.bar.set_postfix_str(f"{self.runs} of {self.count} runs", refresh=False)
        self.bar.update(max(0.0, now - self.bar.n))
