"""Several augmented views of the same hands: a label is as suspicious as in the view that suspects it least."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from likelihand.data.dataset import Dataset
from likelihand.evaluation import Predictions, predictions_by_look
from likelihand.evaluation.audit.patterns import Suspicion
from likelihand.geometry import FloatArray
from likelihand.inference.runtimes import Runtime
from likelihand.inference.tta import Look

LOOKS: Final = (Look(1.0, False, 0.0), Look(0.88, True, 0.0), Look(1.12, True, 0.0))
"""As it is, and mirrored from closer and from farther away."""


def predict_often(
    runtime: Runtime, dataset: Dataset, *, batch_size: int = 32, progress: bool = True
) -> list[Predictions]:
    """Run a model over labelled hands as they are, and over mirrored, closer and wider crops of them.

    A model often errs in one view only; a wrong label is wrong in all of them. Of a hand's side there is one
    opinion: the mean of the looks' log-odds.

    Raises:
        ValueError: no hand has two labelled keypoints that lie apart, or the model gave points that are not
            finite.
    """
    every = predictions_by_look(runtime, dataset, LOOKS, batch_size=batch_size, progress=progress)
    looks = [look.sized() for look in every]
    right = of_one_mind(np.stack([look.right for look in looks]))
    return [replace(look, right=right) for look in looks]


def of_one_mind(chances: FloatArray) -> FloatArray:
    """Combine probabilities (views, N) by the mean of their log-odds, each clipped to 100,000 : 1.

    Example:
        >>> of_one_mind(np.array([[0.9, 0.5], [0.1, 0.5], [0.5, 0.9]])).round(3)
        array([0.5  , 0.675])
    """
    certain = np.clip(chances, 1e-5, 1 - 1e-5)
    odds = np.log(certain / (1 - certain)).mean(0)
    return np.asarray(1 / (1 + np.exp(-odds)))


def agreed(looks: Sequence[Sequence[Suspicion]]) -> list[Suspicion]:
    """Return each hand's weakest suspicion over the views, sorted with the strongest first.

    Example:
        >>> first = [Suspicion(0, "outlier", "wrist", 30.0, (0,)), Suspicion(1, "outlier", "wrist", 20.0, (0,))]
        >>> again = [Suspicion(1, "outlier", "wrist", 18.0, (0,)), Suspicion(0, "shifted", "", 2.0, ())]
        >>> [(s.index, s.nats) for s in agreed([first, again])]
        [(1, 18.0), (0, 2.0)]
    """
    by_hand: dict[int, list[Suspicion]] = {}
    for suspicion in (each for look in looks for each in look):
        by_hand.setdefault(suspicion.index, []).append(suspicion)
    weakest = (min(said, key=lambda s: s.nats) for said in by_hand.values())
    return sorted(weakest, key=lambda s: -s.nats)
