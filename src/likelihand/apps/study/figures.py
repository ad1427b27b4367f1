"""The study's figures, in colour-blind safe colours; markers and dashes differ too."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from likelihand.apps.study.claims import Finding
from likelihand.apps.study.hands import TEST
from likelihand.apps.study.methods import Method
from likelihand.apps.study.plan import CLEAN, Experiment, Labels
from likelihand.apps.study.results import Results
from likelihand.apps.study.runner import folder_of
from likelihand.apps.study.setting import Setting
from likelihand.apps.study.statistics import Verdict, interval
from likelihand.data.augment import sample_of
from likelihand.data.dataset import Dataset
from likelihand.evaluation import EveryStage, evenly, predictions
from likelihand.evaluation.metrics import PAPER
from likelihand.geometry import Image
from likelihand.inference.metadata import ModelMetadata
from likelihand.models.checkpoint import load_checkpoint
from likelihand.structures import KEYPOINTS, PAPER_JOINTS
from likelihand.training import LAST
from likelihand.visualization.drawing import Drawing, contact_sheet, draw_keypoints

COLOURS: Final = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#000000",
    "#7F7F7F",
    "#A0522D",
    "#661100",
    "#44AA99",
    "#882255",
)
"""Okabe and Ito's, without their yellow, which is faint on white, and some more."""
MARKERS: Final = "osD^vP*Xh<>p"
DASHES: Final = ("-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1)), (0, (3, 1, 1, 1)), (0, (6, 2)), (0, (2, 2)),
                 (0, (8, 1)), (0, (4, 3)), (0, (1, 3)))  # fmt: skip
_LEGEND_COLUMN: Final = 3.4
"""Inches that a column of a figure's legend takes."""


def _new(rows: int, columns: int, width: float, height: float, **options: Any) -> tuple[Any, Any]:  # noqa: ANN401
    """Make a grid of panels."""
    from matplotlib.figure import Figure

    drawing = Figure(figsize=(width, height), layout="constrained", dpi=110)
    return drawing, drawing.subplots(rows, columns, squeeze=False, **options)


def _legend_below(drawing: Any, panel: Any, labels: Sequence[str]) -> None:  # noqa: ANN401
    """Explain markers, colours and dashes of all panels under the figure."""
    handles = [
        panel.plot([], [], MARKERS[i], color=COLOURS[i], ls=DASHES[i], lw=1.6, label=label)[0]
        for i, label in enumerate(labels)
    ]
    columns = max(1, min(4, len(handles), int(drawing.get_figwidth() / _LEGEND_COLUMN)))
    drawing.legend(handles=handles, loc="outside lower center", ncols=columns, fontsize=9)


def _band(panel: Any, x: Any, curves: Any, place: int) -> None:  # noqa: ANN401
    """Draw the mean of curves over seeds, and the range of the seeds as a band."""
    style = {"color": COLOURS[place], "ls": DASHES[place], "lw": 1.8}
    panel.plot(x, curves.mean(0), marker=MARKERS[place], ms=4, markevery=max(1, len(x) // 10), **style)
    panel.fill_between(x, curves.min(0), curves.max(0), color=COLOURS[place], alpha=0.12, lw=0)


def epochs_figure(results: Results, methods: Sequence[Method], labels: Sequence[Labels]) -> Any:  # noqa: ANN401
    """Draw the runs' scores on correct and corrupted labels over the epochs, a column for each kind of labels.

    Above: the error of test hands, with the mean pose. Below: the error against the training labels as given; or,
    where some are wrong, the share of wrong ones that the network answers by heart.
    """
    drawing, panels = _new(2, len(labels), 1.5 + 4.2 * len(labels), 7.5)
    for column, kind in enumerate(labels):
        above, below = panels[:, column]
        measure, text = ("train_label", "error against training labels") if kind is CLEAN else (
            "fitted", "share of wrong labels learnt by heart")  # fmt: skip
        for place, method in enumerate(methods):
            for panel, name in ((above, "nme"), (below, measure)):
                x, curves = results.curves(method, name, kind)
                if len(x):
                    _band(panel, x, curves, place)
        if TEST in results.mean_pose:
            pose = float(np.mean(results.mean_pose[TEST]["nme"]))
            above.axhline(pose, color="0.5", lw=1)
            place_of_text = {
                "xycoords": ("axes fraction", "data"),
                "xytext": (4, -3),
                "textcoords": "offset points",
            }
            above.annotate("the mean pose", (0, pose), va="top", color="0.4", **place_of_text)
        above.set(title=kind.label, ylabel="NME of test hands", xlabel="epoch")
        below.set(ylabel=text, xlabel="epoch")
        below.set_ylim(bottom=0)
        for panel in (above, below):
            panel.grid(alpha=0.3)
    _legend_below(drawing, panels[0, 0], [method.label for method in methods])
    return drawing


def compared_figure(results: Results, methods: Sequence[Method], labels: Labels = CLEAN) -> Any:  # noqa: ANN401
    """Draw NME at the paper's 11 joints and PCK curves of several methods (figs. 5 to 7)."""
    drawing, panels = _new(1, 2, 13, 5)
    joints, curves = panels[0]
    shown = [method for method in methods if results.of(method, labels)]
    for place, method in enumerate(shown):
        tests = [run["tests"][TEST] for run in results.of(method, labels).values()]
        _band(curves, np.array(PAPER.auc_thresholds), np.array([test["curve"] for test in tests]), place)
        for x, keypoint in enumerate(PAPER_JOINTS):
            _interval(
                joints,
                x + (place + 0.5) * 0.8 / len(shown) - 0.4,
                [t["by_keypoint"][keypoint] for t in tests],
                place,
            )
    for x in range(1, len(PAPER_JOINTS)):
        joints.axvline(x - 0.5, color="0.85", lw=0.8)
    names = [KEYPOINTS[k].replace("_", "\n") for k in PAPER_JOINTS]
    joints.set_xticks(range(len(names)), names, fontsize=8)
    joints.set(ylabel="NME", title=f"NME at the paper's 11 joints, {labels.label}")
    curves.set(xlabel="threshold, share of the hand's length", ylabel="PCK", title="PCK, mean and range of seeds")
    curves.set(xlim=(0, PAPER.auc_thresholds[-1]))
    for panel in (joints, curves):
        panel.grid(alpha=0.3)
    _legend_below(drawing, joints, [method.label for method in shown])
    return drawing


def _interval(panel: Any, x: float, values: Sequence[float], place: int) -> None:  # noqa: ANN401
    """Draw a mean with its 95 % interval; hollow where one run alone is known."""
    made = interval(list(values))
    known = bool(np.isfinite(made.spread))
    panel.errorbar(
        x, made.mean, yerr=made.spread if known else None, fmt=MARKERS[place], color=COLOURS[place], ms=6,
        mfc=COLOURS[place] if known else "white", capsize=3, elinewidth=1.2,
    )  # fmt: skip


def stages_figure(results: Results, methods: Sequence[Method]) -> Any:  # noqa: ANN401
    """Draw NME by stage of networks with several numbers of stages (the paper's fig. 4)."""
    drawing, panels = _new(1, 1, 7, 5)
    panel = panels[0, 0]
    for place, method in enumerate(methods):
        stages = np.array([run["tests"][TEST]["by_stage"] for run in results.of(method).values()])
        for stage in range(stages.shape[1] if len(stages) else 0):
            _interval(panel, stage + 1 + 0.06 * place, stages[:, stage].tolist(), place)
        if len(stages):
            x = np.arange(1, stages.shape[1] + 1) + 0.06 * place
            panel.plot(x, stages.mean(0), color=COLOURS[place], ls=DASHES[place], lw=1)
    panel.set(xlabel="stage", ylabel="NME", title="NME by stage; hollow: one run")
    panel.grid(alpha=0.3)
    _legend_below(drawing, panel, [method.label for method in methods])
    return drawing


def claims_figure(found: Sequence[Finding]) -> Any:  # noqa: ANN401
    """Draw the advantage behind every verdict with its interval, a panel for each measure."""
    measures = list(dict.fromkeys(finding.claim.measure.label for finding in found))
    groups = {m: [f for f in found if f.claim.measure.label == m] for m in measures}
    heights = [len(group) + 1.5 for group in groups.values()]
    drawing, panels = _new(len(groups), 1, 11, 0.33 * sum(heights) + 1, height_ratios=heights)
    colours = {Verdict.HOLDS: COLOURS[2], Verdict.FAILS: COLOURS[1], Verdict.UNDECIDED: COLOURS[7]}
    for panel, (measure, group) in zip(panels[:, 0], groups.items(), strict=True):
        for row, finding in enumerate(group):
            made = finding.advantage
            colour, known = colours[finding.verdict], bool(np.isfinite(made.spread))
            width, fill = (made.spread, colour) if known else (None, "white")
            panel.errorbar(made.mean, row, xerr=width, fmt="o", capsize=3, color=colour, mfc=fill)
        panel.set_yticks(range(len(group)), [f"{f.claim}: {f.verdict}" for f in group], fontsize=8)
        panel.set(ylim=(len(group) - 0.5, -0.5), xlabel=f"advantage in {measure}; right of 0 speaks for the claim")
        panel.axvline(0, color="0.4", lw=1)
        panel.axvline(group[0].claim.measure.worth, color="0.7", lw=1, ls=":")
        panel.grid(axis="x", alpha=0.3)
    return drawing


CELL: Final = 192
"""Side of a picture in the grid."""


def picture_grid(
    runs: Sequence[Experiment], setting: Setting, dataset: Dataset, out: Path, hands: int = 6
) -> Drawing | None:
    """Draw what each run finds in some test hands: a row for each hand, the truth first; None without weights.

    Runs whose weights are not at hand are left out; the hands are spread evenly over the test set.
    """
    files = {run: folder_of(out, run) / LAST for run in runs}
    known = {run: file for run, file in files.items() if file.exists()}
    if not known:
        return None
    chosen = evenly(len(dataset), hands)
    padding = setting.train.padding
    large = [sample_of(dataset.record(i), i, (CELL, CELL), padding=padding) for i in chosen]
    cells: list[list[Image]] = [[_drawn(s.crop, s.target, s.weight) for s in large]]
    for file in known.values():
        model = EveryStage(load_checkpoint(file)[0], ModelMetadata(size=setting.size, padding=padding))
        found = predictions(model, dataset, chosen, beyond=0.0, progress=False)
        points = found.points * (CELL / setting.size[0])
        cells.append([_drawn(s.crop, p) for s, p in zip(large, points, strict=True)])
    captions = ["truth", *(f"{run.method.label}, {run.labels.label}" for run in known)]
    images = [column[row] for row in range(len(chosen)) for column in cells]
    return Drawing(contact_sheet(images, columns=len(cells), cell=CELL, captions=captions * len(chosen)))


def _drawn(crop: Image, points: np.ndarray, where: np.ndarray | None = None) -> Image:
    canvas = crop.copy()
    draw_keypoints(canvas, points, where=where)
    return canvas
