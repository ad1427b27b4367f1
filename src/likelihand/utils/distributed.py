"""Communication between processes; with one process every function does nothing.

torch is never imported here: a process that has not imported it cannot belong to a group.
"""

import json
import sys
import time
from types import ModuleType
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

if TYPE_CHECKING:
    import torch

MOMENT: Final = 0.3
"""Seconds in which the threads of a group that was left come to rest."""

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"


def _group() -> ModuleType | None:
    """Return torch.distributed where a process group is running, else None."""
    module = sys.modules.get("torch.distributed")
    return module if module is not None and module.is_available() and module.is_initialized() else None


def rank() -> int:
    """Return the number of this process, from 0."""
    group = _group()
    return int(group.get_rank()) if group else 0


def world_size() -> int:
    """Return the number of processes."""
    group = _group()
    return int(group.get_world_size()) if group else 1


def wait() -> None:
    """Wait until every process has come here."""
    group = _group()
    if group and world_size() > 1:
        group.barrier()


def leave() -> None:
    """Leave the group, if there is one: the last thing that a process of several does.

    gloo's threads outlive the group. One that has yet to let go of the last tensor it sent needs the interpreter
    for that, and aborts the process where that is shutting down already: so they are given a moment.
    """
    group = _group()
    if group:
        group.destroy_process_group()
        time.sleep(MOMENT)


def sum_over_processes(values: "torch.Tensor") -> "torch.Tensor":
    """Sum a tensor of the same shape on every process over all of them, in place, and return it.

    Example:
        >>> import torch
        >>> sum_over_processes(torch.ones(2))
        tensor([1., 1.])
    """
    group = _group()
    if group and world_size() > 1:
        group.all_reduce(values)
    return values


def gather_bytes(message: bytes) -> list[bytes]:
    """Return the messages of all processes, in the order of their ranks."""
    group = _group()
    if not group or world_size() == 1:
        return [message]
    torch = sys.modules["torch"]
    device = "cuda" if "nccl" in str(group.get_backend()) else "cpu"
    lengths = torch.zeros(world_size(), dtype=torch.int64, device=device)
    lengths[rank()] = len(message)
    group.all_reduce(lengths)
    sizes = [int(n) for n in lengths.tolist()]
    padded = np.zeros(max(1, *sizes), np.uint8)
    padded[: len(message)] = np.frombuffer(message, np.uint8)
    mine = torch.from_numpy(padded).to(device)
    parts = [torch.empty_like(mine) for _ in sizes]
    group.all_gather(parts, mine)
    return [bytes(part.cpu().numpy()[:n].tobytes()) for part, n in zip(parts, sizes, strict=True)]


def gather_json(value: Json) -> list[Json]:
    """Return the JSON values of all processes, in the order of their ranks."""
    return [json.loads(text) for text in gather_bytes(json.dumps(value).encode())]
