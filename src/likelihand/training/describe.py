"""What a run says of itself: its settings, data, network and the versions it ran on."""

import platform
from importlib.metadata import version
from typing import Any

import numpy as np
import torch
from torch import nn

from likelihand.data.dataset import Dataset
from likelihand.models.checkpoint import config_of
from likelihand.utils import opencv as cv2


def describe_data(dataset: Dataset | None) -> dict[str, Any] | None:
    """Describe a data set: its class, name, number of samples, and its parts.

    Example:
        >>> from likelihand.data.drawn import DrawnHands
        >>> describe_data(DrawnHands(3))["samples"]
        3
    """
    if dataset is None:
        return None
    told: dict[str, Any] = {"class": type(dataset).__name__, "samples": len(dataset)}
    for name in ("name", "split", "root", "seed", "size"):
        value = getattr(dataset, name, None)
        if value is not None and not callable(value):
            told[name] = value if isinstance(value, int | float) else str(value)
    left_out = getattr(dataset, "left_out", None)
    if isinstance(left_out, dict) and left_out:
        told["left_out"] = {str(reason): int(count) for reason, count in left_out.items()}
    parts = getattr(dataset, "datasets", None) or getattr(dataset, "dataset", None)
    if isinstance(parts, list | tuple):
        told["parts"] = [describe_data(part) for part in parts]
    elif isinstance(parts, Dataset):
        told["parts"] = [describe_data(parts)]
    return told


def describe_run(
    network: nn.Module, loss: nn.Module, data: dict[str, Any], config: dict[str, Any], world: int, device: str
) -> dict[str, Any]:
    """Describe a run so that a stranger can tell what was done."""
    versions = {"torch": str(torch.__version__), "numpy": np.__version__, "opencv": str(cv2.__version__)}
    return {
        "config": config,
        "processes": world,
        "device": device,
        "data": data,
        "network": config_of(network) or repr(network),
        "network_parameters": sum(p.numel() for p in network.parameters()),
        "loss": repr(loss),
        "loss_parameters": sum(p.numel() for p in loss.parameters()),
        "versions": versions | {"python": platform.python_version(), "likelihand": version("likelihand")},
    }
