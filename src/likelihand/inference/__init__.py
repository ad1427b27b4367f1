"""From pictures to hands: detect, crop, run the model, and map the result back to image pixels."""

from likelihand.geometry import check_boxes
from likelihand.inference.duplicates import without_duplicates
from likelihand.inference.loading import RuntimeName, bundled, load, metadata_of, model_file
from likelihand.inference.predictor import Predictor
from likelihand.inference.settings import FILMS, PHOTOS, Settings

__all__ = [
    "FILMS",
    "PHOTOS",
    "Predictor",
    "RuntimeName",
    "Settings",
    "bundled",
    "check_boxes",
    "load",
    "metadata_of",
    "model_file",
    "without_duplicates",
]
