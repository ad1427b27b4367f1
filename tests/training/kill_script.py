"""Kills training runs at random moments, resumes each, and prints how they compare with an undisturbed run.

Usage: kill_script.py FOLDER KILLS SEED. Runs are forked from this process, so that each starts at once.
"""

import faulthandler
import json
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))

import torch

from likelihand.models.checkpoint import read_info
from tests.training import tiny_run


def start(out: Path, workers: int) -> int:
    """Fork a process that trains in `out`, from the start or from where it was killed."""
    child = os.fork()
    if child:
        return child
    faulthandler.dump_traceback_later(60, exit=True)
    code = 1
    try:
        tiny_run.run(out, resume=True, workers=workers, batch_size=2, accumulate=2)
        code = 0
    finally:
        os._exit(code)


def step_of(last: Path) -> int:
    """Return the step of a run's last checkpoint, -1 before the first."""
    return int(read_info(last).training["step"]) if last.exists() else -1


def whole(out: Path) -> int:
    """Run undisturbed; give the number of steps."""
    child = start(out, 0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    return step_of(out / "last.safetensors")


def kill_after(out: Path, step: int, seconds: float, workers: int) -> int | None:
    """Kill -9 a run so long after it kept a step; give the step it has kept by then, None if it was done."""
    child = start(out, workers)
    last = out / "last.safetensors"
    while step_of(last) < step and os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        time.sleep(0.002)
    time.sleep(seconds)
    if os.waitpid(child, os.WNOHANG)[0]:
        return None
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return max(step_of(last), 0)


def main(folder: Path, kills: int, seed: int) -> None:
    torch.set_num_threads(1)
    chance = random.Random(seed)
    tiny_run.held(18), tiny_run.held(5, 1)
    steps = whole(folder / "whole")
    told: list[dict[str, object]] = []
    for attempt in range(5 * kills):
        if len(told) == kills:
            break
        out, workers = folder / f"killed{len(told)}", attempt % 3
        wanted, seconds = chance.randrange(-1, steps), chance.uniform(0, 0.05)
        step = kill_after(out, wanted, seconds, workers)
        if step is None:
            shutil.rmtree(out)
            continue
        code = os.waitstatus_to_exitcode(os.waitpid(start(out, workers), 0)[1])
        told.append({"seconds": seconds, "step": step, "code": code, "workers": workers})
        print(told[-1], file=sys.stderr, flush=True)
    print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
