"""Labels that are unlikely under a model, and what may have gone wrong with them."""

import math
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from likelihand.evaluation import Predictions
from likelihand.evaluation.audit.density import HandDensity, Tails, fit_density, fit_shape, fit_tails
from likelihand.evaluation.audit.outliers import in_box, outlier
from likelihand.evaluation.audit.patterns import MIRRORED, SHIFTED, SIDE, Suspicion, mirrored_in_box, orders
from likelihand.evaluation.audit.whitening import whitening
from likelihand.evaluation.calibration import halves
from likelihand.geometry import FloatArray, invert

NEAREST_SHIFT: Final = 0.05
"""A shift is spoken of from this share of the hand's size on."""


def suspicions(predictions: Predictions, known_side: NDArray[np.float64] | None = None) -> list[Suspicion]:
    """Find the best alternative explanation of every hand's labels, sorted by log-odds.

    The residuals of all hands, whitened by the calibrated covariances, are given one density of whole hands
    (`HandDensity`), and so are the shapes that the labels of all hands make. Under both each explanation is scored
    against the labels as they stand: one keypoint, or several together, anywhere in the box; the fingers in
    another order; the hand mirrored; all of it shifted by the same; the other side. The variants of a pattern
    (which keypoint, which fingers) share its chance. Where the model alone is wrong, the labels still make a hand.

    Args:
        predictions: of hands that the model was not trained on.
        known_side: (N,) 1 where the label says a right hand, 0 for a left one, NaN where it says nothing.

    Returns:
        One for each hand with three labelled keypoints or more, by falling `nats`.

    Raises:
        ValueError: an explanation's score is NaN: the labels are anatomically impossible.
    """
    o, w = predictions, whitening(predictions)
    z = np.einsum("nkij,nkj->nki", w, o.residual)
    density = fit_density(z, o.labelled)
    shapes, tails = fit_shapes(o)
    found = []
    for n in range(len(o)):
        if o.labelled[n].sum() >= 3:
            one = o.take(np.array([n]))
            explained = [*_whole_hand(one, w[n], density, shapes[n])]
            explained.append(outlier(one, w[n], z[n], density, shapes[n], tails))
            if known_side is not None:
                explained += _side(one, float(known_side[n]))
            if any(math.isnan(s.nats) for s in explained):
                raise ValueError(f"hand {int(o.index[n])} has no finite score; see `likelihand data check`")
            found.append(max(explained, key=lambda s: s.nats))
    return sorted(found, key=lambda s: -s.nats)


def fit_shapes(predictions: Predictions) -> tuple[list[HandDensity], Tails]:
    """Fit the shapes that labels make, for each hand on the other half of the hands if there are enough.

    Labels of several collections, or of other poses, make other shapes: how far a label lies from where the hand's
    others put it is seen on the hands themselves. Those are the tails.
    """
    o = predictions
    points = in_box(o, o.target)
    second = halves(o) if len(np.unique(o.group)) > 1 else np.zeros(len(o), bool)
    first = ~second if second.any() else second
    both = [fit_shape(points[told], o.labelled[told]) for told in (~first, ~second)]
    shapes = [both[int(half)] for half in second]
    able = [n for n in range(len(o)) if o.labelled[n].sum() >= 3]
    q = [shapes[n].of_each(points[n], o.labelled[n]).distance(points[n][o.labelled[n]]) for n in able]
    return shapes, fit_tails(np.concatenate(q)) if q else Tails(1.0, 1.0)


def _whole_hand(o: Predictions, w: FloatArray, density: HandDensity, shape: HandDensity) -> Iterator[Suspicion]:
    """Score other orders, the mirror image and a shift."""
    labelled, target, points, index = o.labelled[0], o.target[0], o.points[0], int(o.index[0])
    tried = [(p, d, k) for p, d, k in orders() if (labelled[list(k)] == labelled).all()]
    mirrored = np.where(labelled[:, None], mirrored_in_box(target, labelled), 0.0)
    versions = np.stack([target, *(target[list(order)] for _, _, order in tried), mirrored])
    whitened = np.einsum("kij,hkj->hki", w, versions - points)
    log_prob = density.log_prob(whitened, labelled)
    together = log_prob + shape.log_prob(in_box(o, versions), labelled)
    gains = together[1:] - together[0]
    for (pattern, detail, order), gain in zip(tried, gains[:-1], strict=True):
        wrong = tuple(k for k in range(21) if order[k] != k and labelled[k])
        share = math.log(sum(other == pattern for other, _, _ in orders()))
        yield Suspicion(index, pattern, detail, float(gain) - share if wrong else -math.inf, wrong)
    everything = tuple(map(int, np.flatnonzero(labelled)))
    yield Suspicion(index, MIRRORED, "", float(gains[-1]), everything)
    yield _shift(o, w, whitened[0], float(log_prob[0]), density)


def _shift(o: Predictions, w: FloatArray, z: FloatArray, log_prob: float, density: HandDensity) -> Suspicion:
    """Score a common shift, its best value by generalised least squares; all within the box are as likely."""
    labelled = o.labelled[0]
    part = np.repeat(labelled, 2)
    columns = w.reshape(-1, 2)[part]
    pulled = np.linalg.solve(density.scatter[np.ix_(part, part)], columns)
    information = columns.T @ pulled
    shift = np.linalg.solve(information, pulled.T @ (z - density.centre).reshape(-1)[part])
    better = float(density.log_prob((z - w @ shift)[None], labelled)[0])
    room = (
        2 * math.log(float(o.length[0])) - math.log(2 * math.pi) + 0.5 * float(np.linalg.slogdet(information)[1])
    )
    far = float(np.hypot(*shift)) >= NEAREST_SHIFT * float(o.length[0])
    in_image = invert(o.crop_from_image[0])[:2, :2] @ shift
    detail = f"by ({in_image[0]:+.1f}, {in_image[1]:+.1f}) px"
    nats = better - log_prob - max(room, 0.0) if far else -math.inf
    return Suspicion(int(o.index[0]), SHIFTED, detail, nats, tuple(map(int, np.flatnonzero(labelled))))


def _side(o: Predictions, known: float) -> list[Suspicion]:
    """Score the explanation that the other side was meant; the model is never believed beyond 100,000 : 1."""
    right = float(o.right[0])
    if math.isnan(known) or math.isnan(right):
        return []
    chance = min(max(right if known else 1 - right, 1e-5), 1 - 1e-5)
    detail = f"labelled {'right' if known else 'left'}, looks {'left' if known else 'right'}"
    return [Suspicion(int(o.index[0]), SIDE, detail, math.log((1 - chance) / chance), ())]
