"""The log of a run: a progress bar, two CSV files that survive a crash, and TensorBoard where it is installed."""

import math
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tqdm import tqdm

from likelihand.evaluation.metrics import Scores
from likelihand.losses.criterion import TRAITS_TERM
from likelihand.utils.files import write_atomically

NEGATIVE: str = (
    "a loss below 0 is normal: it is minus the logarithm of a density, which is above 1 a square pixel once the "
    "scale is small; lower is better"
)


class Table:
    """A CSV file whose first column is the step; rows are written at once.

    Args:
        path: of the file.
        step: rows of later steps, and a row that a crash left half written, are dropped; 0 starts anew.

    Example:
        >>> import tempfile
        >>> folder = tempfile.TemporaryDirectory()
        >>> for step in (1, 2, 3):
        ...     Table(Path(folder.name, "a.csv"), step - 1).write({"step": step, "loss": 0.5})
        >>> table = Table(Path(folder.name, "a.csv"), 2)
        >>> Path(folder.name, "a.csv").read_text().split()
        ['step,loss', '1,0.5', '2,0.5']
        >>> folder.cleanup()
    """

    def __init__(self, path: Path, step: int) -> None:
        self.path = path
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() and step else []
        whole = [line for line in lines if line.endswith("\n")]
        kept = [line for line in whole[1:] if int(line.split(",")[0]) <= step]
        if path.exists():
            write_atomically(path, "".join(whole[:1] + kept).encode())

    def write(self, row: Mapping[str, float | int]) -> None:
        """Append a row, under a heading of its keys where it is the first."""
        text = ",".join(_cell(v) for v in row.values()) + "\n"
        if not self.path.exists() or not self.path.stat().st_size:
            text = ",".join(row) + "\n" + text
        with self.path.open("a", encoding="utf-8") as file:
            file.write(text)


def _cell(value: float | int) -> str:
    return str(value) if isinstance(value, int) else f"{value:.9g}"


class Log:
    """The log of a run; only the first process writes it.

    Args:
        out: folder of the run.
        step: steps done before.
        steps: steps of the whole run.
        progress: shows a bar.
        tensorboard: writes a TensorBoard log where it is installed.
        speaks: False makes every method do nothing.
    """

    def __init__(
        self, out: Path, step: int, steps: int, *, progress: bool, tensorboard: bool, speaks: bool
    ) -> None:
        self.speaks = speaks
        self.bar = tqdm(total=steps, initial=step, unit="step", desc=out.name, disable=not (speaks and progress))
        self._said = False
        self._since, self._images = time.monotonic(), 0
        self._writer: Any = None
        if speaks:
            self.training = Table(out / "training.csv", step)
            self.validation = Table(out / "validation.csv", step)
            self._writer = _tensorboard(out, step) if tensorboard else None
            if tensorboard and self._writer is None:
                self.say("TensorBoard is not installed; the log is in training.csv and validation.csv alone")

    def __enter__(self) -> "Log":
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.close()
        if self._writer:
            self._writer.close()

    def step(self, images: int) -> None:
        """Count a step of so many images."""
        self._images += images
        self.bar.update()

    def losses(self, step: int, epoch: float, rate: float, means: Mapping[str, float], norm: float) -> None:
        """Write the means since the last call, by the name of the term, and their sum without the traits'.

        A mean over nothing is NaN. The traits' weight is not in their mean.
        """
        seconds = time.monotonic() - self._since
        speed = self._images / seconds if seconds > 0 else math.nan
        self._since, self._images = time.monotonic(), 0
        if not self.speaks:
            return
        shown = [value for name, value in means.items() if name != TRAITS_TERM]
        row: dict[str, float | int] = {"step": step, "epoch": epoch, "learning_rate": rate, "loss": sum(shown)}
        row |= {f"loss_{name}": value for name, value in means.items()}
        row |= {"gradient_norm": norm, "images_per_second": speed}
        self.training.write(row)
        self._scalars("training", row, step)
        self.bar.set_postfix_str(f"loss {' '.join(f'{v:.3f}' for v in shown)}, {speed:.0f} img/s")
        if min(shown, default=0.0) < 0 and not self._said:
            self._said = True
            self.say(NEGATIVE)

    def scores(self, step: int, epoch: float, scores: Scores) -> None:
        """Write the scores of a validation."""
        if not self.speaks:
            return
        row: dict[str, float | int] = {"step": step, "epoch": epoch, "nme": scores.nme}
        row |= {"nme_median": scores.nme_median, "epe": scores.epe, "auc": scores.auc, "misses": scores.misses}
        row |= {f"pck@{t:g}": v for t, v in scores.pck.items()}
        self.validation.write(row)
        self._scalars("validation", row, step)
        self.say(f"step {step}: validation NME {scores.nme:.4f}, median {scores.nme_median:.4f}")

    def say(self, text: str) -> None:
        """Print a line on standard error, above the bar."""
        if self.speaks and not self.bar.disable:
            tqdm.write(text, file=sys.stderr)

    def resume_clock(self) -> None:
        """Leave the time since the last losses out of the next speed."""
        self._since, self._images = time.monotonic(), 0

    def _scalars(self, group: str, row: Mapping[str, float | int], step: int) -> None:
        if self._writer:
            for name, value in row.items():
                if name != "step":
                    self._writer.add_scalar(f"{group}/{name}", value, step)


def _tensorboard(out: Path, step: int) -> Any:  # noqa: ANN401
    """Open a TensorBoard log, None where TensorBoard is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(log_dir=str(out / "tensorboard"), purge_step=step + 1)
