"""Read films and cameras, track hands from frame to frame, and write films.

Reading and writing use PyAV (`likelihand[video]`), cameras OpenCV. A frame keeps its time from the first line to
the last, also where frames are not evenly spaced; a phone's rotation is applied; a damaged film gives what can be
read of it and then says what is wrong. A `Tracker` keeps one box, one number and one filter for each hand.
"""

from typing import TYPE_CHECKING

from likelihand.utils.lazy import lazy_names

if TYPE_CHECKING:
    from likelihand.tracking.camera import Camera
    from likelihand.tracking.following import TrackedFrame, draw_tracks, track, tracker_of, unmirrored
    from likelihand.tracking.frames import Frame, VideoError
    from likelihand.tracking.reading import VideoReader
    from likelihand.tracking.tracker import (
        EVERY,
        PredictBoxes,
        Region,
        TrackedHand,
        Tracker,
        Tracking,
        whole_picture,
    )
    from likelihand.tracking.writing import VideoWriter

__all__ = [
    "EVERY",
    "Camera",
    "Frame",
    "PredictBoxes",
    "Region",
    "TrackedFrame",
    "TrackedHand",
    "Tracker",
    "Tracking",
    "VideoError",
    "VideoReader",
    "VideoWriter",
    "draw_tracks",
    "track",
    "tracker_of",
    "unmirrored",
    "whole_picture",
]

_HOME = {
    "Camera": "tracking.camera",
    "EVERY": "tracking.tracker",
    "Frame": "tracking.frames",
    "PredictBoxes": "tracking.tracker",
    "Region": "tracking.tracker",
    "TrackedFrame": "tracking.following",
    "TrackedHand": "tracking.tracker",
    "Tracker": "tracking.tracker",
    "Tracking": "tracking.tracker",
    "VideoError": "tracking.frames",
    "VideoReader": "tracking.reading",
    "VideoWriter": "tracking.writing",
    "draw_tracks": "tracking.following",
    "track": "tracking.following",
    "tracker_of": "tracking.following",
    "unmirrored": "tracking.following",
    "whole_picture": "tracking.tracker",
}

__getattr__, __dir__ = lazy_names(__name__, _HOME)
