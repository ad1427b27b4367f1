"""The constants that the page shares with this library."""

import inspect
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

import likelihand.inference.detection as detection
import likelihand.tracking.filters as filters
import likelihand.tracking.tracker as tracking
import likelihand.uncertainty as uncertainty
import likelihand.uncertainty.radial as radial
import likelihand.visualization.drawing as drawing
from likelihand import geometry
from likelihand.hand import BONES, KEYPOINTS
from likelihand.inference import duplicates, predictor, settings, tta


def page_constants() -> dict[str, Any]:
    """Return what the page reads as `constants.json`; the interface `Constants` in `web/src/core` types it.

    Example:
        >>> page_constants()["keypoints"][0]
        'wrist'
    """
    return {
        "version": version("likelihand"),
        "keypoints": list(KEYPOINTS),
        "bones": [list(bone) for bone in BONES],
        "colours": [list(colour) for colour in drawing.KEYPOINT_COLOURS],
        "detection": _detection(),
        "predictor": _predictor(),
        "uncertainty": {
            "one_sigma": uncertainty.ONE_SIGMA,
            "reach": uncertainty.REACH,
            "narrowest": uncertainty.NARROWEST,
            "edge": uncertainty.EDGE,
            "directions": len(radial._ANGLES),
        },
        "tracking": _tracking(),
        "smoothing": asdict(filters.Smoothing()) | {"typical": filters._TYPICAL},
    }


def _detection() -> dict[str, Any]:
    return {
        "overlap": detection.OVERLAP,
        "overlap_of_two": detection.OVERLAP_OF_TWO,
        "covered": detection.COVERED,
        "parts": list(detection.PARTS),
        "shared": detection.SHARED,
        "worth": detection.WORTH,
        "near": detection.NEAR,
        "sure": detection.SURE,
        "clear": detection.CLEAR,
        "limit": inspect.signature(detection.Detector).parameters["limit"].default,
    }


def _predictor() -> dict[str, Any]:
    return {
        "presence": predictor.PRESENCE,
        "score": predictor.SCORE,
        "confidence": predictor.CONFIDENCE,
        "proposed": predictor.PROPOSED,
        "glance": predictor._GLANCE,
        "detector_side": predictor.DETECTOR_SIDE,
        "same_hand": duplicates.SAME_HAND,
        "looks": [look._asdict() for look in tta.LOOKS],
        "touch": tta.TOUCH,
        "beyond": settings.PHOTOS["beyond"],
        "beyond_in_films": settings.FILMS["beyond"],
        "farthest": geometry.FARTHEST,
    }


def _tracking() -> dict[str, Any]:
    rules = asdict(tracking.Tracking())
    if rules["confidence"] is None:  # as in photos
        rules["confidence"] = predictor.CONFIDENCE
    return rules | {
        "inside": tracking._INSIDE,
        "smallest": tracking._SMALLEST,
        "detector_vote": tracking._DETECTOR_VOTE,
        "most_votes": tracking._MOST_VOTES,
        "other_side": tracking._OTHER_SIDE,
        "farthest": tracking._FARTHEST,
    }
