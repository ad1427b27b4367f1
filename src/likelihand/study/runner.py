"""Runs of a study, several at a time: resumed where interrupted, left alone where finished."""

import json
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import active_children, get_context, parent_process
from pathlib import Path
from typing import Any, Final

from tqdm import tqdm

from likelihand.data.noise import SpoiltLabels
from likelihand.study.hands import Hands
from likelihand.study.plan import Experiment
from likelihand.study.scoring import read_scores, score_run
from likelihand.study.setting import Setting
from likelihand.training import NonFiniteLossError, train
from likelihand.training.signals import StopRequest
from likelihand.utils.files import begin_folder, write_json
from likelihand.utils.validation import as_mapping, as_text, read_json

FAILED: Final = "failed.json"
IDENTITY: Final = "experiment.json"
_LOOK: Final = 2.0
"""Seconds between looks at what the running processes have done."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        finished: it reached its last step and has scores.
        failure: one line where its loss was not finite; then it has no scores, and is not tried again.
    """

    finished: bool
    failure: str | None = None


def folder_of(out: Path, experiment: Experiment) -> Path:
    """Return the folder of a run."""
    return out / "runs" / experiment.name


def identity(experiment: Experiment, setting: Setting, hands: Hands) -> dict[str, Any]:
    """Say what shapes a run's scores, to tell a run that may be reused from one of other settings."""
    grid = {"seeds", "lesser_seeds", "separate", "jitter", "outliers", "swaps", "bias", "train"}
    told = {name: value for name, value in setting.to_json().items() if name not in grid}
    kept = {"size", "steps", "batch_size", "learning_rate", "augmentation", "padding", "cosine", "weight_decay"}
    config = {name: value for name, value in setting.config(experiment.seed).to_json().items() if name in kept}
    made = told | {"train": config, "fault": repr(experiment.amount.fault), "data": hands.to_json()}
    plain: dict[str, Any] = json.loads(json.dumps(made))
    return plain


def outcome_of(folder: Path, hands: Hands) -> Outcome:
    """Read how a run ended, or that it did not yet."""
    if (folder / FAILED).exists():
        failed = folder / FAILED
        failure = as_mapping(read_json(failed, "a run of this study"), str(failed)).get("failure")
        return Outcome(False, as_text(failure, f"{failed}, field failure"))
    return Outcome(read_scores(folder, hands.tests) is not None)


def run_experiment(experiment: Experiment, setting: Setting, hands: Hands, out: Path) -> Outcome:
    """Do one run, from where it stopped; a finished one is left alone.

    Args:
        experiment: what to train.
        setting: of the study.
        hands: the data.
        out: folder of the study.

    Raises:
        ValueError: the folder holds a run of other settings, or a sample cannot be read.
    """
    import torch

    folder, method, fault = folder_of(out, experiment), experiment.method, experiment.amount.fault
    begin_folder(folder / IDENTITY, identity(experiment, setting, hands))
    earlier = outcome_of(folder, hands)
    if earlier.finished or earlier.failure:
        return earlier
    torch.manual_seed(experiment.seed)
    network, loss = method.network(setting), method.loss(setting)
    data = hands.train if fault is None else SpoiltLabels(hands.train, fault, experiment.seed)
    try:
        result = train(network, loss, data, None, setting.config(experiment.seed), folder, resume=True)
    except NonFiniteLossError as error:
        write_json(folder / FAILED, {"failure": str(error)})
        return Outcome(False, str(error))
    if result.finished:
        score_run(folder, method, setting, hands.tests)
    return Outcome(result.finished)


def steps_done(folder: Path) -> int:
    """Read from its log how many steps a run has done."""
    file = folder / "training.csv"
    if not file.exists():
        return 0
    first = file.read_text(encoding="utf-8").strip().rpartition("\n")[2].partition(",")[0]
    return int(first) if first.isdigit() else 0


def run_all(
    runs: Sequence[Experiment],
    setting: Setting,
    hands: Hands,
    out: Path,
    *,
    jobs: int = 1,
    seconds_per_step: Mapping[str, float] | None = None,
) -> bool:
    """Do runs, several at a time, each in one thread, behind a bar with the time that is left.

    Every run is the same whatever `jobs` is. The first interrupt lets the running ones write their checkpoints.

    Args:
        runs: in the order of their start.
        setting: of the study.
        hands: the data.
        out: folder of the study.
        jobs: processes.
        seconds_per_step: by the name of a method, for the bar; all alike where None.

    Returns:
        Whether all of them ended; False where the study was asked to stop.

    Raises:
        ValueError: `jobs` is under 1, or a run cannot be done.
    """
    if jobs < 1:
        raise ValueError(f"jobs is {jobs}: expected at least 1")
    cost = {e: setting.steps * (seconds_per_step or {}).get(e.method.name, 1.0) for e in runs}
    left = [e for e in runs if not _ended(outcome_of(folder_of(out, e), hands))]
    bar = _Bar(cost, left, setting.steps, out)
    running: dict[Future[Outcome], Experiment] = {}
    with StopRequest() as stop, _pool(jobs) as pool, bar:
        while (left or running) and not (stop.asked and not running):
            while left and len(running) < jobs and not stop.asked:
                experiment = left.pop(0)
                running[pool.submit(run_experiment, experiment, setting, hands, out)] = experiment
            done, _ = wait(running, timeout=_LOOK, return_when=FIRST_COMPLETED)
            for future in done:
                experiment = running.pop(future)
                if not (stop.asked and isinstance(future.exception(), BrokenExecutor)):
                    bar.ended(experiment, future.result())
            bar.show(running.values())
            if stop.asked:
                _interrupt_children()
    return not stop.asked


def _ended(outcome: Outcome) -> bool:
    return outcome.finished or outcome.failure is not None


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

    from likelihand.utils import opencv as cv2

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
    """Ask the training in every process to stop; whoever was asked already does not mind."""
    for child in active_children():
        if child.pid is not None:
            os.kill(child.pid, signal.SIGINT)


class _Bar:
    """The progress of all runs, weighed by what they cost."""

    def __init__(
        self, cost: Mapping[Experiment, float], left: Sequence[Experiment], steps: int, out: Path
    ) -> None:
        self.cost, self.steps, self.out = cost, steps, out
        self.done = sum(cost.values()) - sum(cost[e] for e in left)
        self.runs = len(cost) - len(left)
        before = self.done + sum(self._part(e) for e in left)
        self.bar = tqdm(
            total=sum(cost.values()),
            initial=before,
            desc="study",
            mininterval=0.5 if sys.stderr.isatty() else 60.0,
            bar_format="{desc} {percentage:3.0f}%|{bar}| {postfix} [{elapsed}<{remaining}]",
        )

    def _part(self, experiment: Experiment) -> float:
        return self.cost[experiment] * min(1.0, steps_done(folder_of(self.out, experiment)) / self.steps)

    def __enter__(self) -> "_Bar":
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.close()

    def ended(self, experiment: Experiment, outcome: Outcome) -> None:
        """Count a run that ended."""
        if _ended(outcome):
            self.runs += 1
            self.done += self.cost[experiment]
            told = f"failed: {outcome.failure}" if outcome.failure else "finished"
            self.bar.write(f"[{self.runs}/{len(self.cost)}] {experiment.name} {told}")

    def show(self, running: Sequence[Experiment] | Any) -> None:  # noqa: ANN401
        """Move the bar to where the running ones are."""
        now = self.done + sum(self._part(e) for e in running)
        self.bar.set_postfix_str(f"{self.runs} of {len(self.cost)} runs", refresh=False)
        self.bar.update(max(0.0, now - self.bar.n))
