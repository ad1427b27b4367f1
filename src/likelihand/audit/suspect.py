"""Which labels a model finds hard to believe, and what may have gone wrong with them."""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from likelihand.audit.density import Densities, HandDensity, Tails, fit_density, fit_shape, fit_tails
from likelihand.calibration import Observations, fit, halves
from likelihand.calibration.fit import FEWEST, covariance_of
from likelihand.geometry import FloatArray, invert
from likelihand.hand import FINGER_KEYPOINTS, FINGERS, KEYPOINTS, RHD_ORDER
from likelihand.uncertainty import Calibration, diagonal

SUSPECT: Final = 8.0
"""Nats by which an explanation must beat the label as it stands for the label to be a suspect."""
OUTLIER: Final = "outlier"
SWAPPED: Final = "fingers swapped"
REVERSED: Final = "finger reversed"
TIP_TO_PALM: Final = "fingers counted from tip to palm"
LITTLE_FIRST: Final = "fingers counted from little to thumb"
MIRRORED: Final = "mirrored left to right"
SHIFTED: Final = "shifted"
SIDE: Final = "left and right swapped"
PATTERNS: Final = (OUTLIER, SWAPPED, REVERSED, TIP_TO_PALM, LITTLE_FIRST, MIRRORED, SHIFTED, SIDE)
NEAREST_SHIFT: Final = 0.05
"""A shift is spoken of from this share of the hand's size on."""


@dataclass(frozen=True)
class Suspicion:
    """The best explanation of one hand's labels other than that they are right.

    Attributes:
        index: position in the data set.
        pattern: one of `PATTERNS`.
        detail: what of it, in words.
        nats: log-odds of the explanation against the labels as they stand, before any prior.
        keypoints: those that the explanation says are wrong.
        suspect: whether `nats` reaches `SUSPECT`.
    """

    index: int
    pattern: str
    detail: str
    nats: float
    keypoints: tuple[int, ...]

    @property
    def suspect(self) -> bool:
        """Whether the explanation is better than the labels by more than chance and habit allow."""
        return self.nats >= SUSPECT


@dataclass(frozen=True)
class Offset:
    """Where the labels of a data set lie beside the estimates, on the whole, in image pixels.

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


@cache
def orders() -> tuple[tuple[str, str, tuple[int, ...]], ...]:
    """List the wrong orders that are tried: pattern, detail, and the permutation that would set them right."""
    found: list[tuple[str, str, tuple[int, ...]]] = []
    for i, first in enumerate(FINGERS):
        for second in FINGERS[i + 1 :]:
            found.append((SWAPPED, f"{first} and {second}", _moved({first: second, second: first})))
        order = list(range(21))
        for place, source in zip(FINGER_KEYPOINTS[first], reversed(FINGER_KEYPOINTS[first]), strict=True):
            order[place] = source
        found.append((REVERSED, first, tuple(order)))
    found.append((TIP_TO_PALM, "", RHD_ORDER))
    found.append((LITTLE_FIRST, "", _moved(dict(zip(FINGERS, reversed(FINGERS), strict=True)))))
    return tuple(found)


def _moved(source: dict[str, str]) -> tuple[int, ...]:
    order = list(range(21))
    for finger, other in source.items():
        for place, taken in zip(FINGER_KEYPOINTS[finger], FINGER_KEYPOINTS[other], strict=True):
            order[place] = taken
    return tuple(order)


def whitening(observations: Observations) -> FloatArray:
    """Give (N, K, 2, 2) W with W C W^T = 1, each C fitted on the other half of the hands if there are enough."""
    o = observations
    covariance = np.empty((*o.labelled.shape, 2, 2))
    if len(np.unique(o.group)) < 2:
        covariance = _covariance(o, o)
    else:
        second = halves(o)
        for told, asked in ((~second, second), (second, ~second)):
            covariance[asked] = _covariance(o.take(told), o.take(asked))
    return np.asarray(np.linalg.inv(np.linalg.cholesky(covariance)))


def _covariance(told: Observations, asked: Observations) -> FloatArray:
    if told.labelled.sum() < FEWEST:
        return diagonal(asked.scale**2)
    calibration: Calibration = fit(told)
    return covariance_of(asked, calibration)


def suspicions(observations: Observations, known_side: NDArray[np.float64] | None = None) -> list[Suspicion]:
    """Find the best explanation for every hand's labels other than that they are right, the likeliest first.

    The residuals of all hands, whitened by the calibrated covariances, are given one density of whole hands
    (`HandDensity`), and so are the shapes that the labels of all hands make. Under both each explanation is scored
    against the labels as they stand: one keypoint anywhere in the box; the fingers in another order; the hand
    mirrored; all of it shifted by the same; the other side. The variants of a pattern (which keypoint, which
    fingers) share its chance. Where the model alone is wrong, the labels still make a hand.

    Args:
        observations: of hands that the model was not trained on.
        known_side: (N,) 1 where the label says a right hand, 0 for a left one, NaN where it says nothing.

    Returns:
        One for each hand with three labelled keypoints or more, by falling `nats`.
    """
    o, w = observations, whitening(observations)
    z = np.einsum("nkij,nkj->nki", w, o.residual)
    density = fit_density(z, o.labelled)
    shapes, tails = fit_shapes(o)
    found = []
    for n in range(len(o)):
        if o.labelled[n].sum() >= 3:
            one = o.take(np.array([n]))
            others = shapes[n].of_each(in_box(o, o.target[n]), o.labelled[n]).spread(tails)
            explained = [*_whole_hand(one, w[n], density, shapes[n]), _outlier(one, w[n], z[n], density, others)]
            if known_side is not None:
                explained += _side(one, float(known_side[n]))
            found.append(max(explained, key=lambda s: s.nats))
    return sorted(found, key=lambda s: -s.nats)


def in_box(o: Observations, points: FloatArray) -> FloatArray:
    """Take points (..., 2) in crop pixels to the middle of the crop, in shares of its side."""
    return np.asarray((points - o.side / 2) / o.side)


def fit_shapes(observations: Observations) -> tuple[list[HandDensity], Tails]:
    """Fit the shapes that labels make, for each hand on the other half of the hands if there are enough.

    Labels of several collections, or of other poses, make other shapes: how far a label lies from where the hand's
    others put it is seen on the hands themselves.

    Returns:
        One density a hand, and the tails of what they say of each keypoint.
    """
    o = observations
    points = in_box(o, o.target)
    second = halves(o) if len(np.unique(o.group)) > 1 else np.zeros(len(o), bool)
    first = ~second if second.any() else second
    both = [fit_shape(points[told], o.labelled[told]) for told in (~first, ~second)]
    shapes = [both[int(half)] for half in second]
    able = [n for n in range(len(o)) if o.labelled[n].sum() >= 3]
    q = [shapes[n].of_each(points[n], o.labelled[n]).distance(points[n][o.labelled[n]]) for n in able]
    return shapes, fit_tails(np.concatenate(q)) if q else Tails(1.0, 1.0)


def _outlier(o: Observations, w: FloatArray, z: FloatArray, density: HandDensity, others: Densities) -> Suspicion:
    """Score the explanation that a keypoint was put anywhere in the hand's box."""
    labelled = o.labelled[0]
    prior = -2 * math.log(float(o.length[0])) - math.log(labelled.sum())
    nats = np.full(len(labelled), -np.inf)
    nats[labelled] = prior - _likely(o, w[labelled], density.of_each(z, labelled), others)
    wrong = np.flatnonzero(nats >= SUSPECT)
    wrong = wrong if len(wrong) else np.array([nats.argmax()])
    detail = ", ".join(KEYPOINTS[k] for k in wrong[np.argsort(-nats[wrong])])
    return Suspicion(int(o.index[0]), OUTLIER, detail, float(nats.max()), tuple(map(int, wrong)))


def _likely(o: Observations, w: FloatArray, seen: Densities, others: Densities) -> FloatArray:
    r"""Give the log-density of each labelled keypoint from the picture and from the other labels.

    With the picture's density p and the other labels' q, both of about normal form with means m, n and
    covariances C, S, the density is p q over its integral N(m; n, C + S): a model that is wrong where the other
    labels agree is not believed.
    """
    labelled = o.labelled[0]
    label, unwhiten = o.target[0][labelled], np.asarray(np.linalg.inv(w), np.float64)
    seen = seen.moved(unwhiten, o.points[0][labelled])
    scale, middle = np.broadcast_to(o.side * np.eye(2), seen.scatter.shape), np.full_like(label, o.side / 2)
    others = others.moved(scale, middle)
    both = Densities(others.mean, others.scatter + seen.scatter, others.freedom)
    return seen.log_prob(label) + others.log_prob(label) - both.log_prob(seen.mean)


def _whole_hand(o: Observations, w: FloatArray, density: HandDensity, shape: HandDensity) -> Iterator[Suspicion]:
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


def mirrored_in_box(target: FloatArray, labelled: NDArray[np.bool_]) -> FloatArray:
    """Mirror points (K, 2) left to right about the middle of the labelled ones' box.

    Example:
        >>> mirrored_in_box(np.array([[1.0, 5.0], [4.0, 6.0]]), np.array([True, True]))
        array([[4., 5.],
               [1., 6.]])
    """
    x = target[labelled, 0]
    return np.asarray([x.min() + x.max(), 0.0] + target * [-1.0, 1.0])


def _shift(o: Observations, w: FloatArray, z: FloatArray, log_prob: float, density: HandDensity) -> Suspicion:
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


def _side(o: Observations, known: float) -> list[Suspicion]:
    """Score the explanation that the other side was meant; the model is never believed beyond 100,000 : 1."""
    right = float(o.right[0])
    if math.isnan(known) or math.isnan(right):
        return []
    chance = min(max(right if known else 1 - right, 1e-5), 1 - 1e-5)
    detail = f"labelled {'right' if known else 'left'}, looks {'left' if known else 'right'}"
    return [Suspicion(int(o.index[0]), SIDE, detail, math.log((1 - chance) / chance), ())]


def offsets(observations: Observations) -> list[Offset]:
    """Measure where each data set's labels lie beside the estimates, on the whole, in image pixels.

    The mean residual, each keypoint weighted by its inverse covariance and by how well it fits the others (the
    weights of a Student's t, so that wrong labels count little), with a standard error from the hands' scatter. A
    data set of fewer than 30 hands is left out. An offset of 5 standard errors is named: half a pixel along both
    axes is what another convention for the pixel's centre gives; over 3 % of the size it is a shift. A model may
    have a bias of its own.
    """
    o, w = observations, whitening(observations)
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
    """Give the weighted mean of residuals (N, K, 2) and the larger of its standard errors, from whole hands."""
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
    """Give the median of each row's values (N, K) where they count; infinity for a row where none does."""
    counted = np.sort(np.where(where, values, np.inf), axis=1)
    count = where.sum(1)
    pair = np.stack([np.maximum(count - 1, 0) // 2, count // 2], 1)
    middle = np.take_along_axis(counted, np.minimum(pair, values.shape[1] - 1), 1).mean(1)
    return np.where(count > 0, middle, np.inf)


def of_whole_set(observations: Observations) -> list[str]:
    """Name the wrong orders that would explain the labels of most hands: what a reader's wrong setting gives."""
    o = observations
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
