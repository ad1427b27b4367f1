"""Everything that docs/notes/uncertainty.md says, measured again for a model by one command.

    python -m experiments.uncertainty_study MODEL --test SHARDS --out docs/notes [--real REAL] [--sheets FOLDER]

MODEL is a calibrated checkpoint; SHARDS rendered hands that neither it nor its calibration saw; REAL a folder with
`labelled/annotations.json` (and `formats/`), evaluated and audited where given; the contact sheet goes to FOLDER,
since pictures of other people's data sets must not go into docs.
"""

import argparse
import math
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from experiments.report import code, write_document
from likelihand.data.coco import CocoHands
from likelihand.data.dataset import Concatenated, Dataset, Subset
from likelihand.data.layouts import detect
from likelihand.evaluation import Predictions, predictions
from likelihand.evaluation.audit import agreed, audit, known_sides, offsets, predict_often, suspicions
from likelihand.evaluation.benchmark import interleaved
from likelihand.evaluation.calibration import compare, store
from likelihand.evaluation.calibration.flow import learned_density
from likelihand.evaluation.calibration.recipe import Recipe, calibrate
from likelihand.evaluation.plots import save_plots
from likelihand.geometry import transform_points
from likelihand.inference import Predictor, load, model_file
from likelihand.structures import FINGER_KEYPOINTS, FINGERS, Record, opposite
from likelihand.uncertainty import PHOTOS, RENDERED, Calibrations
from likelihand.utils.files import write_json

SHARE = 0.05
MOVED = 500
PARITY = 50
ROUNDS = 200
KINDS = ("outlier", "fingers swapped", "left and right swapped")


class Planted:
    """A data set with known errors in a share of its labels.

    Args:
        dataset: whose labels are right.
        swap_sides: a left/right swap changes the side's label; where false, it mirrors the points in the box.
        seed: of the choice.
    """

    def __init__(self, dataset: Dataset, swap_sides: bool, seed: int = 0) -> None:
        self.dataset, self.swap_sides = dataset, swap_sides
        rng = np.random.default_rng(seed)
        chosen = rng.permutation(len(dataset))[: round(SHARE * len(dataset))]
        self.kinds = {int(index): KINDS[i % 3] for i, index in enumerate(chosen)}

    def __len__(self) -> int:
        return len(self.dataset)

    def record(self, index: int) -> Record:
        """Return the record, its label spoilt where it was chosen."""
        record, kind = self.dataset.record(index), self.kinds.get(index)
        if kind is None:
            return record
        rng, points = np.random.default_rng([1, index]), record.points.copy()
        x0, y0, x1, y1 = record.box
        if kind == "outlier":
            length, angle = rng.uniform(0.15, 0.6) * max(x1 - x0, y1 - y0), rng.uniform(0, 2 * math.pi)
            points[rng.integers(21)] += length * np.array([math.cos(angle), math.sin(angle)])
        elif kind == "fingers swapped":
            one, other = (list(FINGER_KEYPOINTS[FINGERS[i]]) for i in rng.permutation(5)[:2])
            points[one], points[other] = record.points[other], record.points[one]
        elif self.swap_sides and record.side is not None:
            return replace(record, side=opposite(record.side))
        else:
            points[:, 0] = x0 + x1 - points[:, 0]
        return replace(record, points=points)


class Shifted:
    """A data set whose labels all lie half a pixel off, as a wrong convention for the pixel's centre puts them."""

    def __init__(self, dataset: Dataset, by: float) -> None:
        self.dataset, self.by = dataset, by

    def __len__(self) -> int:
        return len(self.dataset)

    def record(self, index: int) -> Record:
        """Return the record, points and box moved."""
        record = self.dataset.record(index)
        return replace(record, points=record.points + self.by, box=record.box + self.by)


def main(arguments: Sequence[str] | None = None) -> int:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("model", type=Path)
    p.add_argument("--test", type=Path, required=True)
    p.add_argument("--out", type=Path, default=Path("docs/notes"))
    p.add_argument("--real", type=Path)
    p.add_argument("--sheets", type=Path, default=Path("audit"))
    a = p.parse_args(arguments)
    checkpoint = model_file(a.model)
    predict = load(checkpoint, threads=1, detector=False, tta=1)
    known = predict.runtime.metadata.calibrations
    calibration = known.choose(RENDERED if RENDERED in known.names else None)
    if calibration is None:
        raise SystemExit(f"{checkpoint} is not calibrated; run likelihand calibrate first")
    if a.real is not None:
        CocoHands(labels_of(a.real))  # what is missing is said now, not after minutes
    figures = a.out / "uncertainty"
    figures.mkdir(parents=True, exist_ok=True)
    lines = [HEAD.format(source=calibration.source, model=name_of(checkpoint))]
    test = detect(a.test)
    same, predict = paths(checkpoint, predict, test)
    seen = predictions(predict.runtime, test).sized()
    comparison = compare(seen, calibration, learned_density(checkpoint))
    save_plots(comparison.statements, comparison.error, figures)
    write_json(figures / "rendered.json", comparison.to_json())
    lines += [ON_RENDERED.format(hands=len(seen)), code(comparison), PLOTS]
    lines += [*same, *planted(predict, test)]
    if a.real is not None:
        lines += real(predict, a.real, figures, a.sheets)
    write_document(a.out / "uncertainty.md", ["\n".join(lines)])
    return 0


def labels_of(real: Path) -> Path:
    """Return the labels of the real hands."""
    return real / "labelled" / "annotations.json"


def name_of(checkpoint: Path) -> str:
    """Name a model without its folders on this machine."""
    return f"{checkpoint.parent.name}/{checkpoint.name}"


def paths(checkpoint: Path, predict: Predictor, test: Dataset) -> tuple[list[str], Predictor]:
    """Compare PyTorch with the exported file, and time a prediction with and without calibration.

    Returns what is to be said of it, and the exported file's predictor.
    """
    from likelihand.inference import metadata_of
    from likelihand.inference.export import export
    from likelihand.models.checkpoint import load_checkpoint

    network, info = load_checkpoint(checkpoint)
    metadata = metadata_of(network, info)
    with tempfile.TemporaryDirectory() as folder:
        full, plain = Path(folder) / "full.onnx", Path(folder) / "plain.onnx"
        export(network, full, metadata)
        outputs = tuple(name for name in metadata.outputs if name != "spread")
        export(network, plain, replace(metadata, outputs=outputs, calibrations=Calibrations()))
        with_it, without = (load(file, threads=1, detector=False, tta=1) for file in (full, plain))
        worst = differences(predict, with_it, test)
        stripped = store(full, Calibrations(), Path(folder) / "stripped.onnx")
        assert not load(stripped, detector=False).runtime.metadata.calibrations
        seconds = cost(with_it, without, test)
    told = ", ".join(f"{name} {value:.1e}" for name, value in worst.items())
    ratio = seconds["calibrated"] / seconds["plain"] - 1
    lines = [
        "## The same numbers everywhere, and what they cost\n",
        f"PyTorch against the exported file on ONNX Runtime, largest difference over {PARITY} hands: {told} "
        "(image pixels; the covariance over the region's radius; confidence in 0..1).",
        f"\nA prediction of one hand on one thread takes {1000 * seconds['plain']:.2f} ms without spread and "
        f"calibration and {1000 * seconds['calibrated']:.2f} ms with them: {ratio:+.1%} ({ROUNDS} times each, in "
        "turns; medians).\n",
    ]
    return lines, with_it


def differences(first: Predictor, second: Predictor, test: Dataset) -> dict[str, float]:
    worst = {"points": 0.0, "scale": 0.0, "covariance": 0.0, "confidence": 0.0}
    for index in range(min(PARITY, len(test))):
        record = test.record(index)
        one, other = (predict(record.read(), [record.box])[0] for predict in (first, second))
        for name in worst:
            difference = np.abs(getattr(one, name) - getattr(other, name))
            if name == "covariance":
                difference = difference.max((1, 2)) / np.sqrt(np.linalg.det(one.covariance)) ** 0.5
            worst[name] = max(worst[name], float(difference.max()))
    return worst


def cost(with_it: Predictor, without: Predictor, test: Dataset) -> dict[str, float]:
    record = test.record(0)
    image, box = record.read(), [record.box]
    return interleaved(
        {"plain": lambda: without(image, box), "calibrated": lambda: with_it(image, box)[0].covariance},
        rounds=ROUNDS,
    )


def planted(predict: Predictor, test: Dataset) -> list[str]:
    """Spoil 5 % of the labels and see who is found; move all by half a pixel and see whether it is named."""
    ways = (False, True) if "side" in predict.runtime.metadata.outputs else (False,)
    looks = predict_often(predict.runtime, test)
    shifts = []
    some = Subset(test, range(min(MOVED, len(test))))
    for by in (0.0, 0.5, -0.5):
        moved = offsets(predictions(predict.runtime, Shifted(some, by)).sized())
        shifts.append(f"labels moved by ({by:+.1f}, {by:+.1f}) px: {moved[0]}")
    return [
        "## Planted errors\n",
        f"{round(SHARE * len(test))} of {len(test)} rendered labels (5 %) were spoilt, a third each: one keypoint "
        "moved by 15 to 60 % of the box, two fingers exchanged, left and right swapped.\n",
        *(line for swap_sides in ways for line in ranking(Planted(test, swap_sides), looks)),
        "A whole data set moved by half a pixel, as a wrong convention for pixel centres does:\n",
        code("\n".join(shifts)),
    ]


def ranking(spoilt: Planted, looks: Sequence[Predictions]) -> list[str]:
    """Rank spoilt labels among right ones, and say which are found."""
    sides = known_sides(spoilt, [int(i) for i in looks[0].index])
    ranked = agreed([suspicions(relabelled(look, spoilt), sides) for look in looks])
    top = ranked[: len(spoilt.kinds)]
    rows = []
    for kind in KINDS:
        total = [index for index, planted_kind in spoilt.kinds.items() if planted_kind == kind]
        found = [s for s in top if spoilt.kinds.get(s.index) == kind]
        named = [s for s in found if s.pattern == kind or (kind == KINDS[2] and s.pattern.startswith("mirrored"))]
        rows.append(f"| {kind} | {len(total)} | {len(found)} | {len(named)} |")
    right = sum(s.index in spoilt.kinds for s in top) / len(top)
    suspects = [s for s in ranked if s.suspect]
    true = sum(s.index in spoilt.kinds for s in suspects) / max(1, len(suspects))
    swapped = (
        "the side's label, the points as they were" if spoilt.swap_sides else "the points, mirrored in their box"
    )
    return [
        f"Left and right swapped in {swapped}: among the {len(top)} ranked first **{right:.1%}** are planted, of "
        f"the {len(suspects)} suspects (8 nats or more) {true:.1%}.\n",
        "| planted | hands | among the first | and named so |",
        "|---|---|---|---|",
        *rows,
        "",
    ]


def relabelled(observations: Predictions, spoilt: Planted) -> Predictions:
    """Put the spoilt labels into observations of the same pictures: the boxes, and so the crops, are the same."""
    target = observations.target.copy()
    for n, index in enumerate(observations.index):
        if int(index) in spoilt.kinds:
            target[n] = transform_points(observations.crop_from_image[n], spoilt.record(int(index)).points)
    length = (target.max(1) - target.min(1)).max(-1)
    return replace(observations, target=target, length=length)


def real(predict: Predictor, folder: Path, figures: Path, sheets: Path) -> list[str]:
    """Score and audit real hands; their pictures stay out of docs."""
    known = predict.runtime.metadata.calibrations
    calibration = known.choose(RENDERED)
    labels = labels_of(folder)
    core = predictions(predict.runtime, CocoHands(labels, where={"subset": "core"})).sized()
    photos = predictions(predict.runtime, CocoHands(labels, box="keypoints")).sized()
    recipe = Recipe(PHOTOS, added_noise=True, balance=True)
    ((_, held_out),) = calibrate(recipe, [photos], [], known)
    comparison = compare(core, calibration)
    write_json(figures / "real.json", comparison.to_json())
    save_plots(comparison.statements, comparison.error, figures / "real")
    everything = Concatenated([CocoHands(labels), *formats(folder / "formats")])
    seen, *others = predict_often(predict.runtime, everything)
    result = audit(seen, everything, sheets, others=others, calibration=calibration)
    listed = "\n".join(
        f"{rank:2} {Path(everything.record(s.index).key).name}: {s.pattern} {s.detail} ({s.nats:.1f} nats)"
        for rank, s in enumerate(result.suspicions[:10], 1)
    )
    return [
        REAL.format(hands=len(core)),
        code(comparison),
        LEFT_OUT.format(hands=len(photos)),
        code(held_out),
        AUDIT.format(hands=len(seen)),
        code("\n".join([*str(result).splitlines()[:-1], "", listed])),
    ]


def formats(folder: Path) -> list[Dataset]:
    """Open what the sample files hold, as far as the readers know it, without the records that are refused."""
    found: list[Dataset] = []
    for path in [*sorted(folder.rglob("*.json")), *(p.parents[1] for p in sorted(folder.rglob("anno_*.pickle")))]:
        try:
            data = detect(path)
            good = [i for i in range(len(data)) if readable(data, i)]
            found += [Subset(data, good)] if good else []
        except (ValueError, OSError, KeyError, TypeError):
            continue
    return found


def readable(data: Dataset, index: int) -> bool:
    try:
        data.record(index).read()
    except (ValueError, OSError):
        return False
    return True


HEAD = """# Uncertainty, measured

Written by `experiments/uncertainty_study.py`; what the words mean is in
`docs/explanation/uncertainty.md`. Model: `{model}`,
calibrated on {source}.
"""
ON_RENDERED = """## Rendered hands

{hands} rendered hands that neither the model nor its calibration saw:
"""
PLOTS = """![Coverage of regions](uncertainty/regions.png)
![Confidence against correctness](uncertainty/confidence.png)
![Risk and coverage](uncertainty/risk-coverage.png)
"""
REAL = """## Real hands

{hands} real hands (the `core` of a mixed collection, by source), with the calibration `rendered`, which was
fitted on rendered hands alone:
"""
LEFT_OUT = """The calibration `photos`, the default, counts each source alike. On all {hands} real hands, one look
each, every source scored by a fit on the others:
"""
AUDIT = """## Audit of real labels

{hands} real labels from many sources, the ten most suspicious first:
"""

if __name__ == "__main__":
    raise SystemExit(main())
