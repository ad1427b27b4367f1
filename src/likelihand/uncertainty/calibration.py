"""From a model's outputs for a keypoint to a calibrated covariance and radial distribution."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from likelihand.uncertainty.plane import FloatArray, determinant, diagonal
from likelihand.uncertainty.radial import RadialTable
from likelihand.utils.validation import plain, shown

NARROWEST: Final = 1e-3
"""Standard deviation added to heatmaps, in shares of the crop's longer side: a single cell has a shape too."""
RENDERED: Final = "rendered"
PHOTOS: Final = "photos"
MOST_LOOKS: Final = 16
_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_NUMBERS: Final = ("scale", "spread", "offset", "factor", "added", "edge_hand", "edge_keypoint", "tail")
_ABSENT: Final = {
    "factor": 1.0,
    "added": 0.0,
    "edge_hand": 0.0,
    "edge_keypoint": 0.0,
    "name": RENDERED,
    "looks": 1,
}
"""What older files do not say."""


@dataclass(frozen=True, slots=True)
class Calibration:
    r"""Seven numbers and a table that turn a model's outputs into a predictive density.

    With s the geometric mean of a keypoint's scale along x and y, h the same of its heatmap's spread (the fourth
    root of the determinant of the softmax's covariance H), both as shares of the crop's longer side, one look says

    .. math:: C = e^{2c}\, s^{2a}\, h^{2b}\; H / \sqrt{\det H}

    A model without the output `spread` has b = 0 and, for the shape, the diagonal of its squared scales instead of
    H. Several looks are joined to one C. What is stated of the keypoint in the end is

    .. math:: C' = \left(f\, e^{g \max_j w_j + k w}\right)^2 C + (t\, z)^2 I

    with z the hand's size, max(width, height) of the tight box of its 21 *estimated* points: t z is what labels
    differ by whatever the model knows, the annotators' scatter and other conventions for where a joint lies. w is
    how near the keypoint lies to the picture's edge (`edge_nearness`): a hand that the edge cuts off is seen in
    part, and what lies beyond is estimated at the edge. The radial table gives the chance of every distance under
    C'.

    Attributes:
        scale: the exponent a.
        spread: the exponent b.
        offset: c, so that C is in square shares of the crop's longer side.
        radial: distances to probabilities; holds `ONE_SIGMA` within `UNIT`.
        source: the data that it was fitted on, in words.
        name: of the kind of pictures that it holds on, as "rendered" or "photos".
        looks: the number of augmented views per hand that it was fitted for.
        factor: f, of the covariance of one look or of several together.
        added: t, in shares of the hand's size.
        edge_hand: g, the logarithm of how much less certain a hand at the picture's edge is.
        edge_keypoint: k, the same of a keypoint there, on top of it.

    Raises:
        ValueError: a number is out of range, or the name is none.
    """

    scale: float
    spread: float
    offset: float
    radial: RadialTable
    source: str = ""
    name: str = RENDERED
    looks: int = 1
    factor: float = 1.0
    added: float = 0.0
    edge_hand: float = 0.0
    edge_keypoint: float = 0.0

    def __post_init__(self) -> None:
        if not (isinstance(self.name, str) and _NAME.fullmatch(self.name)):
            raise ValueError(f"calibration name {shown(self.name)} is none; give a word of a-z, 0-9, - and _")
        whole = isinstance(self.looks, int) and not isinstance(self.looks, bool)
        if not (whole and 1 <= self.looks <= MOST_LOOKS):
            raise ValueError(f"calibration is for {shown(self.looks)} looks; give 1 to {MOST_LOOKS}")
        if not (0 < self.factor < 100 and 0 <= self.added < 1):
            raise ValueError(
                f"calibration has factor {self.factor} and added noise {self.added}; expected 0 to 100 and 0 to 1"
            )
        if not (0 <= self.edge_hand < 5 and 0 <= self.edge_keypoint < 5):
            raise ValueError(
                f"calibration has {self.edge_hand} and {self.edge_keypoint} for the picture's edge; give 0 to 5"
            )

    def covariance(self, scale: ArrayLike, spread: ArrayLike | None, side: float) -> FloatArray:
        """Compute the covariance of keypoints in the crop of one view.

        Args:
            scale: (..., 2) crop pixels, along x and y.
            spread: (..., 2, 2) covariance of the heatmap in square crop pixels; None where the model gives none.
            side: the crop's longer side in pixels.

        Returns:
            (..., 2, 2) float64 square crop pixels: C, see `stated`.

        Raises:
            ValueError: the calibration needs the spread, and there is none.

        Example:
            >>> from likelihand.uncertainty import ONE_SIGMA, UNIT
            >>> calibration = Calibration(1.0, 0.0, math.log(2), RadialTable((0.0, ONE_SIGMA), (0.0, UNIT), 1.0))
            >>> calibration.covariance([[3.0, 1.0]], None, 96.0).round(9)
            array([[[36.,  0.],
                    [ 0.,  4.]]])
        """
        if spread is None and self.spread:
            raise ValueError("the calibration uses the heatmaps' spread, which this model does not give")
        scales = np.asarray(scale, np.float64)
        shape: FloatArray = diagonal(scales**2) if spread is None else np.add(spread, _narrowest(side))
        constant = math.exp(2 * self.offset + (2 - 2 * self.scale - 2 * self.spread) * math.log(side))
        area = scales[..., 0] * scales[..., 1]
        size = area**self.scale * determinant(shape) ** ((self.spread - 1) / 2) * constant
        return np.asarray(shape * size[..., None, None])

    def stated(self, covariance: ArrayLike, size: ArrayLike, nearness: ArrayLike | None = None) -> FloatArray:
        """Compute the final covariance C' from the covariance of the views.

        Args:
            covariance: (..., 21, 2, 2), of one look or of several together, square pixels of any image or crop.
            size: of the hand in the same pixels, a number or broadcastable to (..., 21).
            nearness: (..., 21) of all keypoints to the picture's edge in 0..1; None where it is far from all.

        Returns:
            (..., 21, 2, 2) float64 square pixels.

        Example:
            >>> table = RadialTable((0.0, 0.9), (0.0, 2.0), 1.0)
            >>> Calibration(1.0, 0.0, 0.0, table, factor=2.0, added=0.03).stated(np.eye(2), 100.0)
            array([[13.,  0.],
                   [ 0., 13.]])
        """
        noise = np.square(self.added * np.asarray(size, np.float64))
        factor = np.asarray(self.factor)
        if nearness is not None:
            w = np.asarray(nearness, np.float64)
            edge = np.exp(self.edge_hand * w.max(-1, keepdims=True) + self.edge_keypoint * w)
            factor = (self.factor * edge)[..., None, None]
        return np.asarray(np.square(factor) * np.asarray(covariance) + noise[..., None, None] * np.eye(2))

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values, six significant digits each."""
        return {
            "name": self.name,
            "looks": self.looks,
            **{name: _short(getattr(self, name)) for name in _NUMBERS if name != "tail"},
            "levels": [_short(v) for v in self.radial.levels],
            "radii": [_short(v) for v in self.radial.radii],
            "tail": _short(self.radial.tail),
            "source": self.source,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Calibration":
        """Read what `to_json` wrote; older files without name or views count as rendered, one view.

        Raises:
            ValueError: a part is missing or of a wrong kind.

        Example:
            >>> Calibration.from_json({})
            Traceback (most recent call last):
            ValueError: calibration lacks 'scale'; calibrate the model again
        """
        try:
            given = {**_ABSENT, **values}
            *numbers, tail = (float(given[name]) for name in _NUMBERS)
            levels, radii = (tuple(map(float, given[name])) for name in ("levels", "radii"))
        except KeyError as error:
            raise ValueError(f"calibration lacks {error}; calibrate the model again") from error
        except (TypeError, AttributeError, ValueError, OverflowError) as error:
            raise ValueError(f"calibration is malformed ({str(error)[:99]}); calibrate it again") from error
        if not all(math.isfinite(v) and abs(v) < 100 for v in (*numbers, tail)):
            raise ValueError(f"calibration holds {(*numbers, tail)}, beyond 100; calibrate the model again")
        table, source = RadialTable(levels, radii, tail), plain(given.get("source", ""))
        a, b, c, factor, added, hand, keypoint = numbers
        return cls(a, b, c, table, source, given["name"], given["looks"], factor, added, hand, keypoint)


@dataclass(frozen=True, slots=True)
class Calibrations:
    """The calibrations of one model: one for each kind of pictures and number of augmented views.

    Attributes:
        entries: no two of the same name and number of looks.

    Raises:
        ValueError: two entries are for the same.

    Example:
        >>> table = RadialTable((0.0, 0.9), (0.0, 2.0), 1.0)
        >>> one, four = (Calibration(1.0, 0.0, 0.0, table, looks=looks) for looks in (1, 4))
        >>> known = Calibrations((one, four))
        >>> [known.choose(looks=looks).looks for looks in (1, 2, 4)]
        [1, 1, 4]
    """

    entries: tuple[Calibration, ...] = ()

    def __post_init__(self) -> None:
        kinds = [(entry.name, entry.looks) for entry in self.entries]
        for name, looks in kinds:
            if kinds.count((name, looks)) > 1:
                raise ValueError(f"two calibrations {name!r} for {looks} look(s); give one")

    def __bool__(self) -> bool:
        return bool(self.entries)

    @property
    def names(self) -> tuple[str, ...]:
        """The kinds of pictures, in order of their entries."""
        return tuple(dict.fromkeys(entry.name for entry in self.entries))

    @property
    def default(self) -> str | None:
        """The default kind: "photos", else "rendered", else the first; None if there is none."""
        return next((name for name in (PHOTOS, RENDERED, *self.names) if name in self.names), None)

    def choose(self, name: str | None = None, looks: int = 1) -> Calibration | None:
        """Return the calibration for a kind of pictures and a number of views.

        Where none was fitted for as many looks, the one for the most looks below stands in. Its regions hold more
        than they say, never less: several looks err less than one, and their scatter is added.

        Args:
            name: as "photos" or "rendered"; `default` where None.
            looks: at a hand.

        Returns:
            None where the model has no calibration, or, of this name, only for more looks than these.

        Raises:
            ValueError: the model has calibrations, but none of this name.
        """
        if name is not None and name not in self.names:
            listed = ", ".join(map(repr, self.names)) or "no calibration at all"
            raise ValueError(f"the model has no calibration {name!r}; it has {listed}")
        able = [e for e in self.entries if e.name == (name or self.default) and e.looks <= looks]
        return max(able, key=lambda entry: entry.looks, default=None)

    def put(self, calibration: Calibration) -> "Calibrations":
        """Return these with one added or replaced, for its kind of pictures and number of views."""
        kind = (calibration.name, calibration.looks)
        kept = [entry for entry in self.entries if (entry.name, entry.looks) != kind]
        order = list(dict.fromkeys((*self.names, calibration.name)))
        return Calibrations(tuple(sorted([*kept, calibration], key=lambda e: (order.index(e.name), e.looks))))

    def to_json(self) -> dict[str, Any]:
        """Return them as JSON values: name to number of looks to `Calibration.to_json`."""
        found: dict[str, Any] = {}
        for entry in self.entries:
            found.setdefault(entry.name, {})[str(entry.looks)] = entry.to_json()
        return found

    @classmethod
    def from_json(cls, values: object) -> "Calibrations":
        """Read what `to_json` wrote, nothing (None), or the one calibration of an older file.

        Raises:
            ValueError: a part is missing, of a wrong kind, or stands under another name than its own.

        Example:
            >>> Calibrations.from_json({"photos": {"4": {}}})
            Traceback (most recent call last):
            ValueError: calibration lacks 'scale'; calibrate the model again
        """
        if not isinstance(values, dict | None):
            raise ValueError(f"calibrations are {shown(values)}, no object; calibrate the model again")
        if values and not all(isinstance(part, dict) for part in values.values()):
            return cls((Calibration.from_json(values),))
        read = {(n, k): Calibration.from_json(e) for n, part in (values or {}).items() for k, e in part.items()}
        for (name, looks), entry in read.items():
            if (name, looks) != (entry.name, str(entry.looks)):
                raise ValueError(
                    f"calibration {entry.name!r} for {entry.looks} look(s) stands under {shown(name)} and "
                    f"{shown(looks)}; calibrate the model again"
                )
        return cls(tuple(read.values()))


def look_covariance(
    calibration: Calibration | None, scale: ArrayLike, spread: ArrayLike | None, side: float
) -> FloatArray:
    """Return the uncalibrated covariances (..., 2, 2) of one view in square crop pixels.

    Without a calibration the scale is taken for the standard deviation of a Gaussian, which it need not be.

    Args:
        calibration: the model's, if it has one.
        scale: (..., 2) crop pixels.
        spread: (..., 2, 2), see `Calibration.covariance`; None where the model gives none.
        side: the crop's longer side in pixels.

    Example:
        >>> look_covariance(None, [3.0, 1.0], None, 96.0)
        array([[9., 0.],
               [0., 1.]])
    """
    if calibration is None:
        return diagonal(np.square(np.asarray(scale, np.float64)))
    return calibration.covariance(scale, spread if calibration.spread else None, side)


@lru_cache(maxsize=8)
def _narrowest(side: float) -> FloatArray:
    """Return the covariance (2, 2) that is added to a heatmap's, in square crop pixels."""
    return (NARROWEST * side) ** 2 * np.eye(2)


def _short(value: float) -> float:
    return float(f"{value:.6g}")
