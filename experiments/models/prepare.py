"""Make the data that the run files of the bundled models read: render what is free, say what is not.

    python -m experiments.models.prepare hand-1-rendered [--processes 16] [--plan]

Steps whose sources are there are run in order; each goes on where it was interrupted, and what is done already is
not done again. For every other step one line says what it lacks and where that comes from. Without the name of a
run file the data of all are made. Photos in data/without-hands become the backgrounds of rendered pictures.
"""

import argparse
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from likelihand.cli import main as likelihand

EMPTY: Final = "data/without-hands"
UNLABELLED: Final = "data/unlabelled"
SOURCES: Final = {
    EMPTY: "any photos without hands; ours are street scenes, rooms and landscapes under free licences",
    UNLABELLED: "photos of people, their hands found by another model (images, index.csv, pseudo_labels.json, see "
    "README.md); ours may not be passed on as a collection",
    "data/fingertips": "photos on which two fingertips are labelled, as COCO keypoints; ours may not be passed on",
    "runs/pseudo.json": f"the step before, from {UNLABELLED}",
    "runs/faces.json": "`python -m experiments.models.faces data/unlabelled --out runs/faces.json`, with OpenCV 4",
    "runs/hand-1": "the first run: likelihand train --config experiments/models/hand-1-rendered.yaml",
    "runs/hand-2": "the second run, whose command stands in hand-1-rendered.yaml",
}


@dataclass(frozen=True)
class Step:
    """One thing to make.

    Attributes:
        out: the file or folder that it makes.
        command: a command of likelihand, or a module of this package and its arguments.
        needs: what must be there before; keys of `SOURCES`.
    """

    out: str
    command: str
    needs: tuple[str, ...] = ()


def rendered(name: str, count: int, seed: int) -> Step:
    """Return the step that renders a set of hands of 144 pixels."""
    return Step(f"runs/shards/{name}", f"synth --shards --count {count} --seed {seed} --size 144")


def packed(name: str, *needs: str) -> Step:
    """Return the step that cuts the hands out of photos."""
    out = f"runs/packed/{name}"
    return Step(out, f"data pack experiments/models/data/{name}.yaml --side 224 --quality 82", needs)


def relabelled(name: str) -> Step:
    """Return the step that joins a set's labels with estimates of the second run."""
    command = f"relabel runs/packed/{name} --model runs/hand-2 --anatomy runs/hand-1"
    return Step(f"runs/packed/{name}-2", command, ("runs/hand-1", "runs/hand-2", UNLABELLED))


_VALIDATION: Final = rendered("validation", 500, 2)
_PHOTOS: Final = (
    Step("runs/pseudo.json", f"pseudo_to_coco {UNLABELLED}", (UNLABELLED,)),
    packed("photos", "runs/pseudo.json"),
    packed("hagrid", "runs/pseudo.json"),
    packed("tips", "data/fingertips"),
    packed("faces", "runs/faces.json"),
    Step("runs/false-finds-closer.json", f"false_finds {EMPTY} --threshold 0.15", (EMPTY,)),
)
_SCENES: Final = Step("runs/scenes", "synth --scenes --count 9000 --seed 21 --size 256")
STEPS: Final[dict[str, tuple[Step, ...]]] = {
    "hand-1-rendered": (rendered("first", 48000, 1), _VALIDATION),
    "hand-2-photos": (rendered("first", 48000, 1), rendered("second", 48000, 11), _VALIDATION, *_PHOTOS),
    "hand-3-relabelled": (
        *(rendered("third", 24000, 21), rendered("fourth", 24000, 22), _VALIDATION, *_PHOTOS),
        *(relabelled(name) for name in ("photos", "hagrid", "tips")),
    ),
    "hand-4-slower": (
        *(rendered("fifth", 12000, 31), _VALIDATION, *_PHOTOS),
        *(relabelled(name) for name in ("photos", "hagrid", "tips")),
    ),
    "weak-labels": (rendered("sixth", 24000, 41), *_PHOTOS[:2]),
    "detect-rendered": (_SCENES,),
    "detect-cpu": (_SCENES,),
}
"""By run file, what makes its data."""
GIVEN: Final = {"detect-cpu": (UNLABELLED, "data/fingertips", EMPTY), "hand-2-photos": (EMPTY,)}
"""By run file, folders that it reads as they are."""


def words_of(step: Step, processes: int) -> list[str]:
    """Return the command of a step as words."""
    words = [*shlex.split(step.command), "--out", step.out]
    if words[0] == "synth" and Path(EMPTY).is_dir():
        words += ["--backgrounds", EMPTY]
    return [*words, "--processes", str(processes)] if words[0] in ("synth", "data") else words


def missing(step: Step) -> list[str]:
    """Return which of a step's sources are not there."""
    return [source for source in step.needs if not Path(source).exists()]


def done(step: Step) -> bool:
    """Tell whether a step without a memory of its own is done; the others find out themselves."""
    return step.command.split()[0] not in ("synth", "data") and Path(step.out).exists()


def steps_of(names: list[str]) -> Iterator[Step]:
    """Yield the steps of these run files, each once, in order."""
    yield from dict.fromkeys(step for name in names for step in STEPS[name])


def perform(words: list[str]) -> int:
    """Run a command of likelihand, or a module of this package."""
    if words[0] in ("synth", "data"):
        return likelihand(words)
    import runpy
    import sys

    sys.argv = words
    runpy.run_module(f"experiments.models.{words[0]}", run_name="__main__")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run_files", nargs="*", metavar="RUN_FILE", help=f"of {', '.join(STEPS)}; all where none")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--plan", action="store_true", help="print the commands and do nothing")
    arguments = parser.parse_args()
    names = arguments.run_files or list(STEPS)
    if unknown := [name for name in names if name not in STEPS]:
        parser.error(f"{unknown[0]!r} is no run file with data to make; give one of {', '.join(STEPS)}")
    for step in steps_of(names):
        words = words_of(step, arguments.processes)
        if lacking := missing(step):
            print(f"left out: {step.out} needs {lacking[0]}: {SOURCES[lacking[0]]}")
        elif arguments.plan or done(step):
            print("done already:" if done(step) else "would run:", shlex.join(words))
        elif code := perform(words):
            return code
    given = dict.fromkeys(source for name in names for source in GIVEN.get(name, ()))
    for source in given:
        if not Path(source).exists():
            print(f"not there: {source}: {SOURCES[source]}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
