"""The study's report: verdicts, tables as CSV files, figures and a page that shows them."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from likelihand.apps.study.claims import judge
from likelihand.apps.study.figures import (
    claims_figure,
    compared_figure,
    epochs_figure,
    picture_grid,
    stages_figure,
)
from likelihand.apps.study.hands import REAL, Hands
from likelihand.apps.study.methods import CONDITIONAL, DECISIVE, IDEAS, REFINEMENTS, RIVALS, STAGES
from likelihand.apps.study.plan import CLEAN, EVERY_LABELS, OUTLIERS
from likelihand.apps.study.results import Results
from likelihand.apps.study.setting import Setting
from likelihand.apps.study.statistics import Verdict
from likelihand.apps.study.tables import (
    Row,
    comma_separated,
    finding_rows,
    gradient_rows,
    joint_rows,
    look_rows,
    markdown,
    method_rows,
    rate_rows,
    run_rows,
)
from likelihand.evaluation.metrics import PAPER
from likelihand.utils.files import write_atomically, write_json

_RULE: Final = """\
A number is the mean over runs of other seeds and the half width of its 95 % interval by Student's t; without one
it is of one run. Methods are compared seed by seed: runs of one seed share first weights, order, augmentation and
wrong labels. The interval of an advantage takes in other seeds and other test hands. A claim **holds** where the
whole interval is above 0, **does not hold** where all of it is below the least advantage that matters, and is
**undecided** otherwise, and with one seed. The least advantages: NME 0.002, PCK@0.2 0.0037 (the paper's own over
integral L1), shares 0.01. Of claims without any true advantage about one in forty holds by chance."""


def write_report(out: Path, results: Results, setting: Setting, hands: Hands, command: str) -> Path:
    """Write `report.md`, its CSV files and its figures, of the runs that are done; return the report's file.

    They go to `out`/report; `command`, as it was typed, is for those who want to repeat the study.

    Raises:
        ValueError: no run is finished.
    """
    if not results.runs:
        raise ValueError(
            f"no run of the study in {out} is finished, so there is nothing to report; start it again"
        )
    folder = out / "report"
    folder.mkdir(parents=True, exist_ok=True)
    writer = _Writer(folder)
    writer.table("runs", run_rows(results))
    writer.table("looks", look_rows(results))
    write_json(folder / "setting.json", setting.to_json())
    text = [_head(results, setting, hands, command), _claims(writer, results), *_scores(writer, results)]
    text += [_epochs(writer, results), _compared(writer, results), _stages(writer, results)]
    text += [_gradients(writer, results), _rates(writer, results), _pictures(writer, results, setting, hands, out)]
    text.append(_left(results))
    file = folder / "report.md"
    write_atomically(file, ("\n\n".join(part for part in text if part) + "\n").encode())
    return file


class _Writer:
    """Writes what belongs to the report and returns the Markdown that shows it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def table(self, name: str, rows: Sequence[Row]) -> str:
        write_atomically(self.folder / f"{name}.csv", comma_separated(rows).encode())
        return f"{markdown(rows)}\n\n[{name}.csv]({name}.csv)"

    def figure(self, name: str, draw: Callable[[], Any], caption: str) -> str:
        draw().savefig(self.folder / f"{name}.png")
        return f"![{caption}]({name}.png)\n\n*{caption}*"


def _head(results: Results, setting: Setting, hands: Hands, command: str) -> str:
    s = setting
    frozen = f", frozen to stride {s.frozen}" if s.frozen else ""
    t = s.train
    return f"""\
# The paper's experiments, rebuilt

{_RULE}

## How it was measured

* **Data**: {hands.name}; the first {len(hands.train)} are trained on. Nothing was chosen on the test hands, and
  the last weights count.
* **Network**: {s.backbone} at stride {s.stride}{frozen}, started from {s.weights or "random weights"}; width
  {s.width}, {s.stages} stages, crops of {t.size} px. RLE pools the backbone's last map; CPM reads stride 8 with
  the last map joined.
* **Training**: {t.epochs} epochs of {len(hands.train)} pictures, {s.steps(len(hands.train))} steps of
  {t.batch_size} crops, the same pictures, order, augmentation, optimiser and schedule for every method; no
  gradient is clipped.
* **Warm start**: a heatmap cross-entropy, whose gradient on the heatmaps is {s.helper_ratio:g} times the loss's
  own at the first step, whatever the loss, and gone after {100 * s.helper_share:g} % of the steps.
* **Scores**: protocol {PAPER.name}, {PAPER.normaliser_text}. NME: lower is better; PCK: higher. "Learnt by heart":
  the share of wrong training labels within 10 % of the hand's length of what the network answers for that training
  picture.
* **Runs**: {len(results.runs)} finished, {len(results.missing)} not yet.
* **To repeat it** (interrupted, it goes on where it stopped): `{command}`"""


def _claims(writer: _Writer, results: Results) -> str:
    found = judge(results)
    if not found:
        return ""
    counts = Counter(finding.verdict for finding in found)
    told = ", ".join(f"{counts[verdict]} {verdict}" for verdict in Verdict if counts[verdict])
    figure = writer.figure("claims", lambda: claims_figure(found), "The advantage behind every verdict")
    return (
        f"## Verdicts\n\n{len(found)} claims: {told}.\n\n{writer.table('claims', finding_rows(found))}\n\n{figure}"
    )


def _scores(writer: _Writer, results: Results) -> list[str]:
    methods = [*DECISIVE, *RIVALS, *STAGES, *IDEAS, CONDITIONAL, *REFINEMENTS]
    parts = []
    for labels in EVERY_LABELS:
        rows = method_rows(results, methods, labels)
        if rows:
            parts.append(f"## Trained on {labels.label}\n\n{writer.table(labels.name, rows)}")
    real = method_rows(results, methods, CLEAN, REAL)
    if real:
        parts.append(
            "## Real photos\n\nHands of real photos, never trained or chosen on, by the networks trained on right "
            f"labels.\n\n{writer.table('real', real)}"
        )
    return parts


def _epochs(writer: _Writer, results: Results) -> str:
    labels = [kind for kind in EVERY_LABELS if results.methods([kind])]
    caption = (
        "Error of test hands, and what is made of the training labels, over the epochs; bands: range of seeds"
    )
    methods = [method for method in DECISIVE if method in results.methods(labels)]
    if not methods:
        return ""
    figure = writer.figure("epochs", lambda: epochs_figure(results, methods, labels), caption)
    return f"## Over the epochs\n\n{figure}"


def _compared(writer: _Writer, results: Results) -> str:
    parts = []
    for labels in (CLEAN, OUTLIERS):
        methods = [m for m in (*DECISIVE, *RIVALS) if m in results.methods([labels])]
        if methods:
            name, caption = f"compared-{labels.name}", f"NME at the paper's joints and PCK, {labels.label}"
            parts.append(writer.figure(name, lambda m=methods, k=labels: compared_figure(results, m, k), caption))  # type: ignore[misc]
            parts.append(writer.table(f"joints-{labels.name}", joint_rows(results, methods, labels)))
    return "\n\n".join(["## Losses and methods (figs. 5 to 7)", *parts]) if parts else ""


def _stages(writer: _Writer, results: Results) -> str:
    methods = [method for method in STAGES if method in results.methods()]
    if not methods:
        return ""
    figure = writer.figure(
        "stages", lambda: stages_figure(results, methods), "NME by stage; mean and 95 % interval"
    )
    return f"## Stages (fig. 4)\n\n{figure}"


def _gradients(writer: _Writer, results: Results) -> str:
    rows = gradient_rows(results, DECISIVE)
    if not rows:
        return ""
    writer.table("gradients", rows)
    starts = [row for row in rows if row["epoch"] == "0" and row["labels"] == CLEAN.label]
    return (
        "## The helper's gradient\n\nThe weight that gives the helper its share of the gradient on the heatmaps, "
        f"at the start. All looks are in [gradients.csv](gradients.csv).\n\n{markdown(starts)}"
    )


def _rates(writer: _Writer, results: Results) -> str:
    rows = rate_rows(results)
    return f"## Learning rates\n\nChosen on validation hands.\n\n{writer.table('rates', rows)}" if rows else ""


def _pictures(writer: _Writer, results: Results, setting: Setting, hands: Hands, out: Path) -> str:
    runs = [run for run in results.runs if run.seed == 0 and run.labels in (CLEAN, OUTLIERS)]
    grid = picture_grid(runs[:8], setting, hands.test, out)
    if grid is None:
        return ""
    grid.save(writer.folder / "pictures.jpg")
    caption = "The same held-out hands by every method, first seed; the truth at the left"
    return f"## Pictures (fig. 8)\n\n![{caption}](pictures.jpg)\n\n*{caption}.*"


def _left(results: Results) -> str:
    lines = [f"* {run.name} failed: {failure}" for run, failure in results.failures.items()]
    if results.missing:
        names = ", ".join(run.name for run in results.missing[:8])
        more = f" and {len(results.missing) - 8} more" if len(results.missing) > 8 else ""
        lines.append(f"* not run yet: {names}{more}")
    return "## What is missing\n\n" + "\n".join(lines) if lines else ""
