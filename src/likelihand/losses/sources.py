"""Labels from several sources, each with its own noise and its own keypoint convention."""

import math
from collections.abc import Sequence
from typing import Any, Final

import torch
from torch import Tensor, nn

from likelihand.losses.criterion import Batch
from likelihand.losses.stage import StageLoss, keypoint_labels
from likelihand.ops.heatmaps import Prediction
from likelihand.structures import INDEX, KEYPOINTS

_WRIST, _MIDDLE = INDEX["wrist"], INDEX["middle_mcp"]
_FROM_LITTLE = (INDEX["little_mcp"], INDEX["index_mcp"])
_START: Final = 0.01
"""Noise of a source in hand's lengths at first: too little to matter, enough for a gradient."""
_LEAST: Final = 1e-3
"""Length of a hand in crop pixels below which its frame would not be finite."""


class SourceConditional(StageLoss):
    r"""Conditions a likelihood on where a label comes from.

    Data sets differ in how exact their labels are and in where they put a keypoint (how far up the arm the wrist
    is, the tip or the nail of a finger). The label t of keypoint k, from source s, is scored under

    .. math:: t - R\,\delta_{s,k}\, l \sim P\!\left(\hat\mu, \; \hat\sigma^2 + (\eta_{s,k}\, l)^2\right)

    with an offset :math:`\delta` and a noise :math:`\eta` of each source and keypoint, learnt with the network.
    Both are in lengths l of the predicted hand, from the wrist to its farthest point. The offset is in the hand's
    own frame R, so that it holds whichever way the hand is turned: the first axis leads from the wrist to the
    middle knuckle, the second from the little finger's side to the index finger's, in a mirrored hand too. Length
    and frame are those of the predicted points and carry no gradient; given the picture they are constant, so that
    this is a density of the label, which integrates to 1.

    The first source has neither offset nor noise: its convention is what the network answers. A scale is what the
    network does not know, a label's noise aside.

    Args:
        loss: scores points and scales, with a warm start or not.
        source: of each sample of the training data, an index below `sources`. Without it every label is taken for
            one of the first source, as in scoring.
        sources: how many there are.
        keypoints: of a hand.

    Raises:
        ValueError: fewer than one source, or an index outside 0..sources - 1.

    Example:
        >>> from likelihand.losses import ResidualLogLikelihood
        >>> loss = SourceConditional(ResidualLogLikelihood(stages=2), source=[0, 0, 1], sources=2)
        >>> tuple(loss.offset.shape), tuple(loss.log_noise.shape)
        ((1, 21, 2), (1, 21))
    """

    def __init__(
        self,
        loss: StageLoss,
        source: Sequence[int] | None = None,
        sources: int = 2,
        keypoints: int = len(KEYPOINTS),
    ) -> None:
        super().__init__()
        if sources < 1:
            raise ValueError(f"sources is {sources}: expected at least 1")
        given = torch.as_tensor([] if source is None else list(source), dtype=torch.int64)
        if given.numel() and not 0 <= int(given.min()) <= int(given.max()) < sources:
            told = f"{int(given.min())} to {int(given.max())}"
            raise ValueError(f"source holds {told}: expected 0 to {sources - 1}, for sources={sources}")
        self.stages, self.loss, self.sources, self.keypoints = loss.stages, loss, sources, keypoints
        self._source = given
        self.offset = nn.Parameter(torch.zeros(sources - 1, keypoints, 2))
        self.log_noise = nn.Parameter(torch.full((sources - 1, keypoints), math.log(_START)))

    def extra_repr(self) -> str:
        """Show the number of sources."""
        return f"sources={self.sources}"

    def of_prediction(self, prediction: Prediction, target: Tensor, weight: Tensor, stage: int) -> Tensor:
        """Compute the weighted loss (N, K) of one stage, the labels taken for those of the first source."""
        return self.loss.of_prediction(prediction, target, weight, stage)

    def of_predictions(self, predictions: Sequence[Prediction], target: Tensor, weight: Tensor) -> Tensor:
        """Compute the weighted loss (stages, N, K), the labels taken for those of the first source."""
        return self.loss.of_predictions(predictions, target, weight)

    def of_batch(self, predictions: Sequence[Prediction], batch: Batch) -> dict[str, Tensor]:
        """Compute the loss of every stage of labels whose sources are known.

        Raises:
            ValueError: the batch holds no single hands, or samples whose source was not given.
        """
        labels = keypoint_labels(batch)
        if not self._source.numel():
            return self.loss.of_batch(predictions, batch)
        last = int(batch.indices.max())
        if last >= len(self._source):
            raise ValueError(f"sample {last} has no source: {len(self._source)} given, expected one per sample")
        source = self._source[batch.indices.cpu()].to(labels.target.device)
        offset, log_noise = self.shift(predictions[-1].mean, source)
        moved = labels._replace(target=labels.target - offset.to(labels.target.dtype))
        widened = [p._replace(log_scale=_widened(p.log_scale, log_noise, source)) for p in predictions]
        return self.loss.of_batch(widened, batch._replace(labels=moved))

    def shift(self, mean: Tensor, source: Tensor) -> tuple[Tensor, Tensor]:
        """Return the offsets of the labels from the network's prediction.

        Args:
            mean: (N, K, 2) predicted points in crop pixels.
            source: (N,) indices of sources.

        Returns:
            The offset (N, K, 2) in crop pixels, 0 for the first source, and the natural logarithm (N, K) of the
            noise in crop pixels, which means nothing for the first.
        """
        frame, length = hand_frame(mean.detach())
        row = (source - 1).clamp(min=0)
        offset = torch.einsum("nij,nkj->nki", frame, self.offset[row]) * length[:, None, None]
        log_noise = self.log_noise[row] + length.log()[:, None]
        return torch.where(_own(source), offset, 0.0), log_noise

    def config(self) -> dict[str, Any] | None:
        """Describe the loss in plain values for JSON, without the samples' sources; None where `loss` has none."""
        loss = self.loss.config()
        if loss is None:
            return None
        return {"class": type(self).__name__, "loss": loss, "sources": self.sources, "keypoints": self.keypoints}


def _own(source: Tensor) -> Tensor:
    """Return (N, 1, 1) booleans: whether a label's source has an offset and a noise of its own."""
    return (source > 0)[:, None, None]


def _widened(log_scale: Tensor, log_noise: Tensor, source: Tensor) -> Tensor:
    both = 0.5 * torch.logaddexp(2 * log_scale, 2 * log_noise[..., None])
    return torch.where(_own(source), both, log_scale)


def hand_frame(points: Tensor) -> tuple[Tensor, Tensor]:
    """Return the frames and lengths of hands.

    Args:
        points: (N, K, 2) in the order of `likelihand.structures.KEYPOINTS`.

    Returns:
        Matrices (N, 2, 2), orthonormal, whose columns are the axes: from the wrist to the middle knuckle, and at a
        right angle to it towards the index finger's side. Lengths (N,), from the wrist to the farthest point.

    Example:
        >>> points = torch.zeros(1, 21, 2)
        >>> points[0, 9], points[0, 5], points[0, 17] = torch.tensor([[0.0, -8.0], [-3.0, -8.0], [3.0, -7.0]])
        >>> frame, length = hand_frame(points)
        >>> frame[0].int().tolist(), length.tolist()
        ([[0, -1], [-1, 0]], [8.5440...])
    """
    along = points[:, _MIDDLE] - points[:, _WRIST]
    norm = along.norm(dim=-1, keepdim=True)
    flat = torch.tensor([1.0, 0.0], dtype=points.dtype, device=points.device)
    first = torch.where(norm > _LEAST, along / norm.clamp(min=_LEAST), flat)
    across = torch.stack([-first[:, 1], first[:, 0]], -1)
    little, index = _FROM_LITTLE
    side = ((points[:, index] - points[:, little]) * across).sum(-1, keepdim=True)
    second = torch.where(side >= 0, across, -across)
    length = (points - points[:, _WRIST, None]).norm(dim=-1).amax(-1).clamp(min=_LEAST)
    return torch.stack([first, second], -1), length
