"""Runs a bulk run on a simulated cluster of several nodes, kills nodes and drivers at random moments, and goes on.

Usage: cluster_script.py FOLDER --model FILE --nodes 4 --kill-nodes 1 --kill-drivers 2 --seed 0. Pictures are in
FOLDER/in, results in FOLDER/out. Prints what was killed, and after how many parts, as JSON.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0"}  # else a busy machine starves them
from ray.cluster_utils import Cluster

STORE = 80 * 2**20


def parts(out: Path) -> int:
    """Count the parts that are there."""
    return len(list((out / "parts").glob("[0-9]*.parquet")))


class Driver:
    """The command, which can be killed and started again."""

    def __init__(self, command: list[str], log: Path) -> None:
        self.command, self.log = command, log
        self.start()

    def start(self) -> None:
        with self.log.open("w") as log:
            self.process = subprocess.Popen(self.command, stderr=log, start_new_session=True)

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def disturb(
    driver: Driver, cluster: Cluster, nodes: list[Any], kills: list[tuple[int, str]], out: Path
) -> list[Any]:
    """Kill what is to be killed once there are so many parts; return when the run has ended."""
    told = []
    while driver.process.poll() is None or kills:
        if driver.process.poll() is not None:
            raise RuntimeError(f"the run ended before {kills[0]}: {driver.log.read_text()[-2000:]}")
        if kills and parts(out) >= kills[0][0]:
            _, kind = kills.pop(0)
            told.append([kind, parts(out)])
            if kind == "node":
                cluster.remove_node(nodes.pop(), allow_graceful=False)
            else:
                driver.kill()
                driver.start()
        time.sleep(0.02)
    return told


def main() -> None:
    p = argparse.ArgumentParser()
    p.add_argument("folder", type=Path)
    p.add_argument("--model", type=Path)
    p.add_argument("--nodes", type=int, default=4)
    p.add_argument("--kill-nodes", type=int, default=0)
    p.add_argument("--kill-drivers", type=int, default=0)
    p.add_argument("--chunk", type=int, default=2)
    p.add_argument("--options", default="--crop")
    p.add_argument("--seed", type=int, default=0)
    a = p.parse_args()
    chance, out = random.Random(a.seed), a.folder / "out"
    count = len([file for file in (a.folder / "in").iterdir() if file.is_file()])
    moments = sorted(chance.sample(range(1, max(2, count // a.chunk * 3 // 4)), a.kill_nodes + a.kill_drivers))
    kinds = ["node"] * a.kill_nodes + ["driver"] * a.kill_drivers
    chance.shuffle(kinds)
    cluster = Cluster()
    try:
        cluster.add_node(num_cpus=0, object_store_memory=STORE, include_dashboard=False)
        nodes = [cluster.add_node(num_cpus=1, object_store_memory=STORE) for _ in range(a.nodes)]
        command = (
            f"likelihand predict {a.folder}/in --engine ray {a.options} --chunk {a.chunk} --out {out}".split()
        )
        command = [sys.executable, "-m", *command, "--address", cluster.address]
        driver, begun = (
            Driver(command + (["--model", str(a.model)] if a.model else []), a.folder / "log"),
            time.time(),
        )
        told = disturb(driver, cluster, nodes, list(zip(moments, kinds, strict=True)), out)
        seconds = round(time.time() - begun, 1)
    finally:
        cluster.shutdown()
    assert driver.process.returncode == 0, driver.log.read_text()[-3000:]
    print(json.dumps({"killed": told, "seconds": seconds, "parts": parts(out)}))


if __name__ == "__main__":
    main()
