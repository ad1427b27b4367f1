"""Networks from crops to keypoints, the hand detector, and backbones.

Adding a network of keypoints: derive from `KeypointNetwork`, hand over its stages, write `predict` and `options`.
Adding any other: write what `Network` asks for. Run `likelihand.testing.check_network` on it.
"""

from collections.abc import Mapping
from typing import Any, Final

from likelihand.models.backbones import Backbone, LargeKernelBackbone, TimmBackbone
from likelihand.models.complexity import PartComplexity, complexity, format_complexity
from likelihand.models.cpm import ConvolutionalPoseMachine
from likelihand.models.deploy import DeployedNetwork
from likelihand.models.detector import DetectionNetwork
from likelihand.models.integral import IntegralNetwork
from likelihand.models.network import KeypointNetwork, deployed
from likelihand.models.protocol import Deployed, Network, as_network
from likelihand.models.rle import RegressionNetwork
from likelihand.models.sequential import SequentialHeatmapNetwork
from likelihand.utils.own import build_own

__all__ = [
    "Backbone",
    "ConvolutionalPoseMachine",
    "Deployed",
    "DeployedNetwork",
    "DetectionNetwork",
    "IntegralNetwork",
    "KeypointNetwork",
    "LargeKernelBackbone",
    "Network",
    "PartComplexity",
    "RegressionNetwork",
    "SequentialHeatmapNetwork",
    "TimmBackbone",
    "as_network",
    "complexity",
    "deployed",
    "format_complexity",
    "from_config",
]

_OWN: Final[dict[str, type[KeypointNetwork] | type[DetectionNetwork]]] = {
    "SequentialHeatmapNetwork": SequentialHeatmapNetwork,
    "RegressionNetwork": RegressionNetwork,
    "IntegralNetwork": IntegralNetwork,
    "ConvolutionalPoseMachine": ConvolutionalPoseMachine,
    "DetectionNetwork": DetectionNetwork,
}


def from_config(config: Mapping[str, Any]) -> KeypointNetwork | DetectionNetwork:
    """Build the network that a `config()` describes, with fresh weights.

    Only the library's own classes are built: a configuration may come with a file from anywhere.

    Raises:
        ValueError: the class is not the library's, or the arguments do not fit it.

    Example:
        >>> network = SequentialHeatmapNetwork(TimmBackbone("resnet18"), stages=2)
        >>> from_config(network.config()).config() == network.config()
        True
    """
    instead = "build a network of your own in Python and load its weights there"
    return build_own(config, _OWN, lambda own: own.from_config(config), instead=instead)
