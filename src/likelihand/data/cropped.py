"""Crop a data set's hands from their photos, for shards that load faster than whole photos."""

from dataclasses import replace
from functools import partial

from likelihand.data.dataset import Dataset
from likelihand.data.wrapped import Wrapped
from likelihand.geometry import FloatArray, Image, box_length, crop_matrix, transform_points, warp_image
from likelihand.structures import Record


class Cropped(Wrapped):
    """Every hand of a data set with its surroundings, downscaled where larger than needed.

    Augmentation turns, enlarges and moves a crop: `room` 2.4 holds what a crop of padding 1.25 sees at any turn
    when it is enlarged by a fifth and moved by a tenth. What lies outside the photo is black, as it is in a crop
    of the photo itself.

    Args:
        dataset: of the hands.
        room: side of the square over the longer side of the hand's box.
        side: of the square in pixels at most; smaller ones are not enlarged.

    Raises:
        ValueError: `room` is below 1 or `side` is not positive.

    Example:
        >>> from likelihand.data.drawn import DrawnHands
        >>> Cropped(DrawnHands(1), room=1.5, side=40).record(0).read().shape
        (40, 40, 3)
    """

    def __init__(self, dataset: Dataset, room: float = 2.4, side: int = 256) -> None:
        if not room >= 1 or side < 1:
            raise ValueError(f"room {room} and side {side}: expected at least 1 each")
        super().__init__(dataset)
        self.room, self.side = room, side

    def record(self, index: int) -> Record:
        """Return the hand at `index`, its photo cut when it is read."""
        record = self.dataset.record(index)
        side = min(self.side, max(1, round(self.room * box_length(record.box))))
        matrix = crop_matrix(record.box, (side, side), padding=self.room)
        return replace(
            record,
            points=transform_points(matrix, record.points),
            box=transform_points(matrix, record.box.reshape(2, 2)).ravel(),
            read=partial(_cut, record, matrix, side),
        )


def _cut(record: Record, matrix: FloatArray, side: int) -> Image:
    return warp_image(record.read(), matrix, (side, side))
