"""The deployed form of a network: crops in, points and scales out."""

import copy
from typing import Final

from torch import Tensor, nn

from likelihand.models.protocol import Deployed
from likelihand.ops.heatmaps import Prediction, spatial_covariance
from likelihand.structures import DEPTHS, TRAITS

SPREAD: Final = "spread"
"""Name of the output that says how wide and how turned each heatmap is: its covariance."""


class StagedNetwork(nn.Module):
    """A network that can be cut after a stage.

    Attributes:
        stages: the modules of the stages.
        traits: says of the hand as a whole what `structures.TRAITS` ask; None of a network that does not.
        depth: says how far away keypoints are; None of a network that does not.
    """

    stages: nn.ModuleList
    traits: nn.Module | None
    depth: nn.Module | None

    def predict(self, images: Tensor, *, every: bool) -> list[Prediction]:
        """Predict every stage, or the last one alone."""
        raise NotImplementedError


def outputs_of(network: StagedNetwork, spread: bool) -> tuple[str, ...]:
    """List the names of what a network's deployed form gives, in order."""
    traits = () if network.traits is None else TRAITS
    depths = () if network.depth is None else DEPTHS
    return ("points", "scale", *traits, *depths, *((SPREAD,) if spread else ()))


class DeployedNetwork(Deployed):
    """Computes the points and scales of one stage, without the later stages and the flow.

    This is what the PyTorch predictor runs and what `export` writes. It owns a copy of the weights, in evaluation
    mode.

    Args:
        network: with at least so many stages.
        stages: how many remain.
        spread: gives the heatmaps' spread too, as the last result; for networks whose heatmaps are logits.

    Attributes:
        outputs: names of what it gives, in order.
    """

    def __init__(self, network: StagedNetwork, stages: int, spread: bool = False) -> None:
        super().__init__()
        self.network = copy.deepcopy(network)
        self.network.stages = self.network.stages[:stages]
        self.outputs = outputs_of(network, spread)
        self.eval()

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Find keypoints in crops.

        Args:
            images: (N, H, W, 3) uint8 RGB; H and W divisible by the network's stride.

        Returns:
            Points (N, K, 2) and scales (N, K, 2), both (x, y) in crop pixels, float32; from a network with traits
            also the chances (N,) in 0..1 of each of `structures.TRAITS`; from one with depth also depths and
            their scales, (N, K) each, in crop pixels; with `spread` also the covariances (N, K, 2, 2) of the
            heatmaps' softmax, square crop pixels.

        Raises:
            ValueError: images of another shape or type.
        """
        prediction = self.network.predict(images, every=False)[-1]
        found = [prediction.mean, prediction.log_scale.exp()]
        if prediction.traits is not None:
            found += prediction.traits.sigmoid().unbind(1)
        if prediction.depth is not None:
            found += [prediction.depth[..., 0], prediction.depth[..., 1].exp()]
        if SPREAD in self.outputs:
            found.append(spatial_covariance(prediction.heatmaps, images.shape[1] // prediction.heatmaps.shape[2]))
        return tuple(found)
