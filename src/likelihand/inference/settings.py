"""Default settings of `load`, the command line and `track`."""

from typing import Final, TypedDict

from likelihand.inference.detection import Tiles


class Settings(TypedDict):
    """How thoroughly to search a picture: keyword arguments of `likelihand.load`.

    Attributes:
        tiles: when the detector also searches tiles of a picture, for small hands.
        tta: crops of a hand whose answers are joined.
        passes: number of refinement passes per hand.
        batch_size: crops in one call of the model.
        beyond: how far the crop of a box at the picture's edge reaches beyond it, as a share of the box's length.
    """

    tiles: Tiles
    tta: int
    passes: int
    batch_size: int
    beyond: float


PHOTOS: Final[Settings] = {"tiles": "always", "tta": 4, "passes": 1, "batch_size": 4, "beyond": 0.3}
"""For pictures, each of which counts: the defaults of `load` and of `likelihand predict photo.jpg`."""

FILMS: Final[Settings] = {**PHOTOS, "tiles": "never", "tta": 1, "beyond": 0.0}
"""For films, whose frames help one another and whose boxes hold all points of the frame before: the defaults of
`track` and of `likelihand predict clip.mp4`."""
