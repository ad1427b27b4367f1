"""Base class of data sets that change another one's records."""

from likelihand.data.dataset import Dataset, groups_of


class Wrapped:
    """As many records as another data set, of the same groups; what a record is, a subclass says."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        """Count the records."""
        return len(self.dataset)

    def parts(self) -> tuple[Dataset]:
        """List the whole."""
        return (self.dataset,)

    def groups(self) -> list[str]:
        """List every record's group."""
        return groups_of(self.dataset)
