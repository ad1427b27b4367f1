"""From pictures to hands: find them, crop, run the model, and take the answer back to image pixels."""

from likelihand.predictor.checks import check_boxes
from likelihand.predictor.duplicates import without_duplicates
from likelihand.predictor.loading import RuntimeName, bundled, load, metadata_of, model_file
from likelihand.predictor.predict import Predictor
from likelihand.predictor.settings import FILMS, PHOTOS, Settings

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
