"""Plots: what is drawn is what was measured, and no two curves share both colour and line."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from likelihand.evaluation.plots import STYLES, plot_confidence, plot_regions, plot_risk_coverage, save_plots

RNG = np.random.default_rng(0)
ERROR = RNG.exponential(0.08, 500)
STATEMENTS = {
    "honest": {"confidence": np.clip(1 - ERROR, 0, 1), "probability": RNG.uniform(size=500)},
    "silent": {"confidence": RNG.uniform(size=500)},
}


def test_regions_are_drawn_where_they_are_stated() -> None:
    (axes,) = plot_regions(STATEMENTS).axes
    _, honest = axes.lines
    levels, within = honest.get_data()
    assert np.abs(np.asarray(within) - np.asarray(levels)).max() < 8  # percent, 500 draws


def test_confidence_is_drawn_against_what_is_correct() -> None:
    (axes,) = plot_confidence(STATEMENTS, ERROR).axes
    _, honest, silent = axes.lines
    assert np.ptp(honest.get_ydata()) > 50 > np.ptp(silent.get_ydata())


def test_the_risk_of_everything_is_the_mean_error_and_the_order_of_curves_is_right() -> None:
    (axes,) = plot_risk_coverage(STATEMENTS, ERROR).axes
    honest, silent, best = (np.asarray(line.get_ydata()) for line in axes.lines)
    assert honest[-1] == pytest.approx(100 * ERROR.mean()) == pytest.approx(silent[-1])
    assert honest[len(honest) // 2] < silent[len(silent) // 2]
    assert best[len(best) // 2] <= honest[len(honest) // 2] + 1


def test_styles_differ_in_colour_and_in_line() -> None:
    assert len({colour for colour, _ in STYLES}) == len({str(line) for _, line in STYLES}) == len(STYLES)


def test_files_are_written(tmp_path: Path) -> None:
    files = save_plots(STATEMENTS, ERROR, tmp_path / "plots")
    assert [f.name for f in files] == ["regions.png", "confidence.png", "risk-coverage.png"]
    assert all(f.stat().st_size > 5000 for f in files)
