"""The deployed form of a network: crops in, points and scales out."""

import copy
from typing import Protocol

from torch import Tensor, nn

from likelihand.hand import TRAITS
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

    Attributes:
        outputs: names of what it gives, in order.
    """

    def __init__(self, network: StagedNetwork, stages: int) -> None:
        super().__init__()
        self.network = copy.deepcopy(network)
        self.network.stages = self.network.stages[:stages]
        self.outputs = ("points", "scale", *(TRAITS if getattr(network, "traits", None) is not None else ()))
        self.eval()

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Find keypoints in crops.

        Args:
            images: (N, H, W, 3) uint8 RGB; H and W divisible by the network's stride.

        Returns:
            Points (N, K, 2) and scales (N, K, 2), both (x, y) in crop pixels, float32; from a network with traits
            also the chances (N,) in 0..1 of each of `likelihand.hand.TRAITS`.

        Raises:
            ValueError: images of another shape or type.
        """
        prediction = self.network.predict(images, every=False)[-1]
        found = (prediction.mean, prediction.log_scale.exp())
        return found if prediction.traits is None else (*found, *prediction.traits.sigmoid().unbind(1))
