"""Adapt a model's base calibration to other pictures or to test-time augmentation: two numbers and a table."""

from dataclasses import replace
from typing import Final

import numpy as np

from likelihand.evaluation import Predictions
from likelihand.evaluation.calibration.fit import enough_labelled, looks_covariance, table_of
from likelihand.geometry import FloatArray
from likelihand.uncertainty import RENDERED, Calibration, log_density, mahalanobis

NOISES: Final = tuple(i / 400 for i in range(21))
"""Added noise over factor that is tried, in shares of the hand's size: 0 to 5 %."""


def adjust(
    predictions: Predictions,
    base: Calibration,
    *,
    name: str = RENDERED,
    looks: int = 1,
    added_noise: bool = False,
    weight: FloatArray | None = None,
    source: str = "",
) -> Calibration:
    r"""Fit the factor, the added noise and the radial table of :math:`C' = f^2 C + (t z)^2 I`, C being given.

    For every ratio t / f the table follows from the weighted quantiles of the distances, and its norm gives f; the
    ratio of the largest weighted likelihood is taken.

    Args:
        predictions: of hands that the model was not trained on; of several looks as `join` returns them.
        base: says what C is, and what the picture's edge adds; the one that the looks were joined by.
        name: of the kind of pictures.
        looks: how many there were.
        added_noise: also fit the constant noise t, else 0.
        weight: (N, K), how much each keypoint counts, as `balanced` makes it; all the same where None.
        source: the data in words, kept with the result.

    Raises:
        ValueError: fewer than 200 keypoints are labelled.

    Example:
        >>> from likelihand.evaluation.calibration import fit, simulated
        >>> base = fit(simulated(300))
        >>> wider = adjust(simulated(300, factor=2.0), base, name="mine")
        >>> round(wider.factor, 1), wider.name
        (2.0, 'mine')
    """
    mask = enough_labelled(predictions)
    covariance, residual = looks_covariance(predictions, base), predictions.residual[mask]
    size, nearness = predictions.size[:, None], predictions.nearness
    weights = np.ones(len(residual)) if weight is None else weight[mask]
    best: tuple[float, Calibration] | None = None
    for ratio in NOISES if added_noise else NOISES[:1]:
        grown = replace(base, factor=1.0, added=ratio).stated(covariance, size, nearness)[mask]
        unit, table = table_of(mahalanobis(residual, grown), weights)
        nats = float(np.average(log_density(residual, unit**2 * grown, table), weights=weights))
        if best is None or nats > best[0]:
            numbers = {"factor": unit, "added": ratio * unit, "radial": table}
            best = nats, replace(base, name=name, looks=looks, source=source, **numbers)  # type: ignore[arg-type]
    assert best is not None
    return Calibration.from_json(best[1].to_json())
