"""Rendered pictures and a short film of hands, free for any use, for demonstrations, tutorials and tests.

No model was trained on them, and they were not chosen: they are the first of their seed. `hand-*` show one upright
hand in plain view, `scene-*` whole pictures with things held, odd views, blur and bad light. `LABELS` is a COCO
keypoint file with the exact truth of the pictures.

Example:
    >>> from likelihand.data import CocoHands
    >>> CocoHands(LABELS).record(0).points.shape
    (21, 2)
"""

from pathlib import Path
from typing import Final

__all__ = ["FILM", "LABELS", "PICTURES", "pictures"]

PICTURES: Final = Path(__file__).parent / "images"
"""Folder of the pictures."""

LABELS: Final = Path(__file__).parent / "annotations.json"
"""COCO keypoint file of the pictures."""

FILM: Final = Path(__file__).parent / "two-hands.mp4"
"""A film of two hands that pass each other."""


def pictures() -> list[Path]:
    """Return the pictures, in the order of their names.

    Example:
        >>> pictures()[0].name
        'hand-00.jpg'
    """
    return sorted(PICTURES.glob("*.jpg"))
