"""Rendered hands as a data set."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from likelihand.structures import Record, Visibility
from likelihand.synth import HandLabel, Occlusion, Photos, SynthOptions, render_picture


class Synthetic:
    """An endless supply of rendered hands: record `i` is made when it is asked for.

    Record i is a pure function of (seed, i, size, options, photos): the same on any machine, in any order and with
    any number of workers. Of two interlocked hands the record is about the one in the middle.

    Args:
        count: how many records.
        seed: another seed gives other hands.
        size: side of the square pictures in pixels.
        backgrounds: a folder of photos without hands; generated clutter alone where None.
        options: which ingredients the pictures have.

    Raises:
        ValueError: `count` is under 1, or a number is out of range.
        FileNotFoundError: `backgrounds` holds no photo.

    Example:
        >>> data = Synthetic(10, seed=1, size=48)
        >>> record = data.record(3)
        >>> record.points.shape, record.read().shape
        ((21, 2), (48, 48, 3))
    """

    def __init__(
        self,
        count: int,
        seed: int = 0,
        size: int = 160,
        backgrounds: str | Path | None = None,
        options: SynthOptions | None = None,
    ) -> None:
        if count < 1:
            raise ValueError(f"count {count} leaves nothing to render; give at least 1")
        self.count, self.seed, self.size = count, seed, size
        self.options = options or SynthOptions()
        self.photos = None if backgrounds is None else Photos(backgrounds)

    def about(self) -> dict[str, str | int]:
        """Return the settings that identify the data in a run's description."""
        return {"seed": self.seed, "size": self.size}

    def __len__(self) -> int:
        return self.count

    def record(self, index: int) -> Record:
        """Render record `index`, 0 .. count - 1."""
        if not 0 <= index < self.count:
            raise IndexError(f"index {index} is outside 0..{self.count - 1}")
        picture = render_picture(self.seed, index, self.size, self.options, self.photos)
        return record_of(picture.image, picture.hands[0], f"{self.seed}/{index}")


def record_of(image: NDArray[np.uint8], hand: HandLabel, key: str) -> Record:
    """Make the record of a rendered hand: hidden keypoints are labelled too, since they are known exactly."""
    visible = hand.occlusion == Occlusion.VISIBLE
    visibility = np.where(visible, Visibility.VISIBLE, Visibility.HIDDEN).astype(np.int8)
    return Record(
        points=hand.points, visibility=visibility, box=hand.box, side=hand.side, dataset="synthetic", key=key,
        read=lambda: image, group=key,
    )  # fmt: skip
