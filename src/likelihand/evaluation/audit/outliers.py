"""Keypoints that were placed anywhere: one, several, a whole finger, or all that share one position."""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from likelihand.evaluation import Predictions
from likelihand.evaluation.audit.density import Densities, HandDensity, Tails
from likelihand.evaluation.audit.patterns import OUTLIER, SUSPECT, Suspicion
from likelihand.geometry import FloatArray, invert, transform_points
from likelihand.structures import FINGER_KEYPOINTS, FINGERS, KEYPOINTS


def in_box(o: Predictions, points: FloatArray) -> FloatArray:
    """Take points (..., 2) in crop pixels to the middle of the crop, in shares of its side."""
    return np.asarray((points - o.side / 2) / o.side)


def outlier(
    o: Predictions, w: FloatArray, z: FloatArray, density: HandDensity, shape: HandDensity, tails: Tails
) -> Suspicion:
    """Score the explanations that keypoints of a hand were placed anywhere, or at (0, 0) as unknown.

    Each keypoint alone, each finger, and the keypoints that lie at one place, as all that a tool had no place for
    do. A finger's keypoints speak for each other, so that one by one none of them is strange. `w` (K, 2, 2)
    whitens the hand's residuals to `z` (K, 2); `tails` say how far labels lie from where the shape puts them.
    """
    labelled = o.labelled[0]
    which = np.flatnonzero(labelled)
    nats = np.full(len(labelled), -np.inf)
    each = density.of_each(z, labelled), shape.of_each(in_box(o, o.target[0]), labelled)
    likely = _likely(o, w[which, None], *each, tails, which[:, None])
    nats[which] = np.where(_unplaced(o)[which], 0.0, _anywhere(o)) - math.log(len(which)) - likely
    wrong = np.flatnonzero(nats >= SUSPECT)
    wrong = wrong if len(wrong) else np.array([nats.argmax()])
    detail = ", ".join(KEYPOINTS[k] for k in wrong[np.argsort(-nats[wrong])])
    found = [Suspicion(int(o.index[0]), OUTLIER, detail, float(nats.max()), tuple(map(int, wrong)))]
    groups = list(_groups(o))
    chosen = [group for _, group, _ in groups]
    seen = density.of_groups(z, labelled, chosen)
    others = shape.of_groups(in_box(o, o.target[0]), labelled, chosen)
    for (name, group, prior), p, q in zip(groups, seen, others, strict=True):
        chosen_w, one = w[None, list(group)], np.array([group])
        both, alone = _likely(o, chosen_w, p, q, tails, one), _as_a_hand(o, q, tails, one)
        # a model that sees a finger elsewhere is not believed where the labels make a hand by themselves
        nats_of_group = prior - math.log(len(groups)) - max(float(both[0]), float(alone[0]))
        found.append(Suspicion(int(o.index[0]), OUTLIER, name, nats_of_group, group))
    return max(found, key=lambda s: s.nats)


def _groups(o: Predictions) -> Iterator[tuple[str, tuple[int, ...], float]]:
    """List the groups of one hand that may have been put elsewhere together; one keypoint at least is left.

    Of each its name, its keypoints, and the log-density of where they may have been put.
    """
    labelled, target, anywhere, unplaced = o.labelled[0], o.target[0], _anywhere(o), _unplaced(o)
    for finger in FINGERS:
        group = tuple(k for k in FINGER_KEYPOINTS[finger] if labelled[k])
        if 1 < len(group) < labelled.sum():
            yield finger, group, len(group) * anywhere
    places, which = np.unique(target[labelled].round(3), axis=0, return_inverse=True)
    for place in range(len(places)):
        group = tuple(int(k) for k in np.flatnonzero(labelled)[which.reshape(-1) == place])
        if 1 < len(group) < labelled.sum():
            # one is put anywhere, the others into the same square pixel
            prior = 0.0 if unplaced[list(group)].all() else anywhere
            yield f"{', '.join(KEYPOINTS[k] for k in group)} at one place", group, prior


def _anywhere(o: Predictions) -> float:
    """Return the log-density of a label that was put anywhere in the hand's box."""
    return -2 * math.log(float(o.length[0]))


def _unplaced(o: Predictions) -> NDArray[np.bool_]:
    """Say of each keypoint (K,) whether its label is at the picture's first pixel, or (-1, -1): it has no place.

    Such a label is put into one square pixel, not anywhere.
    """
    points = transform_points(invert(o.crop_from_image[0]), o.target[0])
    return np.asarray((np.abs(points) <= 1.0).all(1))


def _likely(
    o: Predictions, w: FloatArray, seen: Densities, others: Densities, tails: Tails, chosen: NDArray[np.intp]
) -> FloatArray:
    r"""Return the log-density (P,) of P groups of M labels from the picture and from the hand's other labels.

    With the picture's density p and the other labels' q, both of about normal form with means m, n and covariances
    C, S, the density is p q over its integral N(m; n, C + S): a model that is wrong where the other labels agree
    is not believed. `w` (P, M, 2, 2) whitens the residuals of the `chosen` keypoints (P, M).
    """
    label = o.target[0][chosen].reshape(len(chosen), -1)
    seen = seen.moved(
        _diagonals(np.asarray(np.linalg.inv(w), np.float64)), o.points[0][chosen].reshape(label.shape)
    )
    others = _in_crop(o, others, tails)
    both = Densities(others.mean, others.scatter + seen.scatter, others.freedom)
    return seen.log_prob(label) + others.log_prob(label) - both.log_prob(seen.mean)


def _as_a_hand(o: Predictions, others: Densities, tails: Tails, chosen: NDArray[np.intp]) -> FloatArray:
    """Return the log-density (P,) of groups of labels from the hand's other labels alone."""
    return _in_crop(o, others, tails).log_prob(o.target[0][chosen].reshape(len(chosen), -1))


def _in_crop(o: Predictions, others: Densities, tails: Tails) -> Densities:
    """Take what the shape says of labels in the box to crop pixels, with the tails that data have shown."""
    size = others.mean.shape[1]
    scale = np.broadcast_to(o.side * np.eye(size), others.scatter.shape)
    return others.spread(tails).moved(scale, np.full_like(others.mean, o.side / 2))


def _diagonals(matrices: FloatArray) -> FloatArray:
    """Put matrices (P, M, 2, 2) on diagonals: (P, 2 M, 2 M)."""
    rows, count = matrices.shape[:2]
    whole = np.zeros((rows, count, 2, count, 2))
    for m in range(count):
        whole[:, m, :, m] = matrices[:, m]
    return whole.reshape(rows, 2 * count, 2 * count)
