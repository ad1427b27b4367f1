"""Read and write COCO keypoint JSON.

COCO measures in two ways. A keypoint names a pixel, so that (3, 2) is the centre of column 3 and row 2: 1/2 is
added to it when it is read, and taken away when it is written. A `bbox` is continuous, (x, y, width, height) from
the picture's corner: pycocotools gives the single pixel at column 3, row 2 the box (3, 2, 1, 1). It is kept.
"""

from likelihand.data.formats.coco.document import CocoFile, CocoImage, Layout, read_coco
from likelihand.data.formats.coco.hands import (
    CocoHand,
    bbox_of,
    box_of,
    checked_hand,
    extent_of,
    hands_of,
    is_crowd,
    keypoints_of,
    points_of,
)
from likelihand.data.formats.coco.writing import document, hand_entry, image_entry, write_document

__all__ = [
    "CocoFile",
    "CocoHand",
    "CocoImage",
    "Layout",
    "bbox_of",
    "box_of",
    "checked_hand",
    "document",
    "extent_of",
    "hand_entry",
    "hands_of",
    "image_entry",
    "is_crowd",
    "keypoints_of",
    "points_of",
    "read_coco",
    "write_document",
]
