"""Freed memory that stays with the process."""

import ctypes
import subprocess
import sys
from types import SimpleNamespace

import pytest

from likelihand.training import memory

BLOCK = 256 * 2**20

PROGRAM = f"""
import resource, sys
import numpy as np
from likelihand.training.memory import keep_freed_memory

told = keep_freed_memory() if sys.argv[1] == "keep" else False

def faults():
    np.ones({BLOCK}, np.uint8)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    np.ones({BLOCK}, np.uint8)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

print(told, faults())
"""


def _faults(how: str) -> tuple[bool, int]:
    done = subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True)
    told, count = done.stdout.split()
    return told == "True", int(count)


def test_a_block_that_is_taken_again_costs_no_new_pages() -> None:
    told, kept = _faults("keep")
    if not told:
        pytest.skip("this C library cannot be told")
    _, anew = _faults("leave")
    assert anew > 100  # pages may be of 2 MiB
    assert kept < anew / 10


def test_elsewhere_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace())
    assert not memory.keep_freed_memory()
