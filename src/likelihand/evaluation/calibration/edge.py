"""The additional uncertainty near the picture's edge: two numbers, fitted on truncated hands."""

from dataclasses import replace
from itertools import product
from typing import Final

from likelihand.evaluation import Predictions
from likelihand.evaluation.calibration.fit import looks_covariance
from likelihand.evaluation.calibration.scores import HEAD, cells, scores_of, summary
from likelihand.uncertainty import Calibration, log_density
from likelihand.utils.tables import aligned

FEWEST_AT_EDGE: Final = 200
"""Labelled keypoints near or beyond the edge below which nothing is fitted."""
_COARSE: Final = tuple(i / 10 for i in range(9))
_FINE: Final = tuple(i / 50 for i in range(-4, 5))


def fit_edge(predictions: Predictions, calibration: Calibration) -> Calibration:
    """Fit the additional uncertainty of hands and keypoints near the picture's edge by maximum likelihood.

    The table stays; a grid of the two logarithms is searched, its best neighbourhood once more.

    Args:
        predictions: of hands that the picture's edge cuts off, and of others.
        calibration: for as many looks, fitted on hands that it does not.

    Returns:
        The calibration with `edge_hand` and `edge_keypoint`.

    Raises:
        ValueError: fewer than 200 labelled keypoints lie at the edge.
    """
    o = predictions
    near = o.nearness
    if (o.labelled & (near > 0)).sum() < FEWEST_AT_EDGE:
        raise ValueError(
            f"{int((o.labelled & (near > 0)).sum())} labelled keypoints lie at the picture's edge; give "
            f"{FEWEST_AT_EDGE} or more, or leave out --cut-off"
        )

    def nats(hand: float, keypoint: float) -> float:
        tried = replace(calibration, edge_hand=hand, edge_keypoint=keypoint)
        c = tried.stated(looks_covariance(o, tried), o.size[:, None], near)[o.labelled]
        return float(log_density(o.residual[o.labelled], c, calibration.radial).mean())

    hand, keypoint = max(product(_COARSE, _COARSE), key=lambda pair: nats(*pair))
    around = {(max(hand + a, 0.0), max(keypoint + b, 0.0)) for a, b in product(_FINE, _FINE)}
    hand, keypoint = max(sorted(around), key=lambda pair: nats(*pair))
    return replace(calibration, edge_hand=round(hand, 6), edge_keypoint=round(keypoint, 6))


def at_edge(predictions: Predictions, calibration: Calibration) -> str:
    """Score regions and confidence inside and outside the picture, by the estimate and by the truth."""
    o, mask = predictions, predictions.labelled
    scores = scores_of(o, calibration)
    parts = {
        "estimated inside": o.estimate_inside[mask],
        "estimated outside": ~o.estimate_inside[mask],
        "truly inside": o.inside[mask],
        "truly outside": ~o.inside[mask],
    }
    rows = [[name, *cells(summary(scores[:, part]))] for name, part in parts.items() if part.any()]
    return aligned([["", *HEAD], *rows])
