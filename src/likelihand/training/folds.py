"""Cross-validated predictions for hands that the model was trained on."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from likelihand.data.dataset import Dataset, Subset, groups_of
from likelihand.evaluation import Predictions, concatenated, predictions
from likelihand.inference.runtimes import TorchRuntime
from likelihand.uncertainty import Calibrations


def folds_of(dataset: Dataset, folds: int) -> list[list[int]]:
    """Assign the groups of a data set to folds; every record is in one of them.

    Raises:
        ValueError: fewer than two folds, or fewer groups than folds.

    Example:
        >>> from likelihand.data.drawn import DrawnHands
        >>> [len(fold) for fold in folds_of(DrawnHands(10), 3)]
        [4, 3, 3]
    """
    groups = np.array(groups_of(dataset))
    names = np.unique(groups)
    if folds < 2 or len(names) < folds:
        raise ValueError(f"{folds} folds of {len(names)} groups; give 2 folds or more, and no more than groups")
    dealt = np.random.default_rng(0).permutation(names)
    return [np.flatnonzero(np.isin(groups, dealt[fold::folds])).tolist() for fold in range(folds)]


def predict_by_folds(
    checkpoint: str | Path, dataset: Dataset, folds: int, steps: int, out: str | Path, progress: bool = True
) -> Predictions:
    """Fine-tune a model on all but one fold and predict that fold, for each fold in turn.

    Every fold starts from the checkpoint and trains `steps` steps on the others, with the sequential network's own
    loss at a tenth of the usual rate: enough to follow the data set's habits. A checkpoint that was itself trained
    on these hands unlearns them only in part; start from one that was not where there is one.

    Args:
        checkpoint: a `.safetensors` file that describes its network.
        dataset: the labelled hands.
        folds: how many.
        steps: of training a fold.
        out: folder of the folds' runs; interrupted work goes on where it stopped.
        progress: shows bars.

    Raises:
        ValueError: the folds do not fit the data.
        CheckpointError: the checkpoint cannot be built.
    """
    parts = [
        _predict_fold(checkpoint, dataset, fold, steps, Path(out) / f"fold-{number}", progress)
        for number, fold in enumerate(folds_of(dataset, folds))
    ]
    return concatenated(parts)


def _predict_fold(
    checkpoint: str | Path, dataset: Dataset, fold: Sequence[int], steps: int, out: Path, progress: bool
) -> Predictions:
    from likelihand.inference import metadata_of
    from likelihand.losses import ResidualLogLikelihood
    from likelihand.models import KeypointNetwork, deployed
    from likelihand.models.checkpoint import load_checkpoint, start_from
    from likelihand.training import TrainConfig, train

    network, info = load_checkpoint(checkpoint)
    if not isinstance(network, KeypointNetwork):
        raise ValueError(f"{checkpoint} holds a {type(network).__name__}; give a model of keypoints")
    loss = ResidualLogLikelihood(stages=len(network.stages), symmetric=True)
    start_from(checkpoint, network, loss)
    others = sorted(set(range(len(dataset))) - set(fold))
    config = TrainConfig(
        steps=steps, batch_size=16, size=info.size[0], padding=info.padding, learning_rate=1e-4, workers=0,
        tensorboard=False, progress=progress, device="auto",
    )  # fmt: skip
    train(network, loss, Subset(dataset, others), None, config, out=out, resume=True)
    metadata = replace(metadata_of(network, info), calibrations=Calibrations())
    runtime = TorchRuntime(deployed(network, metadata.outputs), metadata)
    return predictions(runtime, dataset, fold, progress=progress).sized()
