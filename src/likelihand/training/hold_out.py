"""Hold out a part of the training data to select the best checkpoint, instead of test data."""

from collections.abc import Sequence

from likelihand.data.abilities import SampleDataset, name_of
from likelihand.data.dataset import Dataset, Subset, TrainingData, split
from likelihand.training.config import TrainConfig


class HeldOut(Subset):
    """The part of a data set that is not trained on."""

    def __init__(self, dataset: Dataset, indices: Sequence[int]) -> None:
        super().__init__(dataset, indices)
        self.name = f"held out of {name_of(dataset)}"


def hold_out(
    train_data: TrainingData, validation_data: Dataset | None, config: TrainConfig
) -> tuple[TrainingData, Dataset | None]:
    """Return what a run trains and validates on: a part of the training data is held out if `config` says so.

    The part is the same for the same data, share and seed. Records of one group stay together.

    Raises:
        ValueError: there is validation data already, the training data has fewer than two groups, or makes its
            own samples, as a detector's does.

    Example:
        >>> from likelihand.data.drawn import DrawnHands
        >>> training, validation = hold_out(DrawnHands(10), None, TrainConfig(hold_out=0.2))
        >>> len(training), len(validation), validation.name
        (8, 2, 'held out of DrawnHands')
    """
    if config.hold_out is None:
        return train_data, validation_data
    if validation_data is not None:
        raise ValueError(f"hold_out is {config.hold_out} and there is validation data: give one of them")
    if isinstance(train_data, SampleDataset):
        raise ValueError(f"a {type(train_data).__name__} holds whole pictures: hold_out takes single hands alone")
    training, validation = split(train_data, config.hold_out, config.seed)
    return training, HeldOut(train_data, validation.indices)
