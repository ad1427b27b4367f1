"""Check every step for non-finite values and stop requests, without making a GPU wait.

What a step gave travels to the host while the next step is already queued, together with the numbers that
processes must exchange anyway: how many keypoints and traits are labelled.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from likelihand.utils import distributed


class NonFiniteLossError(ValueError):
    """A loss or gradient that is not finite; the message names the step and the samples."""


@dataclass
class _Step:
    """A step not yet checked: which samples gave finite losses, and whether the gradient was finite."""

    step: int
    index: Tensor
    good: Tensor
    sound: Tensor

    def bad(self) -> Tensor:
        return (~(self.good.all() & self.sound)).float()


class Health:
    """The health of a run's last steps."""

    def __init__(self, name: Callable[[int], str]) -> None:
        self.name = name
        self.asked = False
        self._fresh: _Step | None = None
        self._posted: tuple[Tensor, torch.cuda.Event | None, _Step | None] | None = None

    def note(self, step: int, index: Tensor, good: Tensor) -> None:
        """Remember which samples of a step, (N,) positions in the data set, gave finite losses."""
        self._fresh = _Step(step, index, good, good.new_ones(()))

    def note_gradient(self, norm: Tensor) -> None:
        """Remember the norm of the last step's gradient."""
        if self._fresh:
            self._fresh.sound = torch.isfinite(norm)

    def exchange(self, counts: Tensor, asked: bool) -> Tensor:
        """Add up counts (C,) over all processes, and post the last step's health and the wish to stop with them.

        Raises:
            NonFiniteLossError: what was posted a step ago was not finite.
        """
        self._read()
        bad = self._fresh.bad() if self._fresh else counts.new_zeros(())
        numbers = torch.cat([torch.stack([bad, counts.new_full((), float(asked))]), counts])
        distributed.sum_over_processes(numbers)
        self._posted = (*_to_host(numbers[:2]), self._fresh)
        self._fresh = None
        return numbers[2:]

    def look(self) -> None:
        """Check all steps so far, waiting for them.

        Raises:
            NonFiniteLossError: one of them gave a value that is not finite.
        """
        self._read()
        fresh, self._fresh = self._fresh, None
        if fresh and distributed.sum_over_processes(fresh.bad()).item() > 0:
            raise NonFiniteLossError(self._blame(fresh))

    def _read(self) -> None:
        if self._posted is None:
            return
        (numbers, event, step), self._posted = self._posted, None
        if event:
            event.synchronize()
        bad, asked = numbers.tolist()
        self.asked = self.asked or asked > 0
        if bad > 0 and step:
            raise NonFiniteLossError(self._blame(step))

    def _blame(self, step: _Step) -> str:
        parts = distributed.gather_json(step.index[~step.good.cpu()].tolist())
        samples = [int(str(i)) for part in parts if isinstance(part, list) for i in part]
        what = "the loss is" if samples else "a gradient is"
        shown = samples or step.index.tolist()
        names = ", ".join(f"{self.name(i)} (index {i})" for i in shown[:16])
        more = f" and {len(shown) - 16} more" if len(shown) > 16 else ""
        return (
            f"step {step.step}: {what} not finite for samples {names}{more}; the last good checkpoint is kept: "
            "inspect these samples, lower learning_rate, or set gradient_clip"
        )


def _to_host(numbers: Tensor) -> tuple[Tensor, torch.cuda.Event | None]:
    """Send numbers to the host without waiting for them."""
    if numbers.device.type != "cuda":
        return numbers, None
    host = torch.empty(numbers.shape, dtype=numbers.dtype, pin_memory=True)
    host.copy_(numbers, non_blocking=True)
    event = torch.cuda.Event()  # type: ignore[no-untyped-call]
    event.record()
    return host, event
