"""A network and data for runs of the command line that are killed in between."""

import time

from likelihand.structures import Record
from tests.training import tiny_run


class Network(tiny_run.TinyNetwork):
    """The tiny network, with batch norm and dropout."""

    def __init__(self) -> None:
        super().__init__(norm=True, dropout=0.1)


class Slow:
    """Drawn hands, each of which takes a while to read."""

    name = "slow"

    def __init__(self, count: int, seconds: float = 0.0) -> None:
        self.data, self.seconds = tiny_run.held(count), seconds

    def __len__(self) -> int:
        return len(self.data)

    def record(self, index: int) -> Record:
        time.sleep(self.seconds)
        return self.data.record(index)
