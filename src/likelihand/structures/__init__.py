"""What everything speaks: the 21 keypoints by name, a predicted hand, a labelled one."""

from likelihand.structures.hand import Hand
from likelihand.structures.keypoints import (
    BONES,
    DEPTHS,
    FINGER_COLOURS,
    FINGER_KEYPOINTS,
    FINGERS,
    INDEX,
    INTERHAND_ORDER,
    KEYPOINTS,
    PAPER_JOINTS,
    RHD_ORDER,
    TIPS,
    TRAITS,
    WRIST_COLOUR,
    Side,
    index_of,
    opposite,
)
from likelihand.structures.labels import KeypointLabels, Record, Sample, SceneLabels, SceneSample, Visibility

__all__ = [
    "BONES",
    "DEPTHS",
    "FINGERS",
    "FINGER_COLOURS",
    "FINGER_KEYPOINTS",
    "INDEX",
    "INTERHAND_ORDER",
    "KEYPOINTS",
    "PAPER_JOINTS",
    "RHD_ORDER",
    "TIPS",
    "TRAITS",
    "WRIST_COLOUR",
    "Hand",
    "KeypointLabels",
    "Record",
    "Sample",
    "SceneLabels",
    "SceneSample",
    "Side",
    "Visibility",
    "index_of",
    "opposite",
]
