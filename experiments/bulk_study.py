"""What bulk runs on Ray cost and stand: rate and memory beside plain `predict`, nodes and drivers that are killed.

    python -m experiments.bulk_study rate --pictures 600 --out /tmp/bulk
    python -m experiments.bulk_study scale --pictures 20000 --films 50 --out /tmp/bulk-scale
    python -m experiments.bulk_study nodes --pictures 300 --out /tmp/bulk-nodes
    python -m experiments.bulk_study kill --pictures 300 --nodes 4 --out /tmp/bulk-kill
    python -m experiments.bulk_study cost --rate 5.0 --price 0.0425

`rate` links the package's sample pictures under many names and runs both programs in turns, one with two threads,
the other with a worker a CPU. CPU seconds and memory are those of the whole tree of processes, from /proc; what a
further picture costs is the difference between the runs on a third and on all, which start alike. `scale` does
the same once with many rendered pictures, each cropped as a whole, and with films: 1,000 pictures and the film of
the package are linked under many names. `nodes` runs on simulated clusters of 1, 2 and 4 nodes of one CPU. `cost`
computes.
"""

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

from PIL import Image

from likelihand.data import Synthetic, samples
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


def linked(folder: Path, count: int, files: Sequence[Path] = samples.pictures()) -> Path:
    """Link files under as many names as are asked for; the package's sample pictures unless told otherwise."""
    folder.mkdir(parents=True, exist_ok=True)
    for i, file in zip(range(count), cycle(files), strict=False):
        link = folder / f"{i:06}{file.suffix}"
        if not link.exists():
            link.symlink_to(file)
    return folder


def rendered(folder: Path, count: int = 1000) -> list[Path]:
    """Render pictures of one hand each, once."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{i:04}.jpg" for i in range(count)]
    hands = Synthetic(count=count, size=224, seed=77)
    for i, file in enumerate(files):
        if not file.exists():
            Image.fromarray(hands.record(i).read()).save(file, quality=90)
    return files


PLAIN, RAY = "predict --threads 2", "predict --engine ray"
COLUMNS = [
    "program",
    "inputs",
    "seconds",
    "CPU seconds",
    "MB in the middle",
    "at the end",
    "at most",
    "load before",
]


def compared(
    source: Path, out: Path, count: int, options: Sequence[str], chunk: int
) -> list[tuple[Watch, list[str]]]:
    """Run both programs on a folder, the results beside it; return what was measured, with rows of a table."""
    # 15 else: on a busy machine Ray's workers would wait for all others
    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112
    base = [sys.executable, "-m", "likelihand", "predict", str(source), *options, "--out"]
    measured = []
    for name, folder, more in (
        (PLAIN, out / "plain", ["--threads", "2", "--no-overlay"]),
        (RAY, out / "ray", ["--engine", "ray", "--chunk", str(chunk)]),
    ):
        load, watch = os.getloadavg()[0], Watch()
        watch.run([*base, str(folder), *more])
        memory = [f"{value:.0f}" for value in (*watch.flat, max(watch.memory))]
        row = [name, str(count), f"{watch.seconds:.1f}", f"{sum(watch.cpu.values()):.1f}", *memory, f"{load:.1f}"]
        print(row, flush=True)
        measured.append((watch, row))
    return measured


def rate(folder: Path, count: int, tta: int) -> None:
    """Measure both programs on a third of the pictures and on all of them, and compare what they found."""
    rows, each = [], dict[tuple[str, int], float]()
    for n in (count // 3, count):
        out = folder / f"{n}-{os.getpid()}"
        for watch, row in compared(linked(folder / f"pictures-{n}", n), out, n, ["--tta", str(tta)], 8):
            rows.append(row)
            each[row[0], n] = sum(watch.cpu.values())
    print(f"\n{tta} crop(s) a hand\n\n{markdown(COLUMNS, rows)}\n")
    for name in (PLAIN, RAY):
        more = (each[name, count] - each[name, count // 3]) / (count - count // 3)
        print(f"{name}: {more:.3f} CPU seconds a further picture")
    print(f"results identical: {same(out / 'plain', out / 'ray')}")


def scale(folder: Path, count: int, films: int) -> None:
    """Measure both programs on many small pictures and on films, and compare what they found."""
    pictures = linked(folder / f"pictures-{count}", count, rendered(folder / "rendered"))
    clips = linked(folder / f"films-{films}", films, [samples.FILM])
    rows = []
    for source, n, options, chunk in (
        (pictures, count, ["--crop", "--tta", "1"], 256),
        (clips, films, [], 1),
    ):
        out = folder / f"{source.name}-{os.getpid()}"
        rows += [row for _, row in compared(source, out, n, options, chunk)]
        print(f"{source.name}: results identical: {same(out / 'plain', out / 'ray')}")
    print(markdown(COLUMNS, rows))


def on_cluster(run: Path, nodes: int) -> list[str]:
    """Return the command that runs on a simulated cluster, in chunks of eight pictures."""
    return [sys.executable, str(CLUSTER), str(run), "--nodes", str(nodes), "--chunk", "8"]


def nodes_compared(folder: Path, count: int) -> None:
    """Time one run on simulated clusters of several sizes; their nodes share this machine's cores."""
    pictures, rows = linked(folder / f"pictures-{count}", count), []
    for nodes in (1, 2, 4):
        run = folder / f"nodes-{nodes}-{os.getpid()}"
        run.mkdir()
        (run / "in").symlink_to(pictures.absolute())
        printed = subprocess.run(
            [*on_cluster(run, nodes), "--options=--tta 1"], capture_output=True, text=True, check=True
        ).stdout
        told = json.loads(printed.splitlines()[-1])
        rows.append([str(nodes), str(count), f"{told['seconds']:.1f}", f"{count / told['seconds']:.2f}"])
    print(markdown(["nodes of one CPU", "pictures", "seconds with the start", "pictures a second"], rows))


def same(plain: Path, ray: Path) -> bool:
    """Compare the hands of both programs, number by number; those of films by frame."""
    import pyarrow.parquet as pq

    def place(file: str, frame: int | None) -> tuple[str, int | None]:
        return Path(file).stem, frame

    columns = ("points", "covariance", "confidence", "box", "side", "score")
    found: dict[tuple[str, int | None], list[object]] = {}
    for row in pq.read_table(ray / "parts", columns=["path", "frame", "hand", *columns]).to_pylist():
        hands = found.setdefault(place(row["path"], row["frame"]), [])
        if row["hand"] is not None:
            hands.append([row[name] for name in columns])
    names = ("keypoints", "covariance", "confidence", "box", "side", "score")
    told = {
        place(line.get("file", file.name), line.get("frame")): [
            [hand.get(name) for name in names] for hand in line["hands"]
        ]
        for file in plain.glob("*.jsonl")
        for line in map(json.loads, file.read_text().splitlines())
    }
    return found == told


def kill(folder: Path, count: int, nodes: int, seed: int) -> None:
    """Run on a simulated cluster; kill three nodes and two drivers at random moments; count what is there."""
    pictures = linked(folder / f"pictures-{count}", count)
    run = folder / f"kill-{count}-{nodes}-{seed}"
    run.mkdir(parents=True, exist_ok=True)
    if not (run / "in").exists():
        (run / "in").symlink_to(pictures.absolute())
    kills = ["--kill-nodes", "3", "--kill-drivers", "2", "--seed", str(seed)]
    subprocess.run([*on_cluster(run, nodes), *kills, "--options=--crop --tta 1"], check=True)
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
    p.add_argument("what", choices=["rate", "scale", "nodes", "kill", "cost"])
    p.add_argument("--pictures", type=int, default=600)
    p.add_argument("--films", type=int, default=50)
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
    elif a.what == "scale":
        scale(a.out.absolute(), a.pictures, a.films)
    elif a.what == "nodes":
        nodes_compared(a.out.absolute(), a.pictures)
    elif a.what == "kill":
        kill(a.out.absolute(), a.pictures, a.nodes, a.seed)
    else:
        cost(a.rate, a.price)


if __name__ == "__main__":
    main()
