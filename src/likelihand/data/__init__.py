"""Labelled hands: readers of data sets, augmentation, a drawn data set. A data set is any object with
`__len__()` and `record(index)`; see `likelihand.data.dataset.Dataset`.
"""  # noqa: D205

from typing import TYPE_CHECKING

from likelihand.utils.lazy import lazy_names

if TYPE_CHECKING:
    from likelihand.data.augment import Augmentation, sample_of, sample_rng
    from likelihand.data.check import Report, check_dataset
    from likelihand.data.coco import CocoHands
    from likelihand.data.coco_scenes import CocoScenes
    from likelihand.data.cropped import Cropped
    from likelihand.data.dataset import Concatenated, Dataset, Repeated, Subset, check_record, split
    from likelihand.data.drawn import DrawnHands
    from likelihand.data.freihand import FreiHAND
    from likelihand.data.images import ImageError, as_image, decode_image, read_image
    from likelihand.data.layouts import detect
    from likelihand.data.no_hands import NoHands
    from likelihand.data.rhd import RHD
    from likelihand.data.scenes import EmptyScenes, SceneMix, Scenes
    from likelihand.data.selection import leave_out, read_keys
    from likelihand.data.shards import Shards
    from likelihand.data.synthetic import Synthetic
    from likelihand.data.wholebody import CocoWholeBodyHands
    from likelihand.data.yolo import YoloPose

__all__ = [
    "RHD",
    "Augmentation",
    "CocoHands",
    "CocoScenes",
    "CocoWholeBodyHands",
    "Concatenated",
    "Cropped",
    "Dataset",
    "DrawnHands",
    "EmptyScenes",
    "FreiHAND",
    "ImageError",
    "NoHands",
    "Repeated",
    "Report",
    "SceneMix",
    "Scenes",
    "Shards",
    "Subset",
    "Synthetic",
    "YoloPose",
    "as_image",
    "check_dataset",
    "check_record",
    "decode_image",
    "detect",
    "leave_out",
    "read_image",
    "read_keys",
    "sample_of",
    "sample_rng",
    "split",
]

_HOME = {
    "Augmentation": "data.augment",
    "CocoHands": "data.coco",
    "CocoScenes": "data.coco_scenes",
    "CocoWholeBodyHands": "data.wholebody",
    "Concatenated": "data.dataset",
    "Cropped": "data.cropped",
    "Dataset": "data.dataset",
    "DrawnHands": "data.drawn",
    "EmptyScenes": "data.scenes",
    "FreiHAND": "data.freihand",
    "ImageError": "data.images",
    "NoHands": "data.no_hands",
    "RHD": "data.rhd",
    "Repeated": "data.dataset",
    "Report": "data.check",
    "SceneMix": "data.scenes",
    "Scenes": "data.scenes",
    "Shards": "data.shards",
    "Subset": "data.dataset",
    "Synthetic": "data.synthetic",
    "YoloPose": "data.yolo",
    "as_image": "data.images",
    "check_dataset": "data.check",
    "check_record": "data.dataset",
    "decode_image": "data.images",
    "detect": "data.layouts",
    "leave_out": "data.selection",
    "read_image": "data.images",
    "read_keys": "data.selection",
    "sample_of": "data.augment",
    "sample_rng": "data.augment",
    "split": "data.dataset",
}

__getattr__, __dir__ = lazy_names(__name__, _HOME)
