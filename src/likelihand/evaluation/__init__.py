"""Scores of models on labelled hands and pictures."""

from likelihand.evaluation.keypoints import PredictCrops, Report, evaluate, evenly, predict_crops_of

__all__ = ["PredictCrops", "Report", "evaluate", "evenly", "predict_crops_of"]
