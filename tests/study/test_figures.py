import itertools

import pytest

from tests.study_scores import by_method, results

pytest.importorskip("matplotlib")

from matplotlib.colors import to_rgb

from likelihand.study.figures import COLOURS, DASHES, MARKERS, compared_figure, noise_figure, stages_figure
from likelihand.study.methods import LOSSES, METHODS, MLE, MLE_WARM, REMEDIES, ROBUST
from likelihand.study.plan import KINDS, amounts, largest
from likelihand.study.setting import Setting


def texts(drawing):
    legends = [*drawing.legends, *(axis.get_legend() for axis in drawing.axes if axis.get_legend())]
    return [text.get_text() for legend in legends for text in legend.get_texts()]


def luminance(colour):
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_every_line_differs_in_more_than_colour_and_stands_out_on_white():
    assert len(set(COLOURS)) == len(set(MARKERS)) == len(set(DASHES)) == 9
    assert all(1.05 / (luminance(colour) + 0.05) > 2 for colour in COLOURS)
    for first, second in itertools.combinations(COLOURS, 2):
        assert sum(abs(a - b) for a, b in zip(to_rgb(first), to_rgb(second), strict=True)) > 0.3


def test_stages_are_drawn_against_their_number():
    drawing = stages_figure(results(), (MLE, MLE_WARM))
    told = texts(drawing)
    assert [f"stage {t}" for t in range(1, 6)] == told[:5] and MLE_WARM.label in told
    assert [axis.get_xlabel() for axis in drawing.axes[1:]] == ["stage", "stage"]


@pytest.mark.parametrize(("methods", "dark", "count"), [(LOSSES, False, 7), (METHODS, True, 9)])
def test_every_method_is_in_the_legend_once(methods, dark, count):
    drawing = compared_figure(results(), methods, dark)
    told = texts(drawing)
    assert len(told) == len(set(told)) == count and {m.label for m in methods} <= set(told)
    assert len(drawing.axes[1].get_lines()) == count


def test_wrong_labels_have_a_panel_for_each_kind():
    drawing = noise_figure(results(), ROBUST, amounts(Setting()))
    assert [axis.get_title() for axis in drawing.axes] == list(KINDS)
    assert texts(drawing) == [m.label for m in ROBUST]
    assert list(drawing.axes[1].get_xticks()) == [0, 10, 20, 40]


def test_no_legend_covers_another_panel():
    noise = noise_figure(results(), REMEDIES, largest(Setting()))
    for drawing in (noise, compared_figure(results(), METHODS, True)):
        drawing.draw_without_rendering()
        legend = drawing.legends[0].get_window_extent()
        assert not any(legend.overlaps(axis.get_tightbbox()) for axis in drawing.axes)


def test_half_done_studies_can_be_drawn():
    made = by_method({MLE: [0.1]})
    for drawing in (stages_figure(made, (MLE, MLE_WARM)), compared_figure(made, LOSSES)):
        drawing.draw_without_rendering()
    noise_figure(made, ROBUST, amounts(Setting())).draw_without_rendering()
