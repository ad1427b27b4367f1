"""Plots of uncertainty, colour-blind safe; the functions return figures and show nothing. Needs matplotlib."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from likelihand.evaluation.metrics.reliability import confidence_bins, coverage, risk_coverage

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FloatArray = NDArray[np.float64]
Statements = Mapping[str, Mapping[str, FloatArray]]
"""Name to arrays (M,): `confidence`, and `probability` where regions are stated."""

STYLES: Final = (
    ("#0072B2", "-"), ("#D55E00", "--"), ("#009E73", "-."), ("#CC79A7", ":"),
    ("#E69F00", (0, (5, 1))), ("#56B4E9", (0, (3, 1, 1, 1))), ("#000000", (0, (1, 1))),
)  # fmt: skip
"""Okabe and Ito's colours, each with a line of its own, so that no curve is known by colour alone."""
WITHIN: Final = 0.1
"""What counts as correct, in shares of the hand's size."""


def _axes(xlabel: str, ylabel: str) -> "tuple[Figure, Axes]":
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.6, 5.0), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    axes.grid(alpha=0.3)
    return figure, axes


def _percent_axes(xlabel: str, ylabel: str) -> "tuple[Figure, Axes]":
    """Make axes of 0 to 100 % with the diagonal of perfect calibration."""
    figure, axes = _axes(xlabel, ylabel)
    axes.plot([0, 100], [0, 100], color="0.6", linewidth=1)
    axes.set_xlim(0, 100)
    axes.set_ylim(0, 100)
    return figure, axes


def _with_legend(figure: "Figure") -> "Figure":
    figure.legend(loc="outside upper center", ncols=3, frameon=False, fontsize=8)
    return figure


def _style(position: int) -> dict[str, Any]:
    colour, line = STYLES[position % len(STYLES)]
    return {"color": colour, "linestyle": line, "linewidth": 2.0}


def plot_regions(statements: Statements) -> "Figure":
    """Plot the observed against the stated coverage of regions; the diagonal is perfect.

    Args:
        statements: those without `probability` are left out.
    """
    figure, axes = _percent_axes("level of the region (%)", "truths within it (%)")
    levels = np.arange(1, 100) / 100
    stated = {name: s for name, s in statements.items() if "probability" in s}
    for i, (name, said) in enumerate(stated.items()):
        axes.plot(100 * levels, 100 * coverage(said["probability"], levels), label=name, **_style(i))
    return _with_legend(figure)


def plot_confidence(statements: Statements, error: ArrayLike) -> "Figure":
    """Plot the share of errors within 10 % of the hand's size against the stated confidence.

    Args:
        statements: with `confidence` each.
        error: (M,) in shares of the hand's size.
    """
    correct = np.asarray(error) <= WITHIN
    figure, axes = _percent_axes("confidence (%)", "errors within 10 % of the hand's size (%)")
    for i, (name, said) in enumerate(statements.items()):
        rows = 100 * confidence_bins(said["confidence"], correct)
        axes.plot(rows[:, 0], rows[:, 1], label=name, marker="o", markersize=4, **_style(i))
    return _with_legend(figure)


def plot_risk_coverage(statements: Statements, error: ArrayLike) -> "Figure":
    """Plot the mean error of the most certain share of the keypoints, for every share, and the optimum.

    Args:
        statements: with `confidence` each.
        error: (M,) in shares of the hand's size.
    """
    errors = np.asarray(error, np.float64)
    figure, axes = _axes("surest keypoints kept (%)", "their mean error (% of the hand's size)")
    curves = {name: risk_coverage(said["confidence"], errors) for name, said in statements.items()}
    share = 100 * np.arange(1, len(errors) + 1) / len(errors)
    few = max(1, len(errors) // 50)
    for i, (name, curve) in enumerate(curves.items()):
        axes.plot(share[few - 1 :], 100 * curve[few - 1 :], label=name, **_style(i))
    axes.plot(share, 100 * risk_coverage(-errors, errors), color="0.6", linewidth=1, label="the errors known")
    axes.set_xlim(0, 100)
    axes.set_ylim(0, None)
    return _with_legend(figure)


def save_plots(statements: Statements, error: ArrayLike, folder: str | os.PathLike[str]) -> list[Path]:
    """Write regions.png, confidence.png and risk-coverage.png; the folder is made where it is missing."""
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    figures = {
        "regions.png": plot_regions(statements),
        "confidence.png": plot_confidence(statements, error),
        "risk-coverage.png": plot_risk_coverage(statements, error),
    }
    for name, figure in figures.items():
        figure.savefig(place / name)
    return [place / name for name in figures]
