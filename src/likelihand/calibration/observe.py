"""What a model said of labelled hands, beside the truth."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from likelihand.data.dataset import Dataset
from likelihand.geometry import (
    FloatArray,
    Image,
    box_length,
    box_of_points,
    invert,
    transform_covariances,
    transform_points,
    warp_image,
)
from likelihand.inference.runtimes import Outputs, Runtime
from likelihand.inference.settings import PHOTOS
from likelihand.inference.tta import LOOKS, Answer, Look, beyond_edge, merge
from likelihand.structures import Record, Visibility
from likelihand.uncertainty import REACH, Calibration, edge_nearness, look_covariance, size_of_hand


@dataclass(frozen=True, eq=False)
class Observations:
    """What a model said of N hands, in the pixels of the crop of the first look.

    Attributes:
        index: (N,) positions in the data set.
        points: (N, K, 2) estimates.
        target: (N, K, 2) truth; 0 where not labelled.
        labelled: (N, K) booleans.
        visibility: (N, K) codes of `Visibility`.
        inside: (N, K) whether the truth lies inside the picture.
        scale: (N, K, 2).
        spread: (N, K, 2, 2) of the heatmaps, square crop pixels; None where the model gives none.
        right: (N,) chance of a right hand, NaN where the model does not say.
        length: (N,) max(w, h) of the tight box of the labelled keypoints.
        crop_from_image: (N, 3, 3).
        side: of the crop, the longer one.
        group: (N,) what must stay together in a split.
        dataset: (N,) names.
        picture: (N, 2) height and width in image pixels.
        covariance: (N, K, 2, 2) of several looks together, square crop pixels; None of one look, which has scale
            and spread.
    """

    index: NDArray[np.int64]
    points: FloatArray
    target: FloatArray
    labelled: NDArray[np.bool_]
    visibility: NDArray[np.int8]
    inside: NDArray[np.bool_]
    scale: FloatArray
    spread: FloatArray | None
    right: FloatArray
    length: FloatArray
    crop_from_image: FloatArray
    side: float
    group: NDArray[np.str_]
    dataset: NDArray[np.str_]
    picture: FloatArray
    covariance: FloatArray | None = None

    def __len__(self) -> int:
        return len(self.index)

    def take(self, which: NDArray[Any]) -> "Observations":
        """Return some of the hands: positions or booleans (N,)."""
        parts: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "side"}
        taken: dict[str, Any] = {name: None if part is None else part[which] for name, part in parts.items()}
        return replace(self, **taken)

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
        """(N, K) whether an error stays within `reach`: what confidence gives the chance of."""
        return np.asarray(np.linalg.norm(self.residual, axis=-1) <= self.reach)

    @property
    def reach(self) -> FloatArray:
        """(N, 1) the error that confidence speaks of: 10 % of `size`."""
        return np.asarray(REACH * self.size[:, None])

    @property
    def nearness(self) -> FloatArray:
        """(N, K) of the estimates to the picture's edge, 0..1; see `likelihand.uncertainty.edge_nearness`."""
        return edge_nearness(transform_points(invert(self.crop_from_image), self.points), self.picture)

    @property
    def estimate_inside(self) -> NDArray[np.bool_]:
        """(N, K) whether the estimate lies inside the picture, as `likelihand.Hand.inside`."""
        points = transform_points(invert(self.crop_from_image), self.points)
        return np.asarray(((points >= 0) & (points <= self.picture[:, None, ::-1])).all(-1))


def observe(
    runtime: Runtime,
    dataset: Dataset,
    indices: Sequence[int] | None = None,
    *,
    batch_size: int = 32,
    padding: float | None = None,
    mirrored: bool = False,
    progress: bool = True,
) -> Observations:
    """Run a model over labelled hands and keep what it says beside the truth.

    Args:
        runtime: as `likelihand.load(...).runtime`.
        dataset: the labelled hands.
        indices: which of them; all where None.
        batch_size: crops a call.
        padding: side of the crop over the longer side of the box; the model's where None.
        mirrored: shows the model the mirror image; the chance of a right hand is that of the hand itself.
        progress: shows a bar on standard error.

    Returns:
        The observations of all hands with two labelled keypoints or more that lie apart; the others say nothing of
        the hand's size.

    Raises:
        ValueError: no hand is left, or the model gave points that are not finite.

    Example:
        >>> from likelihand.data.drawn import DrawnHands
        >>> from likelihand.inference.metadata import ModelMetadata
        >>> class Centre:
        ...     metadata = ModelMetadata(size=(64, 64))
        ...     def __call__(self, crops):
        ...         return {"points": np.full((len(crops), 21, 2), 32.0), "scale": np.ones((len(crops), 21, 2))}
        >>> observe(Centre(), DrawnHands(3), progress=False).error.shape
        (3, 21)
    """
    look = Look(1.0, mirrored, 0.0)
    return observe_looks(
        runtime, dataset, [look], indices, batch_size=batch_size, padding=padding, progress=progress
    )[0]


def observe_looks(
    runtime: Runtime,
    dataset: Dataset,
    looks: Sequence[Look] = LOOKS,
    indices: Sequence[int] | None = None,
    *,
    batch_size: int = 32,
    padding: float | None = None,
    progress: bool = True,
) -> list[Observations]:
    """Run a model over labelled hands several times, turned and mirrored as a predictor of several looks does.

    Args:
        runtime: as `observe` takes it, and so on.
        dataset: the labelled hands; each picture is read once.
        looks: the ways to cut a hand out of its picture.
        indices: which hands; all where None.
        batch_size: crops a call.
        padding: side of the crop over the longer side of the box; the model's where None.
        progress: shows a bar on standard error.

    Returns:
        Observations of each look, in the pixels of its own crop, all of the same hands; `join` puts them together.

    Raises:
        ValueError: as `observe`.
    """
    chosen = list(range(len(dataset)) if indices is None else indices)
    rows: list[list[dict[str, Any]]] = [[] for _ in looks]
    padded = runtime.metadata.padding if padding is None else padding
    with tqdm(
        total=len(chosen), unit="img", desc="observe", leave=False, disable=None if progress else True
    ) as bar:
        for start in range(0, len(chosen), batch_size):
            batch = chosen[start : start + batch_size]
            records = [dataset.record(i) for i in batch]
            images = [record.read() for record in records]
            for look, found in zip(looks, rows, strict=True):
                found += _looked(runtime, records, images, batch, look, padded)
            bar.update(len(batch))
    side = float(max(runtime.metadata.size))
    return [_stacked([row for row in found if row["length"] > 0], side) for found in rows]


def _looked(
    runtime: Runtime,
    records: Sequence[Record],
    images: Sequence[Image],
    indices: Sequence[int],
    look: Look,
    padding: float,
) -> list[dict[str, Any]]:
    """Look at some hands in one way; the chance of a right hand is that of the hand itself."""
    size = runtime.metadata.size
    boxes = [
        beyond_edge(record.box, (image.shape[0], image.shape[1]), PHOTOS["beyond"])
        for record, image in zip(records, images, strict=True)
    ]
    matrices = [look.crop_from_image(box, size, padding) for box in boxes]
    outputs = runtime(np.stack([warp_image(i, m, size) for i, m in zip(images, matrices, strict=True)]))
    if look.mirrored and "side" in outputs:
        outputs["side"] = 1 - outputs["side"]
    return [
        _row(record, matrices[n], indices[n], _of(outputs, n), images[n].shape[:2])
        for n, record in enumerate(records)
    ]


def join(looks: Sequence[Observations], calibration: Calibration | None) -> Observations:
    """Put several looks together as a predictor does.

    Args:
        looks: of the same hands, as `observe_looks` returns them; the first is the plain one.
        calibration: the model's, whose `covariance` says what one look is worth; None where it has none.

    Returns:
        One, in the crop pixels of the first look, with their joint `covariance`; the only look as it is.

    Example:
        >>> from likelihand.calibration import fit
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


def _answer(o: Observations, covariance: FloatArray, n: int) -> Answer:
    image_from_crop = invert(o.crop_from_image[n])
    return Answer(
        points=transform_points(image_from_crop, o.points[n]),
        covariance=transform_covariances(image_from_crop, covariance[n]),
        presence=1.0,
        right=None if np.isnan(o.right[n]) else float(o.right[n]),
    )


def _of(outputs: Outputs, position: int) -> Outputs:
    return {name: values[position] for name, values in outputs.items()}


def _row(
    record: Record, crop_from_image: FloatArray, index: int, outputs: Outputs, picture: tuple[int, ...]
) -> dict[str, Any]:
    """Put one hand's answer beside its truth."""
    if not np.isfinite(outputs["points"]).all():
        raise ValueError(
            f"{record.key}: the model gave points that are not finite; it is damaged or badly trained"
        )
    labelled = record.visibility != Visibility.UNLABELLED
    target = np.where(labelled[:, None], transform_points(crop_from_image, record.points), 0.0)
    return {
        "index": index,
        "points": np.asarray(outputs["points"], np.float64),
        "target": target,
        "labelled": labelled,
        "visibility": record.visibility,
        "inside": ((record.points >= 0) & (record.points <= picture[::-1])).all(1),
        "scale": np.asarray(outputs["scale"], np.float64),
        "spread": np.asarray(outputs["spread"], np.float64) if "spread" in outputs else None,
        "right": float(outputs.get("side", np.float32(np.nan))),
        "length": box_length(box_of_points(target, labelled)) if labelled.sum() > 1 else 0.0,
        "crop_from_image": crop_from_image,
        "group": f"{record.dataset}:{record.group}" if record.group else record.key,
        "dataset": record.dataset,
        "picture": picture,
    }


def _stacked(rows: list[dict[str, Any]], side: float) -> Observations:
    if not rows:
        raise ValueError("no hand has two labelled keypoints; give a data set with labels")
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    spread = columns.pop("spread")
    arrays = {name: np.array(values) for name, values in columns.items()}
    return Observations(**arrays, spread=None if spread[0] is None else np.array(spread), side=side)


def halves(observations: Observations, share: float = 0.5, seed: int = 0) -> NDArray[np.bool_]:
    """Choose a share of the groups by chance: (N,) booleans, true for what is left to the other part.

    Raises:
        ValueError: there are fewer than two groups.

    Example:
        >>> int(halves(simulated(10), 0.3).sum())
        3
    """
    names = np.unique(observations.group)
    if len(names) < 2:
        raise ValueError(f"the data hold {len(names)} group(s) of hands; a split needs two or more")
    count = min(max(1, round(share * len(names))), len(names) - 1)
    chosen = np.random.default_rng(seed).permutation(names)[:count]
    return np.isin(observations.group, chosen)


def simulated(hands: int, seed: int = 0, factor: float = 1.0) -> Observations:
    """Draw observations of a model whose scale times a factor is exactly the Gaussian's that its errors follow.

    To see how far scores scatter at a number of hands even where nothing is wrong.

    Example:
        >>> simulated(5).residual.shape
        (5, 21, 2)
    """
    rng = np.random.default_rng(seed)
    points = rng.uniform(20, 76, (hands, 21, 2))
    scale = np.exp(rng.normal(0.5, 0.7, (hands, 21, 1)) + rng.normal(0, 0.2, (hands, 21, 2)))
    target = points + factor * scale * rng.standard_normal(points.shape)
    everywhere = np.ones((hands, 21), bool)
    return Observations(
        index=np.arange(hands), points=points, target=target, labelled=everywhere,
        visibility=np.full((hands, 21), 2, np.int8), inside=everywhere, scale=scale, spread=None,
        right=np.full(hands, np.nan), length=size_of_hand(target), side=96.0,
        crop_from_image=np.tile(np.eye(3), (hands, 1, 1)),
        group=np.array([f"hand {i}" for i in range(hands)]), dataset=np.full(hands, "simulated"),
        picture=np.full((hands, 2), 96.0),
    )  # fmt: skip
