"""The study's figures, in colours that the colour-blind can tell apart; markers and dashes differ too."""

import textwrap
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from likelihand.hand import KEYPOINTS, PAPER_JOINTS
from likelihand.study.methods import MLE_WARM, Method, separate
from likelihand.study.plan import CLEAN, KINDS, Amount
from likelihand.study.results import NME, PCK, Results, at_joint, at_stage
from likelihand.study.scoring import DARK, OWN
from likelihand.study.statistics import estimate

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
)
"""Okabe and Ito's, without their yellow, which is faint on white; grey and brown at the end."""

LEGEND_COLUMN: Final = 3.4
"""Inches that a column of a figure's legend takes."""

MARKERS: Final = "osD^vP*Xh"
DASHES: Final = ("-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1)), (0, (3, 1, 1, 1)), (0, (6, 2)), (0, (2, 2)))


def _new(columns: int, width: float, height: float, **options: Any) -> tuple[Any, Any]:  # noqa: ANN401
    """Make a row of panels."""
    from matplotlib.figure import Figure

    drawing = Figure(figsize=(width, height), layout="constrained", dpi=130)
    return drawing, drawing.subplots(1, columns, squeeze=False, **options)[0]


def _legend(panel: Any, **options: Any) -> None:  # noqa: ANN401
    """Explain a panel inside it, where it shows anything."""
    if panel.get_legend_handles_labels()[0]:
        panel.legend(fontsize=8, **options)


def _legend_below(drawing: Any, panel: Any, labels: Sequence[str]) -> None:  # noqa: ANN401
    """Explain markers, colours and dashes of all panels under the figure."""
    handles = [
        panel.plot([], [], MARKERS[i], color=COLOURS[i], ls=DASHES[i], lw=1.6, label=label)[0]
        for i, label in enumerate(labels)
    ]
    columns = max(1, min(4, len(handles), int(drawing.get_figwidth() / LEGEND_COLUMN)))
    drawing.legend(handles=handles, loc="outside lower center", ncols=columns, fontsize=9)


def _interval(panel: Any, x: float, values: Sequence[float], place: int, **options: Any) -> None:  # noqa: ANN401
    """Draw a mean with its 95 % interval; hollow where one run alone is known."""
    if not values:
        return
    made = estimate(list(values))
    known = np.isfinite(made.spread)
    panel.errorbar(
        x, made.mean, yerr=made.spread if known else None, fmt=MARKERS[place], color=COLOURS[place], ms=6,
        mfc=COLOURS[place] if known else "white", capsize=3, elinewidth=1.2, **options,
    )  # fmt: skip


def _curve(panel: Any, results: Results, method: Method, place: int, label: str, **which: Any) -> None:  # noqa: ANN401
    """Draw a PCK curve: the mean over seeds, and the range of the seeds as a band."""
    curves = np.array(results.curves(method, **which))
    if not curves.size:
        return
    x = results.thresholds()
    panel.plot(x, curves.mean(0), color=COLOURS[place], ls=DASHES[place], lw=1.8, label=label)
    panel.fill_between(x, curves.min(0), curves.max(0), color=COLOURS[place], alpha=0.12, lw=0)


def _finish_curves(panel: Any, title: str) -> None:  # noqa: ANN401
    """Label a panel of PCK curves."""
    panel.set(xlabel="threshold, share of the hand's length", ylabel="PCK", title=title, xlim=(0, 0.2))
    panel.set_ylim(bottom=0)
    panel.grid(alpha=0.3)


def stages_figure(results: Results, methods: Sequence[Method]) -> Any:  # noqa: ANN401
    """Draw PCK curves by stage, and NME and PCK@0.2 against the stage (the paper's fig. 4)."""
    drawing, (curves, errors, shares) = _new(3, 13, 4)
    for stage in range(results.setting.stages):
        _curve(curves, results, MLE_WARM, stage, f"stage {stage + 1}", stage=stage)
    _finish_curves(curves, MLE_WARM.label)
    _legend(curves, loc="upper left")
    for panel, metric in ((errors, NME), (shares, PCK)):
        for place, method in enumerate(methods):
            means = []
            for stage in range(results.setting.stages):
                values = list(results.values(method, at_stage(metric, stage)).values())
                _interval(panel, stage + 1 + 0.06 * place, values, place, label=None if stage else method.label)
                means.append(estimate(values).mean)
            panel.plot(range(1, len(means) + 1), means, color=COLOURS[place], ls=DASHES[place], lw=1)
        for number, stages in enumerate(results.setting.separate):
            values = list(results.values(separate(stages), metric).values())
            label = f"{MLE_WARM.label}, so many stages alone" if number == 0 else None
            _interval(panel, stages + 0.06 * len(methods), values, len(methods), label=label)
        panel.set(xlabel="stage", ylabel=metric.label, title=f"{metric.label} by stage")
        panel.set_xticks(range(1, results.setting.stages + 1))
        panel.grid(alpha=0.3)
        panel.margins(y=0.35)
        _legend(panel)
    return drawing


def compared_figure(results: Results, methods: Sequence[Method], dark: bool = False) -> Any:  # noqa: ANN401
    """Draw NME at the paper's 11 joints and PCK curves of several methods (figs. 5 to 7)."""
    drawing, (joints, curves) = _new(2, 13, 5)
    shown = [(m, OWN) for m in methods] + [(m, DARK) for m in methods if dark and m.dark]
    labels = [m.label + (" + DARK" if reading == DARK else "") for m, reading in shown]
    width = 0.8 / len(shown)
    for place, (method, reading) in enumerate(shown):
        for x, keypoint in enumerate(PAPER_JOINTS):
            values = list(results.values(method, at_joint(keypoint), reading=reading).values())
            _interval(joints, x + (place + 0.5) * width - 0.4, values, place)
        _curve(curves, results, method, place, labels[place], reading=reading)
    for x in range(1, len(PAPER_JOINTS)):
        joints.axvline(x - 0.5, color="0.85", lw=0.8)
    names = [KEYPOINTS[k].replace("_", "\n") for k in PAPER_JOINTS]
    joints.set_xticks(range(len(names)), names, fontsize=8)
    joints.set(ylabel="NME", title="NME at the paper's 11 joints, mean and 95 % interval")
    joints.grid(axis="y", alpha=0.3)
    _finish_curves(curves, "PCK, mean and range of seeds")
    _legend_below(drawing, joints, labels)
    return drawing


def noise_figure(results: Results, methods: Sequence[Method], levels: Sequence[Amount]) -> Any:  # noqa: ANN401
    """Draw error against the amount of wrong labels, a panel for each kind."""
    kinds = list(dict.fromkeys(amount.kind for amount in levels))
    width = max(3.6 * len(kinds), 2 * LEGEND_COLUMN)
    drawing, panels = _new(len(kinds), width, 4.6 + 0.1 * len(methods) / len(kinds), sharey=True)
    for panel, kind in zip(panels, kinds, strict=True):
        own = [CLEAN, *(amount for amount in levels if amount.kind == kind)]
        step = 100 * max(a.value for a in own) / 60
        for place, method in enumerate(methods):
            shift = (place - (len(methods) - 1) / 2) * step
            known = []
            for amount in own:
                values = list(results.values(method, NME, amount).values())
                _interval(panel, 100 * amount.value + shift, values, place)
                known += [(100 * amount.value + shift, float(np.mean(values)))] if values else []
            if known:
                panel.plot(*zip(*known, strict=True), color=COLOURS[place], ls=DASHES[place], lw=1.2)
        panel.set(title=kind, xlabel="\n".join(textwrap.wrap(KINDS[kind], 34)))
        panel.set_xticks([100 * a.value for a in own])
        panel.set_xlim(-len(methods) * step, 100 * max(a.value for a in own) + len(methods) * step)
        panel.grid(alpha=0.3)
    panels[0].set_ylabel("NME on clean labels")
    _legend_below(drawing, panels[0], [method.label for method in methods])
    return drawing
