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

sys.path.append(str(Path(__file__).parent))

import tiny_run
import torch

from likelihand.checkpoint import read_info


def start(out: Path, workers: int) -> int:
    """Fork a process that trains in `out`, from the start or from where it was killed."""
    child = os.fork()
    if child:
        return child
    faulthandler.dump_traceback_later(60, exit=True)
    code = 1
    try:
        tiny_run.run(out, resume=True, workers=workers)
        code = 0
    finally:
        os._exit(code)


def wait_for(path: Path, child: int) -> None:
    """Wait until a file is there or the process has ended."""
    while not path.exists() and os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        time.sleep(0.002)


def whole(out: Path) -> float:
    """Run undisturbed; give the seconds from the first checkpoint to the end."""
    child = start(out, 0)
    wait_for(out / "last.safetensors", child)
    began = time.monotonic()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    return time.monotonic() - began


def kill_after(out: Path, early: bool, seconds: float, workers: int) -> int | None:
    """Kill -9 a run so long after its start or its first checkpoint; give the step kept, None if it was done."""
    child = start(out, workers)
    last = out / "last.safetensors"
    if not early:
        wait_for(last, child)
    time.sleep(seconds)
    if os.waitpid(child, os.WNOHANG)[0]:
        return None
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return int(read_info(last).training["step"]) if last.exists() else 0


def main(folder: Path, kills: int, seed: int) -> None:
    torch.set_num_threads(1)
    chance = random.Random(seed)
    tiny_run.held(18), tiny_run.held(5, 1)
    duration = whole(folder / "whole")
    told: list[dict[str, object]] = []
    for attempt in range(5 * kills):
        if len(told) == kills:
            break
        out, workers = folder / f"killed{len(told)}", attempt % 3
        early, seconds = attempt % 5 == 4, chance.uniform(0, 0.9) * duration
        step = kill_after(out, early, seconds, workers)
        if step is None:
            shutil.rmtree(out)
            continue
        code = os.waitstatus_to_exitcode(os.waitpid(start(out, workers), 0)[1])
        told.append({"seconds": seconds, "step": step, "code": code, "workers": workers})
        print(told[-1], file=sys.stderr, flush=True)
    print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
