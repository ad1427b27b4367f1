"""likelihand: 21 hand keypoints in photos and video, and how sure it is of each one.

The names below are all that most programs need. Each is imported when it is first used, so that
`import likelihand` is quick and using a model never imports PyTorch.

Example:
    >>> import likelihand
    >>> "load" in dir(likelihand)
    True
"""

from typing import TYPE_CHECKING

from likelihand.utils.lazy import lazy_names

if TYPE_CHECKING:
    from likelihand import data, synth
    from likelihand.data.images import read_image
    from likelihand.evaluation import evaluate
    from likelihand.fitting import HandFit, fit
    from likelihand.inference import Predictor, load
    from likelihand.losses import HeatmapLoss, IntegralLoss, ResidualLogLikelihood
    from likelihand.models import SequentialHeatmapNetwork, TimmBackbone
    from likelihand.structures import Hand
    from likelihand.tracking import track
    from likelihand.training import TrainConfig, train
    from likelihand.visualization.drawing import draw

__version__ = "0.2.0"

__all__ = [
    "Hand",
    "HandFit",
    "HeatmapLoss",
    "IntegralLoss",
    "Predictor",
    "ResidualLogLikelihood",
    "SequentialHeatmapNetwork",
    "TimmBackbone",
    "TrainConfig",
    "data",
    "draw",
    "evaluate",
    "fit",
    "load",
    "read_image",
    "synth",
    "track",
    "train",
]

_HOME = {
    "Hand": "structures",
    "HandFit": "fitting",
    "HeatmapLoss": "losses",
    "IntegralLoss": "losses",
    "Predictor": "inference",
    "ResidualLogLikelihood": "losses",
    "SequentialHeatmapNetwork": "models",
    "TimmBackbone": "models",
    "TrainConfig": "training",
    "data": "data",
    "draw": "visualization.drawing",
    "evaluate": "evaluation",
    "fit": "fitting",
    "load": "inference",
    "read_image": "data.images",
    "synth": "synth",
    "track": "tracking",
    "train": "training",
}

__getattr__, __dir__ = lazy_names(__name__, _HOME)
