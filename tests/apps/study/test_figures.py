import itertools

import pytest

from tests.study_scores import made

pytest.importorskip("matplotlib")

from matplotlib.colors import to_rgb

from likelihand.apps.study.claims import judge
from likelihand.apps.study.figures import (
    COLOURS,
    DASHES,
    MARKERS,
    claims_figure,
    compared_figure,
    epochs_figure,
    stages_figure,
)
from likelihand.apps.study.methods import DECISIVE, L1, LAPLACE, MLE, RIVALS, STAGES
from likelihand.apps.study.plan import CLEAN, OUTLIERS, SWAPPED

ALL = (*DECISIVE, *RIVALS)
RESULTS = made({(m, labels): [0.1, 0.12, 0.13] for m in (*ALL, *STAGES) for labels in (CLEAN, OUTLIERS)})


def texts(drawing):
    return [text.get_text() for legend in drawing.legends for text in legend.get_texts()]


def luminance(colour):
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_every_line_differs_in_more_than_colour_and_stands_out_on_white():
    assert len(set(COLOURS)) == len(set(MARKERS)) == len(set(DASHES)) >= len(ALL)
    assert all(1.05 / (luminance(colour) + 0.05) > 2 for colour in COLOURS)
    for first, second in itertools.combinations(COLOURS, 2):
        assert sum(abs(a - b) for a, b in zip(to_rgb(first), to_rgb(second), strict=True)) > 0.2


def test_epochs_have_a_column_for_each_kind_of_labels():
    drawing = epochs_figure(RESULTS, DECISIVE, (CLEAN, OUTLIERS))
    assert [axis.get_title() for axis in drawing.axes[:2]] == [CLEAN.label, OUTLIERS.label]
    assert "by heart" in drawing.axes[3].get_ylabel() and "training labels" in drawing.axes[2].get_ylabel()
    assert texts(drawing) == [m.label for m in DECISIVE]
    assert len(drawing.axes[3].get_lines()) == 3


def test_every_method_is_in_the_legend_once():
    drawing = compared_figure(RESULTS, ALL)
    assert texts(drawing) == [m.label for m in ALL] and len(drawing.axes[1].get_lines()) == len(ALL)
    assert len(compared_figure(RESULTS, ALL, SWAPPED).axes) == 2


def test_stages_are_drawn_against_their_number():
    assert texts(stages_figure(RESULTS, STAGES)) == [m.label for m in STAGES]


def test_verdicts_stand_beside_their_intervals():
    found = judge(made({(m, CLEAN): [0.1, 0.12] for m in (L1, MLE, LAPLACE)}))
    drawing = claims_figure(found)
    labels = [text.get_text() for axis in drawing.axes for text in axis.get_yticklabels()]
    assert sorted(labels) == sorted(f"{f.claim}: {f.verdict}" for f in found)


def test_no_legend_covers_another_panel():
    for drawing in (epochs_figure(RESULTS, DECISIVE, (CLEAN,)), compared_figure(RESULTS, ALL)):
        drawing.draw_without_rendering()
        legend = drawing.legends[0].get_window_extent()
        assert not any(legend.overlaps(axis.get_tightbbox()) for axis in drawing.axes)


def test_half_done_studies_can_be_drawn():
    one = made({(MLE, CLEAN): [0.1]})
    for drawing in (
        stages_figure(one, STAGES),
        compared_figure(one, ALL),
        epochs_figure(one, ALL, (CLEAN, SWAPPED)),
    ):
        drawing.draw_without_rendering()
