"""Simulated predictions of a perfectly calibrated model."""

import numpy as np

from likelihand.evaluation.structures import Predictions
from likelihand.uncertainty import size_of_hand


def simulated(hands: int, seed: int = 0, factor: float = 1.0) -> Predictions:
    """Draw predictions whose errors are Gaussian, with the predicted scale times a factor.

    To see how far scores scatter at a number of hands even where nothing is wrong.

    Example:
        >>> simulated(5).residual.shape
        (5, 21, 2)
    """
    rng = np.random.default_rng(seed)
    points = rng.uniform(20, 76, (hands, 21, 2))
    scale = np.exp(rng.normal(0.5, 0.7, (hands, 21, 1)) + rng.normal(0, 0.2, (hands, 21, 2)))
    target = points + factor * scale * rng.standard_normal(points.shape)
    everywhere = np.ones((hands, 21), bool)
    return Predictions(
        index=np.arange(hands), points=points, earlier=np.empty((0, *points.shape)), target=target,
        labelled=everywhere,
        visibility=np.full((hands, 21), 2, np.int8), inside=everywhere, scale=scale, spread=None,
        right=np.full(hands, np.nan), length=size_of_hand(target), input_size=(96, 96),
        padding=1.0, box=np.tile([0.0, 0.0, 96.0, 96.0], (hands, 1)),
        crop_from_image=np.tile(np.eye(3), (hands, 1, 1)),
        group=np.array([f"hand {i}" for i in range(hands)]), dataset=np.full(hands, "simulated"),
        picture=np.full((hands, 2), 96.0),
    )  # fmt: skip
