"""Score a network's predictions, and what it learnt from corrupted labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from likelihand.apps.study.matched import MatchedWarmStart, gradient_norm
from likelihand.apps.study.setting import Setting
from likelihand.data.augment import sample_of
from likelihand.data.dataset import Dataset
from likelihand.evaluation.loop import batches
from likelihand.evaluation.metrics import PAPER, area_under_curve, distance, nme, pck
from likelihand.geometry import FloatArray, box_length, box_of_points, invert, transform_points
from likelihand.losses import SourceConditional, StageLoss
from likelihand.models import KeypointNetwork
from likelihand.structures import Record, Sample

MOVED: Final = 0.02
"""A label counts as wrong where it was moved by more than this share of the hand's length."""
CAUGHT: Final = 0.1
"""A point within this share of the hand's length of a label has it."""
_BATCH: Final = 64


@dataclass(frozen=True, eq=False)
class Said:
    """The predictions of a network, with the likelihood of its loss.

    Attributes:
        points: (stages, N, K, 2) in image pixels.
        labels: (N, K, 2) labels that the hands were given with, in image pixels.
        counted: (N, K) whether they are labelled.
        length: (N,) max(w, h) of their tight box in image pixels.
        loss: (N, K) the last stage's loss of those labels, NaN where they lie outside the crop.
    """

    points: FloatArray
    labels: FloatArray
    counted: NDArray[np.bool_]
    length: FloatArray
    loss: FloatArray


def _read(hands: Dataset, index: int, setting: Setting) -> tuple[Record, Sample]:
    record = hands.record(index)
    return record, sample_of(record, index, setting.size, padding=setting.train.padding)


def _tensors(samples: Sequence[Sample], setting: Setting) -> list[torch.Tensor]:
    """Return crops, targets and weights of samples on the setting's device."""
    columns = ([s.crop for s in samples], [s.target for s in samples], [s.weight for s in samples])
    return [torch.from_numpy(np.stack(column)).to(setting.device) for column in columns]


def _labels(records: Sequence[Record]) -> tuple[FloatArray, NDArray[np.bool_], FloatArray]:
    """Return the points (N, K, 2), whether they are labelled (N, K), and the length (N,) of hands."""
    points, counted = np.stack([r.points for r in records]), np.stack([r.weight > 0 for r in records])
    return points, counted, _lengths(points, counted)


def _lengths(points: FloatArray, counted: NDArray[np.bool_]) -> FloatArray:
    pairs = zip(points, counted, strict=True)
    return np.array([box_length(box_of_points(p, c)) if c.any() else 0.0 for p, c in pairs])


@torch.inference_mode()
def ask(
    network: KeypointNetwork, loss: StageLoss, hands: Dataset, setting: Setting, indices: Sequence[int]
) -> Said:
    """Run a network in evaluation mode over some of the hands, upright and unchanged."""
    was, parts = network.training, []
    network.eval()
    for pairs in batches(indices, lambda i: _read(hands, i, setting), batch_size=_BATCH, progress=False):
        records, samples = zip(*pairs, strict=True)
        crops, target, weight = _tensors(samples, setting)
        predictions = network(crops)
        value = loss.of_prediction(predictions[-1], target, weight, len(predictions) - 1).double()
        means = torch.stack([prediction.mean for prediction in predictions]).double().cpu().numpy()
        points = transform_points(invert(np.stack([s.crop_from_image for s in samples])), means)
        inside = torch.where(weight > 0, value, torch.nan).cpu().numpy()
        parts.append((points, *_labels(records), inside))
    network.train(was)
    points, *rest = zip(*parts, strict=True)
    return Said(np.concatenate(points, 1), *(np.concatenate(part) for part in rest))


def scores(said: Said) -> dict[str, Any]:
    """Score points against the labels by the paper's protocol (eqs. 8 and 9).

    Returns:
        "nme" and "pck" (at 0.2), (N,) by hand; "by_stage" NME; "by_keypoint" NME of the last stage; "curve", its
        PCK at the protocol's thresholds; "auc".
    """
    usable = said.counted.any(1) & (said.length > 0)
    counted, length = said.counted[usable], said.length[usable]
    errors = distance(said.points[:, usable], np.where(counted[..., None], said.labels[usable], 0.0))
    last = errors[-1]
    curve = pck(last, counted, length, PAPER.auc_thresholds)
    within = (last <= PAPER.thresholds[-1] * length[:, None]) & counted
    return {
        "nme": np.round((last * counted).sum(1) / counted.sum(1) / length, 5).tolist(),
        "pck": np.round(within.sum(1) / counted.sum(1), 5).tolist(),
        "by_stage": [float(nme(stage, counted, length)) for stage in errors],
        "by_keypoint": [float(nme(last[:, k, None], counted[:, k, None], length)) for k in range(last.shape[1])],
        "curve": [round(float(value), 5) for value in curve],
        "auc": float(area_under_curve(PAPER.auc_thresholds, curve)),
    }


def learnt(said: Said, truth: ArrayLike) -> dict[str, float]:
    """Measure how far a network memorised its training labels.

    Args:
        said: of training hands, with the labels that they were trained with.
        truth: (N, K, 2) the right labels in image pixels.

    Returns:
        "train_label" and "train_truth", the error against the labels as given and against the right ones, in
        lengths of the right hand, over all keypoints; "wrong", the share of labels that were moved by more than
        `MOVED`. Where there are any also, over these, "wrong_label" and "wrong_truth", the same errors; over those
        moved by more than twice `CAUGHT`, "fitted" and "kept", the shares of points within `CAUGHT` of the wrong
        label and of the truth; and "found", the precision of the loss as an audit: of the labels that it finds
        hardest to believe, as many as are wrong, the share that is wrong.
    """
    right = np.asarray(truth, np.float64)
    length = _lengths(right, said.counted)[:, None]
    points, mask = said.points[-1], said.counted & np.isfinite(said.loss)
    to_label, to_truth, moved = (
        distance(first, second) / length
        for first, second in ((points, said.labels), (points, right), (said.labels, right))
    )
    wrong = (moved > MOVED) & mask
    told = {"train_label": _mean(to_label[mask]), "train_truth": _mean(to_truth[mask])}
    told["wrong"] = float(wrong.sum() / mask.sum())
    if not wrong.any():
        return told
    far = wrong & (moved > 2 * CAUGHT)
    told |= {"wrong_label": _mean(to_label[wrong]), "wrong_truth": _mean(to_truth[wrong])}
    if far.any():
        told |= {"fitted": _mean(to_label[far] < CAUGHT), "kept": _mean(to_truth[far] < CAUGHT)}
    return told | {"found": precision(said.loss[mask], wrong[mask])}


def _mean(values: NDArray[Any]) -> float:
    return float(values.mean())


def precision(suspicion: ArrayLike, wrong: ArrayLike) -> float:
    """Return the share of wrong labels among the most suspicious, as many as are wrong.

    Example:
        >>> precision([5.0, 1.0, 4.0, 2.0], [True, True, False, False])
        0.5
    """
    marked = np.asarray(wrong, bool)
    count = int(marked.sum())
    return float(marked[np.argsort(-np.asarray(suspicion, np.float64), kind="stable")[:count]].mean())


def gradient_share(
    network: KeypointNetwork, loss: StageLoss, hands: Dataset, setting: Setting, count: int = 64
) -> dict[str, float]:
    """Measure the helper's gradient on the heatmaps beside the loss's, for the report.

    Returns:
        "helper", the helper's share as it is added now, over the loss's gradient; "helper_weight", the weight that
        gives it in the last stage. Empty where the loss has no helper.
    """
    if isinstance(loss, SourceConditional):
        loss = loss.loss
    if not isinstance(loss, MatchedWarmStart):
        return {}
    samples = [_read(hands, i, setting)[1] for i in range(min(count, len(hands)))]
    crops, target, weight = _tensors(samples, setting)
    was = network.training
    predictions = network.eval()(crops)
    network.train(was)
    own, helper = (
        gradient_norm(each, predictions[-1], target, weight, len(predictions) - 1)
        for each in (loss.loss, loss.helper)
    )
    return {"helper": loss.fade, "helper_weight": loss.fade * own / helper}


def mean_pose(train: Dataset, hands: Dataset, setting: Setting) -> Said:
    """Predict the mean pose of the training crops for every hand: the score without any image."""
    shown = [_read(train, i, setting) for i in range(len(train))]
    target, weight = (np.stack([getattr(s, name) for _, s in shown]) for name in ("target", "weight"))
    pose = (target * weight[..., None]).sum(0) / weight.sum(0)[:, None]
    asked = [_read(hands, i, setting) for i in range(len(hands))]
    points, counted, length = _labels([record for record, _ in asked])
    answer = transform_points(
        invert(np.stack([s.crop_from_image for _, s in asked])), np.broadcast_to(pose, points.shape)
    )
    return Said(answer[None], points, counted, length, np.zeros(counted.shape))
