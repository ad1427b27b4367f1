"""Describe a run: its settings, data, network and package versions."""

import platform
from collections.abc import Sized
from importlib.metadata import version
from typing import Any

import numpy as np
import torch

from likelihand.data.abilities import Composed, Described, LeavesOut, Named
from likelihand.models.checkpoint import config_of
from likelihand.training.state import Trainee
from likelihand.utils import opencv as cv2


def describe_data(dataset: Sized | None) -> dict[str, Any] | None:
    """Describe a data set: its class, name, number of samples, and its parts."""
    if dataset is None:
        return None
    told: dict[str, Any] = {"class": type(dataset).__name__, "samples": len(dataset)}
    if isinstance(dataset, Named):
        told["name"] = dataset.name
    if isinstance(dataset, Described):
        told |= dataset.about()
    if isinstance(dataset, LeavesOut) and dataset.left_out:
        told["left_out"] = {str(reason): int(count) for reason, count in dataset.left_out.items()}
    if isinstance(dataset, Composed):
        told["parts"] = [describe_data(part) for part in dataset.parts() if isinstance(part, Sized)]
    return told


def describe_run(
    trainee: Trainee, data: dict[str, Any], config: dict[str, Any], world: int, device: str
) -> dict[str, Any]:
    """Describe a run well enough to reproduce it."""
    versions = {"torch": str(torch.__version__), "numpy": np.__version__, "opencv": str(cv2.__version__)}
    return {
        "config": config,
        "processes": world,
        "device": device,
        "data": data,
        "network": config_of(trainee.network) or repr(trainee.network),
        "network_parameters": sum(p.numel() for p in trainee.network.parameters()),
        "loss": trainee.criterion.config() or repr(trainee.loss),
        "loss_parameters": sum(p.numel() for p in trainee.loss.parameters()),
        "versions": versions | {"python": platform.python_version(), "likelihand": version("likelihand")},
    }
