"""Labelled hands: readers of data sets, augmentation, a drawn data set. A data set is any object with
`__len__()` and `record(index)`; see `likelihand.data.dataset.Dataset`.
"""  # noqa: D205

from importlib import import_module
from typing import TYPE_CHECKING, Any

from likelihand.data.augment import Augmentation, sample_of, sample_rng
from likelihand.data.check import Report, check_dataset, detect
from likelihand.data.coco import CocoHands
from likelihand.data.dataset import Concatenated, Dataset, Repeated, Subset, check_record, split
from likelihand.data.drawn import DrawnHands
from likelihand.data.freihand import FreiHAND
from likelihand.data.images import ImageError, decode_image, read_image
from likelihand.data.no_hands import NoHands
from likelihand.data.rhd import RHD
from likelihand.data.wholebody import CocoWholeBodyHands

if TYPE_CHECKING:
    from likelihand.data.synthetic import Synthetic
    from likelihand.synth.shards import Shards

__all__ = [
    "RHD",
    "Augmentation",
    "CocoHands",
    "CocoWholeBodyHands",
    "Concatenated",
    "Dataset",
    "DrawnHands",
    "FreiHAND",
    "ImageError",
    "NoHands",
    "Repeated",
    "Report",
    "Shards",
    "Subset",
    "Synthetic",
    "check_dataset",
    "check_record",
    "decode_image",
    "detect",
    "read_image",
    "sample_of",
    "sample_rng",
    "split",
]


_RENDERED = {"Synthetic": "likelihand.data.synthetic", "Shards": "likelihand.synth.shards"}


def __getattr__(name: str) -> Any:  # noqa: ANN401
    """Import the rendered hands when they are asked for: they need Numba."""
    if name in _RENDERED:
        return getattr(import_module(_RENDERED[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
