"""Fitted hands as BVH, the motion-capture text that Blender, Maya and MotionBuilder read; y up, centimetres."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from likelihand.interop.animation import Clip
from likelihand.reconstruction.mesh import MESH_BONES, MESH_PARENTS
from likelihand.uncertainty import FloatArray
from likelihand.utils.files import write_atomically

_TURNS: Final = "Zrotation Xrotation Yrotation"
_CENTIMETRES: Final = 100.0
_RATE: Final = 30.0
"""Frames a second of a film of one frame."""


def bvh(clips: Sequence[Clip]) -> str:
    """Return hands as BVH: one root that stands still, and a skeleton per hand.

    BVH has one clock: a hand stays as it was where a frame does not show it, and as it will be before it comes.
    """
    seconds = np.unique(np.concatenate([clip.seconds for clip in clips]))
    rate = (len(seconds) - 1) / (seconds[-1] - seconds[0]) if len(seconds) > 1 else _RATE
    lines = ["HIERARCHY", "ROOT scene", "{", _offset(np.zeros(3)), f"  CHANNELS 6 {_places()} {_TURNS}"]
    for clip in clips:
        lines += _joint(clip, 0)
    lines += ["}", "MOTION", f"Frames: {len(seconds)}", f"Frame Time: {1 / rate:.8f}"]
    rows = np.concatenate([np.zeros((len(seconds), 6)), *(_motion(clip, seconds) for clip in clips)], 1)
    return "\n".join([*lines, *(" ".join(f"{value:.6f}" for value in row + 0.0) for row in rows), ""])


def write_bvh(clips: Sequence[Clip], path: str | Path) -> Path:
    """Write hands as BVH; see `bvh`."""
    write_atomically(path, bvh(clips).encode())
    return Path(path)


def _places() -> str:
    return "Xposition Yposition Zposition"


def _offset(offset: FloatArray, depth: int = 1) -> str:
    return "  " * depth + "OFFSET " + " ".join(f"{value:.6f}" for value in offset + 0.0)


def _joint(clip: Clip, bone: int, depth: int = 1) -> Iterator[str]:
    """Yield the lines of a bone and of those that hang on it."""
    heads, parent, tab = clip.person.heads * clip.scale * _CENTIMETRES, MESH_PARENTS[bone], "  " * depth
    yield f"{tab}JOINT {clip.name}_{MESH_BONES[bone]}"
    yield tab + "{"
    yield _offset(heads[bone] - heads[max(parent, 0)], depth + 1)
    yield f"{tab}  CHANNELS " + (f"6 {_places()} {_TURNS}" if parent < 0 else f"3 {_TURNS}")
    children = [child for child, above in enumerate(MESH_PARENTS) if above == bone]
    for child in children:
        yield from _joint(clip, child, depth + 1)
    if not children:
        tip = clip.person.tips[(bone - 1) // 3] * clip.scale * _CENTIMETRES
        yield from (f"{tab}  End Site", tab + "  {", _offset(tip - heads[bone], depth + 2), tab + "  }")
    yield tab + "}"


def _motion(clip: Clip, seconds: FloatArray) -> FloatArray:
    """Return the channels (F, 6 + 15 * 3) of a hand; bones come in the order of `_joint`."""
    frame = np.clip(np.searchsorted(clip.seconds, seconds, "right") - 1, 0, None)
    angles = np.degrees(angles_of(clip.turns[frame]))
    return np.concatenate([_CENTIMETRES * clip.places[frame], angles.reshape(len(frame), -1)], 1)


def angles_of(turns: FloatArray) -> FloatArray:
    """Return angles (..., 3) about z, x and y, radians, of turns (..., 3, 3) = Rz Rx Ry.

    Example:
        >>> angles_of(np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])).round(4)
        array([ 1.5708,  0.    , -0.    ])
    """
    x = np.arcsin(np.clip(turns[..., 2, 1], -1, 1))
    z = np.arctan2(-turns[..., 0, 1], turns[..., 1, 1])
    y = np.arctan2(-turns[..., 2, 0], turns[..., 2, 2])
    return np.stack([z, x, y], -1)
