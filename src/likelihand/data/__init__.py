"""Labelled hands: readers of data sets, augmentation, a drawn data set. A data set is any object with
`__len__()` and `record(index)`; see `likelihand.data.dataset.Dataset`.
"""  # noqa: D205

from typing import TYPE_CHECKING

from likelihand.utils.lazy import lazy_names

if TYPE_CHECKING:
    from likelihand.data.augment import (
        Augmentation as Augmentation,
        sample_of as sample_of,
        sample_rng as sample_rng,
    )
    from likelihand.data.check import Report as Report, check_dataset as check_dataset
    from likelihand.data.coco import CocoHands as CocoHands
    from likelihand.data.coco_scenes import CocoScenes as CocoScenes
    from likelihand.data.dataset import (
        Concatenated as Concatenated,
        Dataset as Dataset,
        Repeated as Repeated,
        Subset as Subset,
        check_record as check_record,
        split as split,
    )
    from likelihand.data.drawn import DrawnHands as DrawnHands
    from likelihand.data.freihand import FreiHAND as FreiHAND
    from likelihand.data.images import (
        ImageError as ImageError,
        as_image as as_image,
        decode_image as decode_image,
        read_image as read_image,
    )
    from likelihand.data.layouts import detect as detect
    from likelihand.data.no_hands import NoHands as NoHands
    from likelihand.data.rendered import Synthetic as Synthetic
    from likelihand.data.rhd import RHD as RHD
    from likelihand.data.scenes import EmptyScenes as EmptyScenes, SceneMix as SceneMix, Scenes as Scenes
    from likelihand.data.selection import leave_out as leave_out, read_keys as read_keys
    from likelihand.data.shards import Shards as Shards
    from likelihand.data.wholebody import CocoWholeBodyHands as CocoWholeBodyHands
    from likelihand.data.wrapped import Cropped as Cropped
    from likelihand.data.yolo import YoloPose as YoloPose

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    {
        "data.augment": "Augmentation sample_of sample_rng",
        "data.check": "Report check_dataset",
        "data.coco": "CocoHands",
        "data.coco_scenes": "CocoScenes",
        "data.dataset": "Concatenated Dataset Repeated Subset check_record split",
        "data.drawn": "DrawnHands",
        "data.freihand": "FreiHAND",
        "data.images": "ImageError as_image decode_image read_image",
        "data.layouts": "detect",
        "data.no_hands": "NoHands",
        "data.rendered": "Synthetic",
        "data.rhd": "RHD",
        "data.scenes": "EmptyScenes SceneMix Scenes",
        "data.selection": "leave_out read_keys",
        "data.shards": "Shards",
        "data.wholebody": "CocoWholeBodyHands",
        "data.wrapped": "Cropped",
        "data.yolo": "YoloPose",
    },
)
