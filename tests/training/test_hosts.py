"""Two hosts with addresses of their own train and score as one process does, also where one of them dies."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from likelihand.models import SequentialHeatmapNetwork, TimmBackbone
from likelihand.models.checkpoint import CheckpointInfo, read_info, read_tensors, save_checkpoint
from tests.training.hosts import Hosts, may_be_made

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tests" / "training" / "processes_script.py"
RUN = """
network: {class_path: tests.training.slow.Network}
loss:
  class_path: likelihand.losses.WarmStart
  init_args:
    steps: 20
    loss: {class_path: likelihand.ResidualLogLikelihood, init_args: {stages: 2}}
    helper: {class_path: likelihand.losses.HeatmapCrossEntropy, init_args: {stages: 2}}
train_data: {class_path: tests.training.slow.Slow, init_args: {count: 18, seconds: 0.02}}
validation_data: {class_path: tests.training.slow.Slow, init_args: {count: 5}}
train:
  {steps: 24, batch_size: 3, total_batch: 6, size: 32, workers: 0, log_every: 2, checkpoint_every: 3, device: cpu,
   validate_every: 10, milestones: [3, 6], average: 0.9, progress: false, tensorboard: false, augmentation: {}}
"""


@pytest.fixture(scope="module")
def hosts() -> Iterator[Hosts]:
    if reason := may_be_made():
        pytest.skip(reason)
    with Hosts() as made:
        yield made


def ended(*processes: "subprocess.Popen[str]") -> None:
    for process in processes:
        _, error = process.communicate(timeout=300)
        assert process.returncode == 0, error[-3000:]


def test_two_hosts_compute_what_one_process_does(hosts: Hosts, tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    subprocess.run([sys.executable, str(SCRIPT), str(folders[0])], capture_output=True, timeout=300, check=True)
    ended(*(hosts.torchrun(host, 29411, [str(SCRIPT), str(folders[1])]) for host in (0, 1)))
    one, two = (np.load(folder / "one-pass" / "gradients.npz") for folder in folders)
    assert json.loads((folders[1] / "one-pass" / "told.json").read_text())["world"] == 2
    biggest = max(np.abs(one[name]).max() for name in one.files)
    for name in one.files:
        assert np.abs(one[name] - two[name]).max() <= 2e-6 * np.abs(one[name]).max() + 1e-7 * biggest, name
    scores = [(folder / "report.json").read_text() for folder in folders]
    assert scores[0] == scores[1]
    weights = [read_tensors(folder / "run" / "last.safetensors")[0] for folder in folders]
    for name, tensor in weights[0].items():
        if name.startswith("network."):
            assert (tensor - weights[1][name]).abs().max() < 2e-4, name


def test_evaluate_prints_on_two_hosts_what_one_process_prints(hosts: Hosts, tmp_path: Path) -> None:
    network = SequentialHeatmapNetwork(TimmBackbone("test_resnet"), stages=2, width=8)
    save_checkpoint(tmp_path / "tiny.safetensors", network, CheckpointInfo(size=(64, 64)))
    data = ["--data.class_path=tests.training.slow.Slow", "--data.init_args.count=7", "--batch-size=2"]
    command = ["-m", "likelihand", "evaluate", str(tmp_path / "tiny.safetensors"), *data, "--json"]
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    one = subprocess.run(
        [sys.executable, *command, str(tmp_path / "one.json")],
        env=os.environ | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    started = [hosts.torchrun(i, 29414, [*command, str(tmp_path / "two.json")], path=[ROOT]) for i in (0, 1)]
    told = [process.communicate(timeout=300) for process in started]
    assert [process.returncode for process in started] == [0, 0], told
    assert "7 samples" in one.stdout
    assert [printed for printed, _ in told] == [one.stdout, ""]
    assert (tmp_path / "two.json").read_text() == (tmp_path / "one.json").read_text()


def step_of(out: Path) -> int:
    last = out / "last.safetensors"
    return int(read_info(last).training["step"]) if last.exists() else -1


def test_a_host_that_dies_comes_back_and_the_weights_are_those_of_an_undisturbed_run(
    hosts: Hosts, tmp_path: Path
) -> None:
    (tmp_path / "run.yaml").write_text(RUN)
    command = ["-m", "likelihand", "train", "--config", str(tmp_path / "run.yaml"), "--resume", "--out"]
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    whole = subprocess.run(
        [*torchrun, *command, str(tmp_path / "whole")],
        env=os.environ | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert whole.returncode == 0, whole.stderr[-3000:]

    out = tmp_path / "killed"
    first, second = (hosts.torchrun(i, 29412, [*command, str(out)], restarts=3, path=[ROOT]) for i in (0, 1))
    end = time.monotonic() + 200
    while step_of(out) < 6 and time.monotonic() < end:
        time.sleep(0.02)
    assert 6 <= step_of(out) < 24
    os.killpg(second.pid, signal.SIGKILL)  # the launcher; its process is in a group of its own
    subprocess.run(f"ip netns pids {hosts.names[1]} | xargs -r kill -9", shell=True, check=True)
    second.communicate()
    ended(first, hosts.torchrun(1, 29412, [*command, str(out)], restarts=3, path=[ROOT]))

    for name in ("last.safetensors", "best.safetensors"):
        expected, found = (read_tensors(folder / name)[0] for folder in (tmp_path / "whole", out))
        assert expected.keys() == found.keys()
        assert [key for key in expected if not torch.equal(expected[key], found[key])] == []
    assert json.loads((out / "run.json").read_text())["processes"] == 2


def test_hosts_that_do_not_share_the_folder_of_the_run_are_told(hosts: Hosts, tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text(RUN)
    command = ["-m", "likelihand", "train", "--config", str(tmp_path / "run.yaml"), "--resume", "--out"]
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "last.safetensors").touch()
    started = [hosts.torchrun(i, 29413, [*command, str(tmp_path / "ab"[i])], path=[ROOT]) for i in (0, 1)]
    errors = [process.communicate(timeout=300)[1] for process in started]
    assert all(process.returncode != 0 for process in started)
    assert all("--out must be a folder that all hosts share" in error for error in errors)
