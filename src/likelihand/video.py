"""Deprecated: moved to `likelihand.tracking`; importing it warns.

Example:
    >>> from likelihand import tracking, video
    >>> video.VideoReader is tracking.VideoReader
    True
"""

import warnings

from likelihand.tracking import Frame, VideoError, VideoReader, VideoWriter, draw_tracks, track

__all__ = ["Frame", "VideoError", "VideoReader", "VideoWriter", "draw_tracks", "track"]

warnings.warn("likelihand.video is now likelihand.tracking; import from there", DeprecationWarning, stacklevel=2)
