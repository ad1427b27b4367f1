"""The density learned by the loss's flow, which only checkpoints contain."""

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from likelihand.evaluation import Predictions
from likelihand.geometry import FloatArray

if TYPE_CHECKING:
    from likelihand.losses import ResidualLogLikelihood

SAMPLES = 4096


class LearnedDensity:
    """The last stage's density of the residual (truth - mean) / scale, with samples drawn from it.

    Where the loss has a floor, the scale is the one that it counts with: the root of its square plus the floor's.

    Args:
        loss: the loss that was trained, one density per stage.

    Attributes:
        samples: (4096, 2) residuals drawn from it.
        log_prob_of_samples: (4096,).
    """

    def __init__(self, loss: "ResidualLogLikelihood") -> None:
        import torch

        self._loss = loss
        flow: object = loss.density
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            drawn = flow.sample(SAMPLES, index=loss.stages - 1)  # type: ignore[attr-defined]
        if loss.symmetric:
            drawn[1::2] *= -1
        self.samples: FloatArray = drawn.numpy().astype(np.float64)
        self.log_prob_of_samples = self.log_prob(self.samples)

    def log_prob(self, residual: FloatArray) -> FloatArray:
        """Return the logarithm of the density at residuals (M, 2), shape (M,)."""
        import torch

        values = torch.from_numpy(np.ascontiguousarray(residual)).float()
        with torch.inference_mode():
            logarithm = self._loss.log_density(values[None], self._loss.stages - 1)[0]
        return np.asarray(logarithm.numpy(), np.float64)

    def covariance(self) -> FloatArray:
        """Return the second moment (2, 2) of the residual."""
        return np.asarray(self.samples.T @ self.samples / len(self.samples))

    def statement(self, predictions: Predictions) -> dict[str, FloatArray]:
        """Say of each labelled keypoint what `likelihand.evaluation.metrics.reliability` scores.

        Regions are those of highest density: a truth's probability is the chance of a residual of higher density.
        """
        mask = predictions.labelled
        scale = np.hypot(predictions.scale[mask], self._loss.floor)
        log_prob = self.log_prob(predictions.residual[mask] / scale)
        ordered = np.sort(-self.log_prob_of_samples)
        top = -self.log_prob_of_samples <= np.quantile(ordered, 0.6827)
        area = float((np.exp(-self.log_prob_of_samples) * top).mean())
        size = np.sqrt(area / math.pi * scale.prod(-1))
        length = np.broadcast_to(predictions.unit, mask.shape)[mask]
        return {
            "probability": np.searchsorted(ordered, -log_prob, side="right") / len(ordered),
            "log_density": log_prob - np.log(scale).sum(-1),
            "radius": size / length,
            "confidence": self._within(scale, np.broadcast_to(predictions.reach, mask.shape)[mask]),
        }

    def _within(self, scale: FloatArray, reach: FloatArray) -> FloatArray:
        """Return the share of samples that, times the scale, stay within reach."""
        some = self.samples[:512]
        squares = scale[:, None, 0] ** 2 * some[:, 0] ** 2 + scale[:, None, 1] ** 2 * some[:, 1] ** 2
        return np.asarray((squares <= reach[:, None] ** 2).mean(1))


def learned_density(checkpoint: str | Path) -> LearnedDensity | None:
    """Rebuild the flow of a checkpoint's loss; None where it holds none or does not describe its loss.

    Raises:
        FileNotFoundError: there is no such file.
        CheckpointError: the file is no checkpoint, or its flow is damaged.
    """
    from torch import device, nn

    from likelihand.losses import from_config
    from likelihand.models.checkpoint import CheckpointError, check_state, load_state, read_tensors

    tensors, info = read_tensors(checkpoint, "loss.")
    if info.loss is None or not tensors:
        return None
    state = {name.removeprefix("loss."): tensor for name, tensor in tensors.items()}
    try:
        with device("meta"):
            outline = from_config(info.loss)
        assert isinstance(outline, nn.Module)
        check_state(outline, state, str(checkpoint))
        loss = from_config(info.loss)
    except ValueError as error:
        raise CheckpointError(f"the loss that {checkpoint} describes cannot be built: {error}") from error
    assert isinstance(loss, nn.Module)
    load_state(loss, state, str(checkpoint))
    flow = _flow_of(loss)
    return None if flow is None else LearnedDensity(flow.eval())


def _flow_of(loss: object) -> "ResidualLogLikelihood | None":
    """Find the likelihood in a loss whose flows make a density that can be drawn from."""
    from likelihand.losses import ResidualLogLikelihood, ScaleWeighted, SourceConditional, WarmStart
    from likelihand.ops.flows import RealNVP

    while isinstance(loss, WarmStart | ScaleWeighted | SourceConditional):
        loss = loss.loss
    own = isinstance(loss, ResidualLogLikelihood) and loss.variant == "paper" and isinstance(loss.density, RealNVP)
    return loss if own else None  # type: ignore[return-value]
