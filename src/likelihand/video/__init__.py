"""Films and cameras in, tracked hands and films out.

Reading and writing use PyAV (`likelihand[video]`), cameras OpenCV. A frame keeps its time from the first line to
the last, also where frames are not evenly spaced; a phone's rotation is applied; a damaged film gives what can be
read of it and then says what is wrong.
"""

from typing import TYPE_CHECKING

from likelihand.utils.lazy import lazy_names

if TYPE_CHECKING:
    from likelihand.video.camera import Camera
    from likelihand.video.following import TrackedFrame, draw_tracks, track, tracker_of, unmirrored
    from likelihand.video.frames import Frame, VideoError
    from likelihand.video.reading import VideoReader
    from likelihand.video.writing import VideoWriter

__all__ = [
    "Camera",
    "Frame",
    "TrackedFrame",
    "VideoError",
    "VideoReader",
    "VideoWriter",
    "draw_tracks",
    "track",
    "tracker_of",
    "unmirrored",
]

_HOME = {
    "Camera": "video.camera",
    "Frame": "video.frames",
    "TrackedFrame": "video.following",
    "VideoError": "video.frames",
    "VideoReader": "video.reading",
    "VideoWriter": "video.writing",
    "draw_tracks": "video.following",
    "track": "video.following",
    "tracker_of": "video.following",
    "unmirrored": "video.following",
}

__getattr__, __dir__ = lazy_names(__name__, _HOME)
