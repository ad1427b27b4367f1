"""likelihand: 21 hand keypoints in photos and video, and how sure it is of each one."""

__version__ = "0.1.0"
