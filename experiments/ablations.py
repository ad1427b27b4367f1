"""Show what each ingredient of rendered pictures is worth: train without it, score on real photos.

    python -m experiments.ablations --labelled LABELLED/annotations.json --backgrounds PHOTOS

All runs begin with one network, trained on pictures without any ingredient, so that a short training is spent on
what the ingredients add. For every variant and seed: render shards, train `ablation.yaml` on them, score the last
weights, add a row to the CSV and write the document (`ablations.md`, filled in) and its figure.
What is there already is not done again; interrupted work goes on where it stopped. Seeds come one after the other,
so that a run cut short has all variants of the earlier ones.
PHOTOS is a folder of photos without hands; LABELLED is scored on alone: nothing is trained or chosen on it.
"""

from __future__ import annotations

import argparse
import csv
import math
import shlex
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import yaml

from experiments.report import write_document
from likelihand.apps.study.statistics import student
from likelihand.cli import main as likelihand
from likelihand.data import CocoHands
from likelihand.evaluation import EveryStage, Function, evaluate
from likelihand.inference import metadata_of
from likelihand.inference.runtimes import Runtime
from likelihand.models.checkpoint import load_checkpoint, read_info
from likelihand.structures import Record
from likelihand.utils.tables import markdown

ROOT: Final = Path(__file__).resolve().parents[1]
TEMPLATE: Final = Path(__file__).with_suffix(".md")
EASY: Final = "hand-graph-cnn"
SETS: Final = {"all": "all core hands", "easy": "the easy scene", "others": "the others"}
COLUMNS: Final = ("variant", "seed", "pictures", "base_steps", "steps", "size")
SCORES: Final = tuple(f"{name}_{score}" for name in SETS for score in ("hands", "nme", "median"))
Row: TypeAlias = dict[str, str]


@dataclass(frozen=True)
class Variant:
    """One way to render: what it is called in the document, what it does without, and whether it has photos."""

    label: str
    options: Mapping[str, str] = field(default_factory=dict)
    photos: bool = True


BARE: Final = "none"
VARIANTS: Final = {
    "all": Variant("all ingredients"),
    "flat-background": Variant("without backgrounds: one flat colour", {"backgrounds": "false"}),
    "white-light": Variant("without light: even and white", {"light": "false"}),
    "bare-hands": Variant("without objects and second hand", {"objects": "false", "second_hand": "false"}),
    "no-effects": Variant("without effects: blur, noise, JPEG, casts", {"effects": "false"}),
    "one-skin": Variant("one skin tone", {"skin": "false"}),
    "upright": Variant("upright viewpoints only", {"viewpoints": "upright"}),
    BARE: Variant(
        "none of these ingredients",
        dict.fromkeys(("backgrounds", "light", "objects", "second_hand", "effects", "skin"), "false")
        | {"viewpoints": "upright"},
        photos=False,
    ),
    "clutter": Variant("generated clutter, no photos", photos=False),
}


class Grouped:
    """Labelled hands in two groups: the easy scene and the others."""

    def __init__(self, dataset: CocoHands) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        """Count the hands."""
        return len(self.dataset)

    def record(self, index: int) -> Record:
        """Return a hand under its group's name."""
        record = self.dataset.record(index)
        return replace(record, dataset="easy" if record.dataset.startswith(EASY) else "others")


def command(*words: object) -> None:
    """Run a command of likelihand; whoever wants a part again can type what is printed."""
    texts = [str(word) for word in words]
    print("likelihand", shlex.join(texts), flush=True)
    if code := likelihand(texts):
        raise SystemExit(code)


def render(name: str, a: argparse.Namespace) -> Path:
    """Render a variant's pictures, those that are missing; all variants have the same hands otherwise."""
    variant = VARIANTS[name]
    folder: Path = a.out / "pictures" / name
    options = [word for key, value in variant.options.items() for word in (f"--options.{key}", value)]
    photos = ["--backgrounds", a.backgrounds] if variant.photos and a.backgrounds else []
    size = ["--count", a.count, "--size", a.picture_size, "--seed", 1]
    command("synth", "--shards", *size, "--out", folder, *photos, *options)
    return folder


def trained(run: Path, seed: int, pictures: Path, steps: int, a: argparse.Namespace, *more: object) -> Path:
    """Train on a variant's pictures, from where it stopped, and give the last weights."""
    last = run / "last.safetensors"
    if not last.exists() or read_info(last).training["step"] < steps:
        data = ["--train_data.init_args.path", pictures]
        size = ["--train.seed", seed, "--train.steps", steps, "--train.size", a.size]
        command(
            "train", "--config", a.config, *data, *size, "--out", run, *(["--resume"] if last.exists() else more)
        )
    return last


def base_of(a: argparse.Namespace) -> Path:
    """Train the network that every run begins with, on pictures without any ingredient."""
    return trained(a.out / "base", 1000, render(BARE, a), a.base_steps, a)


_KEYS: Final = (("hands", "hands"), ("nme", "nme"), ("median", "nme_median"))


def score(model: Runtime, hands: Grouped) -> Row:
    """Score on all hands, the easy scene and the others, by the paper's protocol."""
    report = evaluate(model, hands, progress=False)
    parts = {"all": report.scores, **report.breakdown.by_dataset}
    values = {f"{name}_{s}": getattr(parts[name], key) for name in SETS for s, key in _KEYS if name in parts}
    return {name: f"{value:.5f}" if isinstance(value, float) else str(value) for name, value in values.items()}


def scored(weights: Path, hands: Grouped) -> Row:
    """Score a checkpoint."""
    network, info = load_checkpoint(weights)
    return score(EveryStage(network, metadata_of(network, info)), hands)


def read_rows(path: Path, settings: Mapping[str, str]) -> list[Row]:
    """Read the rows of runs with these settings."""
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return [row for row in csv.DictReader(file) if all(row[k] == v for k, v in settings.items())]


def add_row(path: Path, row: Row) -> None:
    """Add a row to the CSV, below the names of the columns where it is new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    begun = path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, [*COLUMNS, *SCORES], restval="", lineterminator="\n")
        if not begun:
            writer.writeheader()
        writer.writerow(row)


def by_variant(rows: Sequence[Row], column: str) -> dict[str, dict[int, float]]:
    """Return variant -> seed -> value of a column, the variants from the smallest mean to the largest."""
    values: dict[str, dict[int, float]] = {}
    for row in rows:
        if row[column]:
            values.setdefault(row["variant"], {})[int(row["seed"])] = float(row[column])
    return dict(sorted(values.items(), key=lambda item: np.mean(list(item[1].values()))))


def deviation(values: Mapping[str, Mapping[int, float]]) -> tuple[float, int]:
    """Return the standard deviation between seeds, pooled over variants (NaN with one each), and its freedom."""
    squares = [np.var(list(v.values())) * len(v) for v in values.values()]
    freedom = sum(len(v) - 1 for v in values.values())
    return math.sqrt(sum(squares) / freedom) if freedom else math.nan, freedom


def difference(values: Mapping[str, Mapping[int, float]], name: str) -> tuple[float, float]:
    """Return the difference of a variant's mean to that of "all", and its spread, a 95 % interval."""
    if "all" not in values:
        return math.nan, math.nan
    own, whole = list(values[name].values()), list(values["all"].values())
    sd, freedom = deviation(values)
    return float(np.mean(own) - np.mean(whole)), student(freedom) * sd * math.sqrt(1 / len(own) + 1 / len(whole))


def verdict(mean: float, spread: float) -> str:
    """Say what a difference of an error shows."""
    if math.isnan(mean + spread):
        return "unknown: one seed"
    return "none" if abs(mean) <= spread else "worse" if mean > 0 else "better"


def table(rows: Sequence[Row]) -> str:
    """Make the table of all variants, the best first."""
    names = ["nme", "median"]
    head = ["rendered pictures", "runs", *(f"{s}, {n}" for s in SETS.values() for n in ("NME", "median"))]
    lines = []
    values = by_variant(rows, "all_nme")
    for name, seeds in values.items():
        cells = [by_variant(rows, f"{s}_{n}").get(name, {}) for s in SETS for n in names]
        means = [f"{np.mean(list(cell.values())):.4f}" if cell else "" for cell in cells]
        told = difference(values, name)
        shows = ["", ""] if name == "all" else [f"{told[0]:+.4f} ± {told[1]:.4f}", verdict(*told)]
        lines.append([VARIANTS[name].label, str(len(seeds)), *means, *shows])
    return markdown([*head, "difference ± spread", "shows"], lines)


def figure(rows: Sequence[Row], path: Path) -> None:
    """Draw every run as a dot and every variant's mean as a bar, a panel for each set of hands."""
    from matplotlib.figure import Figure

    order = list(by_variant(rows, "all_nme"))[::-1]
    drawing = Figure(figsize=(11, 0.45 * len(order) + 1.6), layout="constrained", dpi=140)
    panels = drawing.subplots(1, len(SETS), sharey=True)
    for panel, (short, text) in zip(panels, SETS.items(), strict=True):
        values = by_variant(rows, f"{short}_nme")
        for place, name in enumerate(order):
            seeds = list(values.get(name, {}).values())
            colour = "#0072B2" if name == "all" else "#D55E00"
            panel.plot(seeds, [place] * len(seeds), "o", color=colour, mfc="none", ms=6)
            panel.plot(np.mean(seeds) if seeds else math.nan, place, "|", color=colour, ms=18, mew=3)
        if "all" in values:
            middle, spread = np.mean(list(values["all"].values())), max(difference(values, n)[1] for n in values)
            panel.axvline(middle, color="#0072B2", lw=0.8, ls=":")
            if not math.isnan(spread):
                panel.axvspan(middle - spread, middle + spread, color="#0072B2", alpha=0.12, lw=0)
        hands = next(iter(r[f"{short}_hands"] for r in rows))
        panel.set(title=f"{text} ({hands} hands)", xlabel="NME, mean over hands")
        panel.grid(axis="x", alpha=0.3)
    panels[0].set_yticks(range(len(order)), [VARIANTS[name].label for name in order])
    drawing.savefig(path)


def write_report(rows: Sequence[Row], a: argparse.Namespace, middle: Row, start: Row) -> None:
    """Write the document and its figure."""
    figure(rows, a.report.with_suffix(".png"))
    counts = {name: rows[0][f"{name}_hands"] for name in SETS}
    photos = "photos without hands" if a.backgrounds else "generated clutter"
    batch = yaml.safe_load(a.config.read_text(encoding="utf-8"))["train"]["batch_size"]
    errors = by_variant(rows, "all_nme")
    values: dict[str, Any] = {"variants": len(errors), "deviation": deviation(errors)}
    values |= {
        "table": table(rows),
        "batch": batch,
        "stem": a.report.stem,
        "counts": counts,
        "middle": middle,
        "start": start,
        "before": batch * a.base_steps,
        "a": a,
    }
    left = [v.label for name, v in VARIANTS.items() if name not in errors and (v.photos or a.backgrounds)]
    values["missing"] = f"\nNot run yet: {'; '.join(left)}.\n" if left else ""
    flag = " --backgrounds PHOTOS" if a.backgrounds else ""
    text = TEMPLATE.read_text(encoding="utf-8").format(photos=photos, flag=flag, samples=batch * a.steps, **values)
    write_document(a.report, [text])


def arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--labelled", type=Path, required=True, help="COCO keypoint JSON with subset=core")
    p.add_argument("--backgrounds", type=Path, help="folder of photos without hands")
    p.add_argument("--count", type=int, default=1500, help="pictures a variant")
    p.add_argument("--picture-size", type=int, default=80)
    p.add_argument("--base-steps", type=int, default=300, help="of training before, without any ingredient")
    p.add_argument("--steps", type=int, default=150, help="of training")
    p.add_argument("--size", type=int, default=64, help="of the crops")
    p.add_argument("--seeds", type=int, default=3)
    p.add_argument("--variants", nargs="*", choices=VARIANTS, default=list(VARIANTS), help="which of them to run")
    p.add_argument("--config", type=Path, default=TEMPLATE.with_name("ablation.yaml"))
    p.add_argument("--out", type=Path, default=Path("runs/ablation"), help="pictures and runs")
    p.add_argument("--report", type=Path, default=ROOT / "docs/notes/rendered-ingredients.md")
    return p.parse_args()


def main() -> None:
    a = arguments()
    hands = Grouped(CocoHands(a.labelled, where={"subset": "core"}, box="keypoints"))
    settings = {"pictures": a.count, "base_steps": a.base_steps, "steps": a.steps, "size": a.size}
    settings = {key: str(value) for key, value in settings.items()}
    file = a.report.with_suffix(".csv")
    names = [name for name in a.variants if a.backgrounds or VARIANTS[name].photos]
    size, middle = (a.size, a.size), np.full((21, 2), a.size / 2)
    nothing = score(Function(lambda crops: np.tile(middle, (len(crops), 1, 1)), size, 1.25), hands)
    base = base_of(a)
    start = scored(base, hands)
    jobs = [(name, seed) for seed in range(a.seeds) for name in names]
    for number, (name, seed) in enumerate(jobs, 1):
        rows = read_rows(file, settings)
        if not any((row["variant"], row["seed"]) == (name, str(seed)) for row in rows):
            begun = time.monotonic()
            run = a.out / name / str(seed)
            last = trained(run, seed, render(name, a), a.steps, a, "--start", base)
            row = {"variant": name, "seed": str(seed), **settings, **scored(last, hands)}
            add_row(file, row)
            rows.append(row)
            told = [f"{key} {row[key]}" for key in ("all_nme", "easy_nme", "others_nme") if key in row]
            print(
                f"[{number}/{len(jobs)}] {name}, seed {seed}:",
                *told,
                f"{time.monotonic() - begun:.0f} s",
                flush=True,
            )
        write_report(rows, a, nothing, start)


if __name__ == "__main__":
    main()
