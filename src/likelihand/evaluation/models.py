"""Models for `predictions` other than model files: a network with all its stages, and any function."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from likelihand.geometry import BOX_PADDING
from likelihand.inference.metadata import ModelMetadata
from likelihand.inference.runtimes import Outputs

if TYPE_CHECKING:
    from torch import nn

STAGES: Final = "stages"
"""Name of the output that holds the points of every stage: (stages, N, K, 2) crop pixels."""


class EveryStage:
    """Runs a network as it is, with all its stages, in evaluation mode and on its own device.

    Args:
        network: images (N, H, W, 3) uint8 -> one `Prediction` a stage.
        metadata: its contract, as `likelihand.inference.metadata_of` states a checkpoint's.
    """

    def __init__(self, network: "nn.Module", metadata: ModelMetadata) -> None:
        self.network, self.metadata = network, metadata

    def __call__(self, crops: NDArray[np.uint8], /) -> Outputs:
        """Run (N, height, width, 3) uint8 crops, in the network's own precision."""
        import torch

        device = next((p.device for p in self.network.parameters()), torch.device("cpu"))
        training = self.network.training
        self.network.eval()
        with torch.inference_mode():
            predictions = self.network(torch.from_numpy(crops).to(device))
            found = self._named(predictions, crops.shape[1])
            arrays = {name: value.float().cpu().numpy() for name, value in found.items()}
        self.network.train(training)
        return arrays

    def _named(self, predictions: Any, height: int) -> dict[str, Any]:  # noqa: ANN401
        """Name what the last stage says, as its deployed form would, and every stage's points."""
        import torch

        from likelihand.ops.heatmaps import spatial_covariance
        from likelihand.structures import TRAITS

        last, names = predictions[-1], self.metadata.outputs
        found = {"points": last.mean, STAGES: torch.stack([p.mean.float() for p in predictions])}
        found["scale"] = last.log_scale.exp()
        if last.traits is not None:
            found |= dict(zip(TRAITS, last.traits.sigmoid().unbind(1), strict=True))
        if "spread" in names:
            found["spread"] = spatial_covariance(last.heatmaps, height // last.heatmaps.shape[2])
        return found


class Function:
    """Wrap any function from crops to points as a model.

    Args:
        points_of: crops (N, H, W, 3) uint8 -> points (N, K, 2), or (stages, N, K, 2), in crop pixels.
        size: (height, width) of the crops.
        padding: side of the crop over the longer side of the box.

    Example:
        >>> middle = Function(lambda crops: np.full((len(crops), 21, 2), 32.0), (64, 64))
        >>> middle(np.zeros((2, 64, 64, 3), np.uint8))["points"].shape
        (2, 21, 2)
    """

    def __init__(
        self,
        points_of: Callable[[NDArray[np.uint8]], NDArray[Any]],
        size: tuple[int, int],
        padding: float = BOX_PADDING,
    ) -> None:
        self.points_of, self.metadata = points_of, ModelMetadata(size=size, padding=padding)

    def __call__(self, crops: NDArray[np.uint8], /) -> Outputs:
        """Run (N, height, width, 3) uint8 crops."""
        points = np.asarray(self.points_of(crops))
        return {STAGES: points, "points": points[-1]} if points.ndim == 4 else {"points": points}
