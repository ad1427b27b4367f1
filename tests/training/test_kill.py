"""A run that is killed -9 at a random moment and resumed ends with the very weights of an undisturbed one."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import torch

from likelihand.models.checkpoint import read_tensors

KILLS = 10
SCRIPT = Path(__file__).parent / "kill_script.py"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        kept = list(csv.DictReader(file))
    for row in kept:
        row.pop("images_per_second", None)
    return kept


def test_killed_runs_resume_bit_for_bit(tmp_path: Path) -> None:
    command = [sys.executable, str(SCRIPT), str(tmp_path), str(KILLS), "7"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert [t["code"] for t in told] == [0] * KILLS
    assert len({t["step"] for t in told}) > 2, f"the kills did not fall in mid-run: {told}"
    whole = {name: read_tensors(tmp_path / "whole" / name)[0] for name in ("last.safetensors", "best.safetensors")}
    assert any(name.startswith("optimizer.") for name in whole["last.safetensors"])
    for i in range(KILLS):
        for name, expected in whole.items():
            found = read_tensors(tmp_path / f"killed{i}" / name)[0]
            assert found.keys() == expected.keys()
            different = [key for key in expected if not torch.equal(expected[key], found[key])]
            assert not different, f"kill {told[i]}: {different[:3]} differ in {name}"
        for log in ("training.csv", "validation.csv"):
            assert rows(tmp_path / f"killed{i}" / log) == rows(tmp_path / "whole" / log)
