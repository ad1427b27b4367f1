"""Read films and cameras, track hands from frame to frame, and write films.

Reading and writing use PyAV (`likelihand[video]`), cameras OpenCV. A frame keeps its time from the first line to
the last, also where frames are not evenly spaced; a phone's rotation is applied; a damaged film gives what can be
read of it and then says what is wrong. A `Tracker` keeps one box, one number and one filter for each hand.
"""

from typing import TYPE_CHECKING

from likelihand.utils.lazy import lazy_names

if TYPE_CHECKING:
    from likelihand.tracking.camera import Camera as Camera
    from likelihand.tracking.following import (
        TrackedFrame as TrackedFrame,
        draw_tracks as draw_tracks,
        track as track,
        tracker_of as tracker_of,
        unmirrored as unmirrored,
    )
    from likelihand.tracking.frames import Frame as Frame, VideoError as VideoError
    from likelihand.tracking.reading import VideoReader as VideoReader
    from likelihand.tracking.tracker import (
        EVERY as EVERY,
        PredictBoxes as PredictBoxes,
        Region as Region,
        TrackedHand as TrackedHand,
        Tracker as Tracker,
        Tracking as Tracking,
        whole_picture as whole_picture,
    )
    from likelihand.tracking.writing import VideoWriter as VideoWriter

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    {
        "tracking.camera": "Camera",
        "tracking.following": "TrackedFrame draw_tracks track tracker_of unmirrored",
        "tracking.frames": "Frame VideoError",
        "tracking.reading": "VideoReader",
        "tracking.tracker": "EVERY PredictBoxes Region TrackedHand Tracker Tracking whole_picture",
        "tracking.writing": "VideoWriter",
    },
)
