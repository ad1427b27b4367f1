"""Errors common to a whole data set: a constant offset, or another keypoint order."""

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from likelihand.evaluation import Predictions
from likelihand.evaluation.audit.patterns import MIRRORED, mirrored_in_box, orders
from likelihand.evaluation.audit.whitening import whitening
from likelihand.geometry import FloatArray


@dataclass(frozen=True)
class Offset:
    """The mean offset of a data set's labels from the estimates, in image pixels.

    Attributes:
        dataset: its name.
        x: mean of label minus estimate.
        y: likewise.
        error: standard error of either.
        name: what it looks like; "" where it is no more than chance and the model's own bias allow.
    """

    dataset: str
    x: float
    y: float
    error: float
    name: str

    def __str__(self) -> str:
        name = f": {self.name}" if self.name else ""
        return f"{self.dataset}: labels lie ({self.x:+.2f}, {self.y:+.2f}) +- {self.error:.2f} px off{name}"


def offsets(predictions: Predictions) -> list[Offset]:
    """Measure the mean offset of each data set's labels from the estimates, in image pixels.

    The mean residual, each keypoint weighted by its inverse covariance and by how well it fits the others (the
    weights of a Student's t, so that wrong labels count little), with a standard error from the hands' scatter. A
    data set of fewer than 30 hands is left out. An offset of 5 standard errors is named: half a pixel along both
    axes is what another convention for the pixel's centre gives; over 3 % of the size it is a shift. A model may
    have a bias of its own.
    """
    o, w = predictions, whitening(predictions)
    image_from_crop = np.linalg.inv(o.crop_from_image[:, :2, :2])
    residual = np.einsum("nij,nkj->nki", image_from_crop, o.residual)
    whitened = np.einsum("nkij,njl->nkil", w, o.crop_from_image[:, :2, :2])
    precision = np.einsum("nkji,nkjl->nkil", whitened, whitened) * o.labelled[..., None, None]
    size = o.length * np.sqrt(np.abs(np.linalg.det(image_from_crop)))
    found = []
    for name in np.unique(o.dataset):
        part = o.dataset == name
        if part.sum() >= 30:
            mean, error = _robust_mean(residual[part], precision[part])
            called = _offset_name(*mean, error, float(np.median(size[part])))
            found.append(Offset(str(name), *mean, error, called))
    return found


def _robust_mean(residual: FloatArray, precision: FloatArray) -> tuple[tuple[float, float], float]:
    """Return the weighted mean of residuals (N, K, 2) and the larger of its standard errors, from whole hands."""
    mean = np.zeros(2)
    for _ in range(20):
        away = residual - mean
        form = np.einsum("nki,nkij,nkj->nk", away, precision, away)
        weighted = precision * (6.0 / (4.0 + form))[..., None, None]
        pull = np.einsum("nkij,nkj->ni", weighted, away)
        inverse = np.linalg.inv(weighted.sum((0, 1)))
        mean = mean + inverse @ pull.sum(0)
    scatter = inverse @ (pull.T @ pull) @ inverse
    return (float(mean[0]), float(mean[1])), float(np.sqrt(scatter.diagonal().max()))


def _offset_name(x: float, y: float, error: float, size: float) -> str:
    if math.hypot(x, y) < 5 * error:
        return ""
    if max(abs(abs(x) - 0.5), abs(abs(y) - 0.5)) <= 0.2:
        return "half a pixel: another convention for the pixel's centre"
    return "a systematic shift" if math.hypot(x, y) > 0.03 * size else ""


def _median(values: FloatArray, where: NDArray[np.bool_]) -> FloatArray:
    """Return the median of each row's values (N, K) where they count; infinity for a row where none does."""
    counted = np.sort(np.where(where, values, np.inf), axis=1)
    count = where.sum(1)
    pair = np.stack([np.maximum(count - 1, 0) // 2, count // 2], 1)
    middle = np.take_along_axis(counted, np.minimum(pair, values.shape[1] - 1), 1).mean(1)
    return np.where(count > 0, middle, np.inf)


def of_whole_set(predictions: Predictions) -> list[str]:
    """Name the keypoint orders that explain the labels of most hands, as after a wrong reader setting."""
    o = predictions
    own = _median(o.error, o.labelled)
    tried: Counter[str] = Counter()
    for pattern, detail, order in orders():
        other = np.linalg.norm(o.target[:, list(order)] - o.points, axis=-1) / o.unit
        both = o.labelled & o.labelled[:, list(order)]
        better = _median(other, both) < 0.7 * own
        tried[f"{pattern} {detail}".strip()] = int(better.sum())
    flipped = np.stack([mirrored_in_box(t, w) for t, w in zip(o.target, o.labelled, strict=True)])
    mirrored = np.linalg.norm(flipped - o.points, axis=-1) / o.unit
    tried[MIRRORED] = int((_median(mirrored, o.labelled) < 0.7 * own).sum())
    return [f"{name}: {count} of {len(o)} hands" for name, count in tried.most_common() if count > len(o) / 2]
