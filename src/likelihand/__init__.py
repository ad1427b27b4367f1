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
    from likelihand import data as data, synth as synth
    from likelihand.data.images import read_image as read_image
    from likelihand.evaluation import evaluate as evaluate
    from likelihand.inference import Predictor as Predictor, load as load
    from likelihand.losses import (
        HeatmapLoss as HeatmapLoss,
        IntegralLoss as IntegralLoss,
        ResidualLogLikelihood as ResidualLogLikelihood,
    )
    from likelihand.models import (
        SequentialHeatmapNetwork as SequentialHeatmapNetwork,
        TimmBackbone as TimmBackbone,
    )
    from likelihand.reconstruction import HandFit as HandFit, fit as fit
    from likelihand.structures import Hand as Hand
    from likelihand.tracking import track as track
    from likelihand.training import TrainConfig as TrainConfig, train as train
    from likelihand.visualization.drawing import draw as draw

__version__ = "0.2.0"

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    {
        "data": "data",
        "data.images": "read_image",
        "evaluation": "evaluate",
        "inference": "Predictor load",
        "losses": "HeatmapLoss IntegralLoss ResidualLogLikelihood",
        "models": "SequentialHeatmapNetwork TimmBackbone",
        "reconstruction": "HandFit fit",
        "structures": "Hand",
        "synth": "synth",
        "tracking": "track",
        "training": "TrainConfig train",
        "visualization.drawing": "draw",
    },
)
