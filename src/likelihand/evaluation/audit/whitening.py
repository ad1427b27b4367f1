"""Residuals whitened by the predicted covariances."""

import numpy as np

from likelihand.evaluation import Predictions
from likelihand.evaluation.calibration import covariance_of, fit, halves
from likelihand.evaluation.calibration.fit import FEWEST
from likelihand.geometry import FloatArray
from likelihand.uncertainty import Calibration, diagonal


def whitening(predictions: Predictions) -> FloatArray:
    """Return (N, K, 2, 2) W with W C W^T = 1, each C fitted on the other half of the hands if there are enough."""
    o = predictions
    covariance = np.empty((*o.labelled.shape, 2, 2))
    if len(np.unique(o.group)) < 2:
        covariance = _covariance(o, o)
    else:
        second = halves(o)
        for told, asked in ((~second, second), (second, ~second)):
            covariance[asked] = _covariance(o.take(told), o.take(asked))
    return np.asarray(np.linalg.inv(np.linalg.cholesky(covariance)))


def _covariance(told: Predictions, asked: Predictions) -> FloatArray:
    if told.labelled.sum() < FEWEST:
        return diagonal(asked.scale**2)
    calibration: Calibration = fit(told)
    return covariance_of(asked, calibration)
