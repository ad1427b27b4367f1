"""Fit calibrations to a model's predictions, and validate each on held-out hands."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from likelihand.evaluation import Predictions
from likelihand.evaluation.calibration.adjust import adjust
from likelihand.evaluation.calibration.compare import compare
from likelihand.evaluation.calibration.edge import at_edge, fit_edge
from likelihand.evaluation.calibration.fit import fit
from likelihand.evaluation.calibration.looks import join
from likelihand.evaluation.calibration.sources import (
    balanced,
    cross_fitted,
    halves,
    leave_one_out,
    source_of,
)
from likelihand.uncertainty import PHOTOS, RENDERED, Calibration, Calibrations


@dataclass(frozen=True)
class Recipe:
    """How calibrations are fitted and checked.

    Attributes:
        name: of the kind of pictures; None for "rendered" where all hands are, else "photos".
        looks: numbers of looks, a calibration each.
        added_noise: also fits a constant label noise, whatever the model predicts.
        balance: counts each source alike, fits on all of them as `cross_fitted` does, and checks on each by
            leaving it out of all that; else a share of the groups is kept for the check.
        test_share: of the groups.
    """

    name: str | None = None
    looks: tuple[int, ...] = (1,)
    added_noise: bool = False
    balance: bool = False
    test_share: float = 0.3


def calibrate(
    recipe: Recipe, seen: Sequence[Predictions], cut: Sequence[Predictions], known: Calibrations
) -> Iterator[tuple[Calibration, str]]:
    """Fit a calibration for each number of augmented views.

    The base, what one look says, is fitted on rendered hands or where there is no base yet; other kinds of
    pictures keep that of the rendered ones, and what the picture's edge adds, unless hands cut off are given.

    Args:
        recipe: what to fit.
        seen: the predictions of each view, as many as the largest number of views.
        cut: the same of hands that the picture's edge cuts off; empty where there are none.
        known: the model's calibrations so far.

    Yields:
        Each calibration, and in words how it holds.

    Raises:
        ValueError: there are too few keypoints, groups or sources.
    """
    name = recipe.name or (RENDERED if set(seen[0].dataset) == {"synthetic"} else PHOTOS)
    checked = None if recipe.balance else halves(seen[0], recipe.test_share)
    told = seen[0] if checked is None else seen[0].take(~checked)
    own = name == RENDERED or RENDERED not in known.names
    first = fit(told) if own else known.choose(RENDERED)
    assert first is not None
    source = f"{len(told)} hands of {', '.join(sorted({source_of(str(n)) for n in told.dataset}))}"
    for looks in sorted(set(recipe.looks)):
        base = first if own or cut else _with_edge(first, known.choose(RENDERED, looks))
        o = join(seen[:looks], base)

        def once(some: Predictions, base: Calibration = base, looks: int = looks) -> Calibration:
            weight = balanced(some) if recipe.balance else None
            noise = recipe.added_noise
            return adjust(some, base, name=name, looks=looks, added_noise=noise, weight=weight, source=source)

        def fitted(some: Predictions, once: Callable[[Predictions], Calibration] = once) -> Calibration:
            return cross_fitted(some, once) if recipe.balance else once(some)

        calibration = fitted(o if checked is None else o.take(~checked))
        edge = ""
        if cut:
            whole, part = join(cut[:looks], base), None if checked is None else halves(cut[0], recipe.test_share)
            calibration = fit_edge(whole if part is None else whole.take(~part), calibration)
            edge = f"\nat the picture's edge:\n{at_edge(whole if part is None else whole.take(part), calibration)}"
        head = _described(calibration)
        if checked is None:
            yield (
                calibration,
                f"{head}; each source scored by a fit on the others:\n{leave_one_out(o, fitted)}{edge}",
            )
        else:
            rest = o.take(checked)
            yield calibration, f"{head}; checked on {len(rest)} other hands:\n{compare(rest, calibration)}{edge}"


def _with_edge(base: Calibration, other: Calibration | None) -> Calibration:
    if other is None:
        return base
    return replace(base, edge_hand=other.edge_hand, edge_keypoint=other.edge_keypoint)


def _described(c: Calibration) -> str:
    looks = f"{c.looks} look" + "s" * (c.looks > 1)
    edge = f", at the edge {c.edge_hand:.2f} + {c.edge_keypoint:.2f}" if c.edge_hand or c.edge_keypoint else ""
    return f"{c.name}, {looks}: factor {c.factor:.2f}, added noise {c.added:.2%} of the hand's size{edge}"
