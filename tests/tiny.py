"""A network small enough to train and export in a test."""

import torch
from torch import Tensor, nn

from likelihand.models import SequentialHeatmapNetwork


class TinyBackbone(nn.Module):
    """Three strided convolutions: stride 8, 12 channels."""

    channels, stride = 12, 8

    def __init__(self) -> None:
        super().__init__()
        layers = [layer for c in (3, 6, 8) for layer in (nn.Conv2d(c, {3: 6, 6: 8, 8: 12}[c], 3, 2, 1), nn.ReLU())]
        self.layers = nn.Sequential(*layers)

    def forward(self, images: Tensor) -> Tensor:
        """Return features (N, 12, H / 8, W / 8)."""
        features: Tensor = self.layers(images)
        return features


def tiny_network(stages: int = 2, seed: int = 0) -> SequentialHeatmapNetwork:
    """Make a network of fixed random weights whose heatmaps have clear peaks."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = SequentialHeatmapNetwork(TinyBackbone(), stages=stages, width=8).eval()
    with torch.no_grad():
        for i, stage in enumerate(network.stages):
            last = [m for m in stage.heatmaps.modules() if isinstance(m, nn.ConvTranspose2d)][-1]
            last.weight *= 40 if i else 1500
    return network
