"""Points that a fixed network gives on a fixed picture: the whole road from pixels to points, frozen.

A change of half a pixel anywhere on the road moves them. Where one is meant, write them anew:
`python tests/test_golden.py`.
"""

import json
from pathlib import Path

import numpy as np
import torch

from likelihand.inference import Predictor
from likelihand.inference.metadata import ModelMetadata
from likelihand.inference.runtimes import TorchRuntime
from tests.tiny import tiny_network

GOLDEN = Path(__file__).parent / "golden" / "points.json"
SHARPNESS = 0.3
BOXES = [[20.0, 30.0, 120.0, 110.0], [-10.0, 60.5, 90.0, 160.5]]


def points():
    rows, columns, channels = np.meshgrid(np.arange(150), np.arange(200), np.arange(3), indexing="ij")
    waves = np.sin(rows / (5.0 + channels)) + np.cos(columns / (9.0 - channels)) + np.sin(rows * columns / 900.0)
    image = np.round(127.5 + 42 * waves).astype(np.uint8)
    network = tiny_network()
    with torch.no_grad():
        for i, parameter in enumerate(network.parameters()):
            waves_of = torch.sin(torch.arange(parameter.numel()).square() * (1.7 + 0.1 * i)).view_as(parameter)
            parameter.copy_(waves_of * parameter.abs().mean() * 2)
        for stage in network.stages:
            stage.heatmaps[-1].weight *= SHARPNESS
    runtime = TorchRuntime(network.deploy(), ModelMetadata(size=(96, 96)))
    return np.stack([hand.points for hand in Predictor(runtime, tta=1)(image, BOXES)])


def test_the_road_from_pixels_to_points_has_not_moved():
    frozen = np.array(json.loads(GOLDEN.read_text()))
    np.testing.assert_allclose(points(), frozen, atol=0.01, err_msg="python tests/test_golden.py writes them anew")
    assert np.ptp(frozen, axis=1).min() > 20


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(points().round(5).tolist()) + "\n")
