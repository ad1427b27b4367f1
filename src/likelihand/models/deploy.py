"""The deployed form of a network: crops in, points and scales out."""

import copy
from typing import Protocol

from torch import Tensor, nn

from likelihand.heatmaps import Prediction


class StagedNetwork(Protocol):
    """A network that can be cut after a stage."""

    stages: nn.ModuleList

    def predict(self, images: Tensor, *, every: bool) -> list[Prediction]:
        """Predict every stage, or the last one alone."""


class DeployedNetwork(nn.Module):
    """Gives the points and scales of one stage; the later stages are gone, and so is the flow.

    This is what the PyTorch predictor runs and what `export` writes. It owns a copy of the weights, in evaluation
    mode.

    Args:
        network: with at least so many stages.
        stages: how many remain.
    """

    def __init__(self, network: StagedNetwork, stages: int) -> None:
        super().__init__()
        self.network = copy.deepcopy(network)
        self.network.stages = self.network.stages[:stages]
        self.eval()

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Find keypoints in crops.

        Args:
            images: (N, H, W, 3) uint8 RGB; H and W divisible by the network's stride.

        Returns:
            Points (N, K, 2) and scales (N, K, 2), both (x, y) in crop pixels, float32.

        Raises:
            ValueError: images of another shape or type.
        """
        prediction = self.network.predict(images, every=False)[-1]
        return prediction.mean, prediction.log_scale.exp()
