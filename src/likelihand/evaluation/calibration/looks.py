"""Combine several augmented views of the same hands as a predictor does."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from likelihand.evaluation.structures import Predictions
from likelihand.geometry import FloatArray, invert, transform_covariances, transform_points
from likelihand.inference.tta import Answer, merge
from likelihand.uncertainty import Calibration, look_covariance


def join(looks: Sequence[Predictions], calibration: Calibration | None) -> Predictions:
    """Combine several augmented views as a predictor does.

    Args:
        looks: of the same hands, as `likelihand.evaluation.predictions_by_look` returns them; the first is the
            plain one.
        calibration: the model's, whose `covariance` says what one look is worth; None where it has none.

    Returns:
        One, in the crop pixels of the first look, with their joint `covariance`; the only look as it is.

    Example:
        >>> from likelihand.evaluation.calibration import fit, simulated
        >>> one = simulated(20)
        >>> join([one, one], fit(one)).covariance.shape
        (20, 21, 2, 2)
    """
    first = looks[0]
    if len(looks) == 1:
        return first
    points, covariance, right = np.empty_like(first.points), np.empty((*first.points.shape, 2)), first.right.copy()
    told = [look_covariance(calibration, o.scale, o.spread, o.side) for o in looks]
    for n, matrix in enumerate(first.crop_from_image):
        joined = merge([_answer(o, c, n) for o, c in zip(looks, told, strict=True)])
        points[n] = transform_points(matrix, joined.points)
        covariance[n] = transform_covariances(matrix, joined.covariance)
        right[n] = np.nan if joined.right is None else joined.right
    return replace(first, points=points, covariance=covariance, right=right)


def _answer(o: Predictions, covariance: FloatArray, n: int) -> Answer:
    image_from_crop = invert(o.crop_from_image[n])
    return Answer(
        points=transform_points(image_from_crop, o.points[n]),
        covariance=transform_covariances(image_from_crop, covariance[n]),
        presence=1.0,
        right=None if np.isnan(o.right[n]) else float(o.right[n]),
    )
