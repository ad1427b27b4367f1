"""The report: text, CSV files and figures of what is known so far."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from likelihand.metrics import PAPER
from likelihand.study.cost import Cost
from likelihand.study.figures import compared_figure, noise_figure, stages_figure
from likelihand.study.hands import REAL, TEST, Hands
from likelihand.study.methods import LOSSES, METHODS, MLE, MLE_WARM, REMEDIES, ROBUST, Method
from likelihand.study.pictures import picture_grid
from likelihand.study.plan import Amount, Figure, amounts, largest
from likelihand.study.results import MEDIAN, NME, PCK, Results, findings
from likelihand.study.tables import (
    Row,
    comma_separated,
    curve_rows,
    finding_rows,
    joint_rows,
    markdown,
    method_rows,
    noise_rows,
    rise_rows,
    runs_rows,
    stage_rows,
)
from likelihand.utils.files import write_atomically, write_json

QUESTIONS: Final = {
    Figure.STAGES: "Does each stage help, up to the last? (fig. 4)",
    Figure.LOSSES: "MLE > integral > heatmap l2 on the paper's network? (fig. 5)",
    Figure.METHODS: "MLE > RLE, Integral Pose, CPM? (figs. 6, 7)",
    Figure.NOISE: "Does the MLE loss lose less to wrong labels than the others?",
    Figure.REMEDIES: "Which change makes the MLE loss better, and under which wrong labels?",
}

_RULE: Final = """\
Every number is the mean over runs with other seeds and the half width of its 95 % interval by Student's t; a
number without one is of one run. An advantage is how much better the claim's first one is: above 0 speaks for the
claim. Methods are compared by Welch's t over seeds, stages of one network run by run. **A difference that is not
larger than its spread is called no difference.** Of comparisons without a true difference about one in twenty
crosses its spread by chance. The spread holds chance between runs, not between test hands."""


def write_report(
    out: Path, results: Results, hands: Hands, figures: Sequence[Figure], costs: Mapping[str, Cost], command: str
) -> Path:
    """Write `report.md`, its CSV files and its figures; tables of what is not run yet stay empty.

    Args:
        out: folder of the study; the report goes to its folder `report`.
        results: so far.
        hands: the data.
        figures: that were asked for.
        costs: of the networks, where they were measured.
        command: that was typed, for whoever wants to repeat it.

    Returns:
        The report's file.

    Raises:
        ValueError: no run is finished.
    """
    if not results.scores:
        raise ValueError(
            f"no run of the study in {out} is finished, so there is nothing to report; start it again"
        )
    folder = out / "report"
    folder.mkdir(parents=True, exist_ok=True)
    writer = _Writer(folder)
    parts = {
        Figure.STAGES: lambda: _stages(writer, results, costs),
        Figure.LOSSES: lambda: _compared(writer, results, costs, Figure.LOSSES, LOSSES),
        Figure.METHODS: lambda: _compared(writer, results, costs, Figure.METHODS, METHODS),
        Figure.NOISE: lambda: _noise(writer, results, Figure.NOISE, ROBUST, amounts(results.setting)),
        Figure.REMEDIES: lambda: _noise(writer, results, Figure.REMEDIES, REMEDIES, largest(results.setting)),
    }
    chosen = [figure for figure in Figure if figure in figures]
    writer.table("runs", runs_rows(results))
    writer.table("claims", finding_rows(results, chosen))
    writer.json("setting", results.setting.to_json())
    text = [_head(results, hands, chosen, command), *(parts[figure]() for figure in chosen)]
    text += [_pictures(writer, results, hands, chosen, out), _real(writer, results, hands, chosen, costs)]
    text.append(_left(results))
    file = folder / "report.md"
    write_atomically(file, ("\n\n".join(part for part in text if part) + "\n").encode())
    return file


class _Writer:
    """Writes what belongs to the report and gives the Markdown that shows it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def table(self, name: str, rows: Sequence[Row]) -> str:
        write_atomically(self.folder / f"{name}.csv", comma_separated(rows).encode())
        return f"{markdown(rows)}\n\n[{name}.csv]({name}.csv)"

    def json(self, name: str, values: Mapping[str, Any]) -> None:
        write_json(self.folder / f"{name}.json", values)

    def figure(self, name: str, draw: Callable[[], Any], caption: str) -> str:
        draw().savefig(self.folder / f"{name}.png")
        return f"![{caption}]({name}.png)\n\n*{caption}*"


def _head(results: Results, hands: Hands, figures: Sequence[Figure], command: str) -> str:
    s = results.setting
    lines = []
    for figure in figures:
        answers = Counter(finding.answer for finding in findings(results, figure))
        told = ", ".join(
            f"{answers[a]} {a}" for a in ("holds", "no difference", "reversed", "unknown") if answers[a]
        )
        lines.append({"question": QUESTIONS[figure], "comparisons": told})
    network = f"{s.backbone} at stride {s.stride}" + (f", frozen to stride {s.frozen}" if s.frozen else "")
    return f"""\
# The paper's experiments, rebuilt

{markdown(lines)}

{_RULE}

## How it was measured

* **Data**: {hands.name}. Scores are on the {TEST} hands, whose labels are right; nothing was chosen on them: the
  last weights count.
* **Network**: {network}, started from {s.weights or "random weights"}; width {s.width}, {s.stages} stages, crops
  of {s.train.size} px. RLE pools the backbone's last map; CPM reads stride 8 with the last map joined to it.
* **Training**: {s.steps} steps of {s.train.batch_size} crops for every run, with the same data, augmentation,
  optimiser and schedule; {s.seeds} seeds. A warm start is a heatmap cross-entropy beside the loss, of weight
  {s.warm_weight:g} at first, gone after {100 * s.warm_share:g} % of the steps.
* **Scores**: protocol {PAPER.name}, {PAPER.normaliser_text}. NME: lower is better; PCK: higher. "11 joints": root,
  five finger bases, five tips.
* **Cost**: of the deployed network for one crop; milliseconds on ONNX Runtime, one thread, taken in turns.
* **To repeat it** (interrupted, it goes on where it stopped): `{command}`"""


def _stages(writer: _Writer, results: Results, costs: Mapping[str, Cost]) -> str:
    methods = (MLE, MLE_WARM)
    caption = "PCK by stage, and NME and PCK@0.2 against the stage; mean and 95 % interval"
    parts = [
        "## Stages (fig. 4)",
        writer.figure("stages", lambda: stages_figure(results, methods), caption),
        writer.table("stages", stage_rows(results, costs)),
        markdown(finding_rows(results, [Figure.STAGES])),
    ]
    writer.table("curves-stages", curve_rows(results, methods))
    return "\n\n".join(parts)


def _compared(
    writer: _Writer, results: Results, costs: Mapping[str, Cost], figure: Figure, methods: Sequence[Method]
) -> str:
    titles = {Figure.LOSSES: "Losses on the paper's network (fig. 5)", Figure.METHODS: "Methods (figs. 6, 7)"}
    caption = f"{figure.value.capitalize()}: NME at the paper's 11 joints and PCK curves"
    parts = [
        f"## {titles[figure]}",
        writer.figure(figure, lambda: compared_figure(results, methods, figure is Figure.METHODS), caption),
        writer.table(figure, method_rows(results, methods, costs, TEST)),
        writer.table(f"joints-{figure}", joint_rows(results, methods)),
        markdown(finding_rows(results, [figure])),
    ]
    writer.table(f"curves-{figure}", curve_rows(results, methods))
    return "\n\n".join(parts)


def _noise(
    writer: _Writer, results: Results, figure: Figure, methods: Sequence[Method], levels: Sequence[Amount]
) -> str:
    caption = "NME on clean test labels against wrong training labels; hollow: one run"
    titles = {Figure.NOISE: "Wrong labels", Figure.REMEDIES: "Remedies against wrong labels"}
    return "\n\n".join(
        [
            f"## {titles[figure]}",
            "The training labels are spoilt, the test labels are not. Losses of the softmax's mean have the same "
            "warm start here, which sees the same wrong labels. The first table holds the error, the second what "
            "the wrong labels added to it, seed by seed.",
            writer.figure(figure, lambda: noise_figure(results, methods, levels), caption),
            writer.table(figure, noise_rows(results, methods, levels)),
            writer.table(f"{figure}-rise", rise_rows(results, methods, levels)),
            markdown(finding_rows(results, [figure])),
        ]
    )


def _methods_of(figures: Sequence[Figure]) -> list[Method]:
    groups = {
        Figure.STAGES: (MLE, MLE_WARM),
        Figure.LOSSES: LOSSES,
        Figure.METHODS: METHODS,
        Figure.NOISE: ROBUST,
        Figure.REMEDIES: REMEDIES,
    }
    return list(dict.fromkeys(method for figure in figures for method in groups[figure]))


def _pictures(writer: _Writer, results: Results, hands: Hands, figures: Sequence[Figure], out: Path) -> str:
    grid = picture_grid(results, _methods_of(figures), hands.test, out)
    if grid is None:
        return ""
    grid.save(writer.folder / "pictures.jpg")
    caption = "The same held-out hands by every method, clean labels, first seed; the truth at the left"
    return f"## Pictures (fig. 8)\n\n![{caption}](pictures.jpg)\n\n*{caption}.*"


def _real(
    writer: _Writer, results: Results, hands: Hands, figures: Sequence[Figure], costs: Mapping[str, Cost]
) -> str:
    if hands.real is None:
        return ""
    table = writer.table("real", method_rows(results, _methods_of(figures), costs, REAL, (NME, MEDIAN, PCK)))
    return (
        f"## Real photos\n\n{len(hands.real)} labelled hands of real photos, never trained or chosen on; the "
        f"networks are those from above. Few hands of few scenes: look at the median too.\n\n{table}"
    )


def _left(results: Results) -> str:
    lines = [f"* {run.name} failed: {failure}" for run, failure in results.failures.items()]
    if results.missing:
        names = ", ".join(run.name for run in results.missing[:8])
        more = f" and {len(results.missing) - 8} more" if len(results.missing) > 8 else ""
        lines.append(f"* not run yet: {names}{more}")
    return "## What is missing\n\n" + "\n".join(lines) if lines else ""
