"""Hands of several sources: weighted equally, and cross-validated by leaving one source out."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from likelihand.evaluation import Predictions
from likelihand.evaluation.calibration.fit import FEWEST, distances, table_of
from likelihand.evaluation.calibration.scores import HEAD, cells, scores_of, summary
from likelihand.geometry import FloatArray
from likelihand.uncertainty import Calibration
from likelihand.utils.tables import aligned

_MOST: Final = 1 - 1e-9
"""Largest probability that is taken back to a distance: that of 1 is infinitely far."""


def source_of(dataset: str) -> str:
    """Return the source that a data set's name begins with; what is in brackets is ignored.

    Example:
        >>> source_of("OneHand10K (sample in mmpose tests)")
        'OneHand10K'
    """
    return dataset.partition(" (")[0]


def sources_of(predictions: Predictions) -> NDArray[np.str_]:
    """Return the source (N,) of each hand."""
    return np.array([source_of(str(name)) for name in predictions.dataset])


def balanced(predictions: Predictions) -> FloatArray:
    """Return weights (N, K) with which the labelled keypoints of each source count as much as any other source's.

    Example:
        >>> from dataclasses import replace
        >>> from likelihand.evaluation.calibration import simulated
        >>> o = replace(simulated(4), dataset=np.array(["a", "a (again)", "a", "b"]))
        >>> (balanced(o)[:, 0] * 63).round(6)
        array([1., 1., 1., 3.])
    """
    sources = sources_of(predictions)
    weight = np.zeros(predictions.labelled.shape)
    for source in np.unique(sources):
        part = (sources == source)[:, None] & predictions.labelled
        weight[part] = 1 / max(1, part.sum())
    return weight


@dataclass(frozen=True)
class LeftOut:
    """Scores of calibrations on sources that they were not fitted on.

    Attributes:
        sources: source to its scores: keypoints, mean error, coverage at each of `LEVELS`, mean radius of the 68 %
            region, mean confidence and the share that is correct; lengths in shares of the hand's size.
        pooled: the same over all keypoints.
    """

    sources: Mapping[str, FloatArray]
    pooled: FloatArray

    @property
    def mean(self) -> FloatArray:
        """The mean over the sources, each weighted equally."""
        return np.asarray(np.mean(list(self.sources.values()), axis=0))

    def __str__(self) -> str:
        rows = [[name, *cells(values)] for name, values in self.sources.items()]
        mean = ["mean over sources", "", *cells(self.mean)[1:]]
        return aligned([["left out", *HEAD], *rows, mean, ["all keypoints", *cells(self.pooled)]])


def leave_one_out(predictions: Predictions, fitted: Callable[[Predictions], Calibration]) -> LeftOut:
    """Score calibrations on each of two sources or more, fitted on all the others by `fitted`, say `adjust`.

    Raises:
        ValueError: there is one source.
    """
    sources = sources_of(predictions)
    parts = {
        str(sources[part][0]): scores_of(predictions.take(part), calibration)
        for part, calibration in _each_left_out(predictions, fitted)
    }
    everything = np.concatenate(list(parts.values()), axis=1)
    return LeftOut({name: summary(part) for name, part in parts.items()}, summary(everything))


def cross_fitted(predictions: Predictions, fitted: Callable[[Predictions], Calibration]) -> Calibration:
    """Fit on all sources by `fitted`, then make the regions hold what they held on sources left out.

    A fit knows its own sources, and its regions are too small for another one. Here each keypoint's distance is
    the one to which the fit on the other sources gives the same probability; the radial table is made of these,
    each source counted alike (Barber et al., Predictive inference with the jackknife+, 2021, by groups). Where the
    other sources of one hold fewer than 200 labelled keypoints, it stays with the fit on all.
    """
    calibration, sources = fitted(predictions), sources_of(predictions)
    if min(predictions.labelled[sources != name].sum() for name in np.unique(sources)) < FEWEST:
        return calibration
    distance = np.zeros(predictions.labelled.shape)
    for part, other in _each_left_out(predictions, fitted):
        level = np.minimum(other.radial.level(distances(predictions.take(part), other)), _MOST)
        distance[part] = calibration.radial.radius(level)
    mask = predictions.labelled
    unit, table = table_of(distance[mask], balanced(predictions)[mask])
    factor, added = unit * calibration.factor, unit * calibration.added
    wider = replace(calibration, factor=factor, added=added, radial=table)
    return Calibration.from_json(wider.to_json())


def _each_left_out(
    predictions: Predictions, fitted: Callable[[Predictions], Calibration]
) -> Iterator[tuple[NDArray[np.bool_], Calibration]]:
    """Yield which hands (N,) are of a source, and the fit on the other ones, for each source."""
    sources = sources_of(predictions)
    names = np.unique(sources)
    if len(names) < 2:
        raise ValueError(f"all hands are of the source {str(names[0])!r}; leaving one out takes two or more")
    for name in names:
        yield sources == name, fitted(predictions.take(sources != name))


def halves(predictions: Predictions, share: float = 0.5) -> NDArray[np.bool_]:
    """Choose a share of the groups at random: (N,) booleans, true for the other groups.

    Raises:
        ValueError: there are fewer than two groups.

    Example:
        >>> from likelihand.evaluation.calibration import simulated
        >>> int(halves(simulated(10), 0.3).sum())
        3
    """
    names = np.unique(predictions.group)
    if len(names) < 2:
        raise ValueError(f"the data hold {len(names)} group(s) of hands; a split needs two or more")
    count = min(max(1, round(share * len(names))), len(names) - 1)
    chosen = np.random.default_rng(0).permutation(names)[:count]
    return np.isin(predictions.group, chosen)
