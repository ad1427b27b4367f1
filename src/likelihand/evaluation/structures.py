"""Predictions of labelled hands together with the truth: the input of scores, calibrations and audits."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from likelihand.geometry import FloatArray, invert, points_inside, transform_points
from likelihand.uncertainty import REACH, edge_nearness, size_of_hand
from likelihand.utils import distributed

_SETTINGS: Final = ("input_size", "padding")
"""Fields that all hands share."""
_STAGED: Final = "earlier"
"""The field whose second axis counts the hands."""


@dataclass(frozen=True, eq=False)
class Predictions:
    """A model's predictions of N labelled hands and the truth, in the pixels of its input crops.

    `likelihand.evaluation.predictions` makes it. `likelihand.evaluation.score` turns it into a report,
    `likelihand.evaluation.calibration` into calibrations and `likelihand.evaluation.audit` into suspects, each
    without the model.

    Attributes:
        index: (N,) positions in the data set.
        points: (N, K, 2) estimates of the last stage; not finite where the model gave none.
        earlier: (S, N, K, 2) estimates of the stages before it; S is 0 where the model gives the last one alone.
        target: (N, K, 2) truth; 0 where not labelled.
        labelled: (N, K) booleans.
        visibility: (N, K) codes of `Visibility`.
        inside: (N, K) whether the truth lies inside the picture.
        scale: (N, K, 2); NaN where the model gives none.
        spread: (N, K, 2, 2) of the heatmaps, square crop pixels; None where the model gives none.
        right: (N,) chance of a right hand, NaN where the model does not say.
        length: (N,) max(w, h) of the tight box of the labelled keypoints; 0 with fewer than two.
        box: (N, 4) of the data set, in image pixels.
        crop_from_image: (N, 3, 3).
        group: (N,) what must stay together in a split.
        dataset: (N,) names.
        picture: (N, 2) height and width in image pixels.
        input_size: (height, width) of the crops.
        padding: side of the crop over the longer side of the box.
        covariance: (N, K, 2, 2) of several looks together, square crop pixels; None of one look, which has scale
            and spread.
    """

    index: NDArray[np.int64]
    points: FloatArray
    earlier: FloatArray
    target: FloatArray
    labelled: NDArray[np.bool_]
    visibility: NDArray[np.int8]
    inside: NDArray[np.bool_]
    scale: FloatArray
    spread: FloatArray | None
    right: FloatArray
    length: FloatArray
    box: FloatArray
    crop_from_image: FloatArray
    group: NDArray[np.str_]
    dataset: NDArray[np.str_]
    picture: FloatArray
    input_size: tuple[int, int]
    padding: float
    covariance: FloatArray | None = None

    def __len__(self) -> int:
        return len(self.index)

    def take(self, which: NDArray[Any]) -> "Predictions":
        """Return some of the hands: positions or booleans (N,)."""
        taken: dict[str, Any] = {n: c[:, which] if n == _STAGED else c[which] for n, c in self._columns().items()}
        return replace(self, **taken)

    def sized(self) -> "Predictions":
        """Return the hands with two distinct labelled keypoints; the size of the others is unknown.

        Raises:
            ValueError: there is none, or the model gave points that are not finite.
        """
        found = self.take(self.length > 0)
        if not len(found):
            raise ValueError("no hand has two labelled keypoints; give a data set with labels")
        bad = ~np.isfinite(found.points).all((1, 2))
        if bad.any():
            where = f"hand {found.index[bad.argmax()]} of {found.dataset[bad.argmax()]}"
            raise ValueError(f"{where}: the model gave points that are not finite; it is damaged or badly trained")
        return found

    @property
    def image_points(self) -> FloatArray:
        """(S + 1, N, K, 2) estimates of all stages in image pixels."""
        stages = np.concatenate([self.earlier, self.points[None]])
        return transform_points(invert(self.crop_from_image), stages)

    @property
    def side(self) -> float:
        """Side of the crop, the longer one."""
        return float(max(self.input_size))

    @property
    def residual(self) -> FloatArray:
        """(N, K, 2) truth minus estimate."""
        return self.target - self.points

    @property
    def size(self) -> FloatArray:
        """(N,) max(w, h) of the tight box of all estimated points: the hand's size, whatever is labelled."""
        return size_of_hand(self.points)

    @property
    def unit(self) -> FloatArray:
        """(N, 1) what errors and radii are shares of: `size`, at least 1 % of the crop."""
        return np.maximum(self.size, 0.01 * self.side)[:, None]

    @property
    def error(self) -> FloatArray:
        """(N, K) distance from the truth in shares of the hand's size."""
        return np.asarray(np.linalg.norm(self.residual, axis=-1) / self.unit)

    @property
    def correct(self) -> NDArray[np.bool_]:
        """(N, K) whether an error stays within `reach`: the event whose probability confidence states."""
        return np.asarray(np.linalg.norm(self.residual, axis=-1) <= self.reach)

    @property
    def reach(self) -> FloatArray:
        """(N, 1) the error that confidence speaks of: 10 % of `size`."""
        return np.asarray(REACH * self.size[:, None])

    @property
    def nearness(self) -> FloatArray:
        """(N, K) of the estimates to the picture's edge, 0..1; see `likelihand.uncertainty.edge_nearness`."""
        return edge_nearness(self.image_points[-1], self.picture)

    @property
    def estimate_inside(self) -> NDArray[np.bool_]:
        """(N, K) whether the estimate lies inside the picture, as `likelihand.Hand.inside`."""
        return points_inside(self.image_points[-1], self.picture)

    def _columns(self) -> dict[str, NDArray[Any]]:
        """Return the arrays that are there, by name."""
        values = {f.name: vars(self)[f.name] for f in fields(self) if f.name not in _SETTINGS}
        return {name: value for name, value in values.items() if value is not None}


def concatenated(parts: Sequence[Predictions]) -> Predictions:
    """Concatenate the hands of several parts of a data set, in the data set's order.

    Example:
        >>> from likelihand.evaluation.calibration import simulated
        >>> hands = simulated(6)
        >>> concatenated([hands.take(hands.index > 3), hands.take(hands.index <= 3)]).index
        array([0, 1, 2, 3, 4, 5])
    """
    return joined(parts, np.concatenate([part.index for part in parts]))


def gathered(
    mine: Predictions | None, position: NDArray[np.int64], input_size: tuple[int, int], padding: float
) -> Predictions:
    """Return the hands of all processes on each of them, bit for bit.

    `mine` are this process's, None where it had no share; `position` (N,) is their place in the order that is
    wanted.
    """
    if distributed.world_size() == 1 and mine is not None:
        return mine
    messages = distributed.gather_bytes(b"" if mine is None else _packed(mine, position))
    parts = [_unpacked(message, input_size, padding) for message in messages if message]
    return joined([part for part, _ in parts], np.concatenate([place for _, place in parts]))


def joined(parts: Sequence[Predictions], position: NDArray[np.int64]) -> Predictions:
    """Concatenate the hands of several parts, in the order of their positions (N,)."""
    order = np.argsort(position, kind="stable")
    columns = [part._columns() for part in parts]
    whole = {n: np.concatenate([c[n] for c in columns], axis=int(n == _STAGED)) for n in columns[0]}
    ordered: dict[str, Any] = {n: c[:, order] if n == _STAGED else c[order] for n, c in whole.items()}
    return replace(parts[0], **ordered)


def _packed(mine: Predictions, position: NDArray[np.int64]) -> bytes:
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, _position=position, **mine._columns())
    return file.getvalue()


def _unpacked(
    content: bytes, input_size: tuple[int, int], padding: float
) -> tuple[Predictions, NDArray[np.int64]]:
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        columns: dict[str, Any] = {"spread": None, **arrays}
    position = columns.pop("_position")
    return Predictions(**columns, input_size=input_size, padding=padding), position
