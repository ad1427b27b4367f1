"""What `load`, the command line and `track` take where nobody says otherwise, named once."""

from typing import Final, TypedDict

from likelihand.inference.detection import Tiles


class Settings(TypedDict):
    """How thoroughly to look; the keyword arguments of `likelihand.load` of these names.

    Attributes:
        tiles: when the detector also looks at parts of a picture, for small hands.
        tta: crops of a hand whose answers are joined.
        passes: how often the model looks at a hand.
        batch_size: crops in one call of the model.
    """

    tiles: Tiles
    tta: int
    passes: int
    batch_size: int


PHOTOS: Final[Settings] = {"tiles": "always", "tta": 4, "passes": 1, "batch_size": 4}
"""For pictures, each of which counts: the defaults of `load` and of `likelihand predict photo.jpg`."""

FILMS: Final[Settings] = {**PHOTOS, "tiles": "never", "tta": 1}
"""For films, whose frames help one another: those of `track` and of `likelihand predict clip.mp4`."""
