"""What bulk runs on Ray cost and stand: rate and memory beside plain `predict`, nodes and drivers that are killed.

    python -m experiments.bulk_study rate --pictures 600 --out /tmp/bulk
    python -m experiments.bulk_study kill --pictures 300 --nodes 4 --out /tmp/bulk-kill
    python -m experiments.bulk_study cost --rate 5.0 --price 0.0425

`rate` links the package's sample pictures under many names and runs both programs in turns, one with two threads,
the other with a worker a CPU. CPU seconds and memory are those of the whole tree of processes, from /proc; what a
further picture costs is the difference between the runs on a third and on all, which start alike. `cost` computes.
"""

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

from likelihand import samples
from likelihand.utils.tables import markdown

CLUSTER = Path(__file__).parents[1] / "tests" / "apps" / "bulk" / "cluster_script.py"
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Watch:
    """Measures a command and all the processes that it starts, four times a second.

    Attributes:
        seconds: of the clock.
        cpu: seconds of processors, by process.
        memory: proportional set size of them all in MB, at each look; shared pages count once.
    """

    seconds: float = 0.0
    cpu: dict[int, float] = field(default_factory=dict)
    memory: list[float] = field(default_factory=list)
    begun: float = field(default_factory=time.monotonic)

    def run(self, command: list[str]) -> str:
        """Run the command; return what it says on standard error."""
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        watcher = threading.Thread(target=self._watch, args=(process,))
        watcher.start()
        _, error = process.communicate()
        watcher.join()
        self.seconds = time.monotonic() - self.begun
        if process.returncode:
            raise RuntimeError(error[-2000:])
        return error

    def _watch(self, process: "subprocess.Popen[str]") -> None:
        while process.poll() is None:
            self._look(process.pid)
            time.sleep(0.25)

    def _look(self, root: int) -> None:
        pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        parents = {pid: stat for pid in pids if (stat := _stat(pid))}
        family, size = {root}, 0
        while size != len(family):
            size = len(family)
            family |= {pid for pid, (parent, _) in parents.items() if parent in family}
        self.cpu |= {pid: parents[pid][1] for pid in family if pid in parents}
        self.memory.append(sum(map(_megabytes, family)))

    @property
    def flat(self) -> tuple[float, float]:
        """Memory in the middle and at the end of the run: medians of its second and last fifth, MB."""
        fifth = max(1, len(self.memory) // 5)
        parts = (self.memory[2 * fifth : 3 * fifth], self.memory[-fifth - 4 : -4] or self.memory[-1:])
        middle, end = (sorted(part)[len(part) // 2] for part in parts)
        return middle, end


def _stat(pid: int) -> tuple[int, float] | None:
    """Return a process's parent and its CPU seconds."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return None
    return int(fields[1]), (int(fields[11]) + int(fields[12])) / TICKS


def _megabytes(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def linked(folder: Path, count: int) -> Path:
    """Link the package's sample pictures under as many names as are asked for."""
    pictures = folder / f"pictures-{count}"
    pictures.mkdir(parents=True, exist_ok=True)
    for i, file in zip(range(count), cycle(samples.pictures()), strict=False):
        link = pictures / f"{i:06}.jpg"
        if not link.exists():
            link.symlink_to(file)
    return pictures


def rate(folder: Path, count: int, tta: int) -> None:
    """Measure both programs on a third of the pictures and on all of them, and compare what they found."""
    # 15 else: on a busy machine Ray's workers would wait for all others
    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112
    rows, cpu = [], dict[tuple[str, int], float]()
    for n in (count // 3, count):
        base = [sys.executable, "-m", "likelihand", "predict", str(linked(folder, n)), "--tta", str(tta), "--out"]
        plain, ray = folder / f"plain-{n}-{os.getpid()}", folder / f"ray-{n}-{os.getpid()}"
        for name, out, more in (
            ("predict --threads 2", plain, ["--threads", "2", "--no-overlay"]),
            ("predict --engine ray", ray, ["--engine", "ray", "--chunk", "8"]),
        ):
            load, watch = os.getloadavg()[0], Watch()
            watch.run([*base, str(out), *more])
            cpu[name, n] = sum(watch.cpu.values())
            memory = [f"{value:.0f}" for value in (*watch.flat, max(watch.memory))]
            rows.append([name, str(n), f"{watch.seconds:.1f}", f"{cpu[name, n]:.1f}", *memory, f"{load:.1f}"])
            print(rows[-1], flush=True)
    columns = ["seconds", "CPU seconds", "MB in the middle", "MB at the end", "MB at most", "load before"]
    print(f"\n{tta} crop(s) a hand\n\n{markdown(['program', 'pictures', *columns], rows)}\n")
    for name in dict.fromkeys(name for name, _ in cpu):
        each = (cpu[name, count] - cpu[name, count // 3]) / (count - count // 3)
        print(f"{name}: {each:.3f} CPU seconds a further picture")
    print(f"results identical: {same(plain / 'predictions.jsonl', ray)}")


def same(lines: Path, out: Path) -> bool:
    """Compare the hands of both programs, number by number."""
    import pyarrow.parquet as pq

    found: dict[str, list[object]] = {}
    for row in pq.read_table(out / "parts").to_pylist():
        names = ("points", "covariance", "confidence", "box", "side", "score")
        found.setdefault(row["path"], []).extend(
            [[row[name] for name in names]] if row["hand"] is not None else []
        )
    names = ("keypoints", "covariance", "confidence", "box", "side", "score")
    written = [json.loads(line) for line in lines.read_text().splitlines()]
    plain = {line["file"]: [[hand[name] for name in names] for hand in line["hands"]] for line in written}
    return found == plain


def kill(folder: Path, count: int, nodes: int, seed: int) -> None:
    """Run on a simulated cluster; kill three nodes and two drivers at random moments; count what is there."""
    pictures = linked(folder, count)
    run = folder / f"kill-{count}-{nodes}-{seed}"
    run.mkdir(parents=True, exist_ok=True)
    if not (run / "in").exists():
        (run / "in").symlink_to(pictures.absolute())
    command = [
        sys.executable,
        str(CLUSTER),
        str(run),
        "--nodes",
        str(nodes),
        "--kill-nodes",
        "3",
        "--kill-drivers",
        "2",
    ]
    subprocess.run([*command, "--chunk", "8", "--options=--crop --tta 1", "--seed", str(seed)], check=True)
    import pyarrow.parquet as pq

    places: dict[str, list[int | None]] = {}
    for row in pq.read_table(run / "out" / "parts").to_pylist():
        places.setdefault(row["path"], []).append(row["hand"])
    once = sum(hands == [None] or set(hands) == set(range(len(hands))) for hands in places.values())
    print(f"{len(places)} of {count} pictures are there, {once} exactly once")


def cost(pictures_a_second: float, price: float) -> None:
    """Compute what pictures cost at a rate of one core and a price of a core's hour."""
    rows = [
        [
            f"{count:,}",
            f"{count / pictures_a_second / 3600:.2f}",
            f"{count / pictures_a_second / 3600 * price:.2f}",
        ]
        for count in (10**3, 10**4, 10**5, 10**6, 10**7)
    ]
    print(markdown(["pictures", "core hours", "dollars"], rows))


def main() -> None:
    p = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    p.add_argument("what", choices=["rate", "kill", "cost"])
    p.add_argument("--pictures", type=int, default=600)
    p.add_argument("--tta", type=int, default=1)
    p.add_argument("--nodes", type=int, default=4)
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--rate", type=float, help="pictures a second and core, as measured")
    p.add_argument("--price", type=float, default=0.0425, help="dollars a core's hour")
    p.add_argument("--out", type=Path, default=Path("runs/bulk"))
    a = p.parse_args()
    a.out.mkdir(parents=True, exist_ok=True)
    if a.what == "rate":
        rate(a.out.absolute(), a.pictures, a.tta)
    elif a.what == "kill":
        kill(a.out.absolute(), a.pictures, a.nodes, a.seed)
    else:
        cost(a.rate, a.price)


if __name__ == "__main__":
    main()
