"""Rendered hands with exact labels: an endless source of training data, free for any use.

`render_picture` makes a square picture of one hand, `render_scene` a whole picture with none to four. Both are
pure functions of two numbers. The hand is MakeHuman's (CC0); everything else is computed.
"""

from typing import TYPE_CHECKING

from likelihand.utils.lazy import lazy_names

if TYPE_CHECKING:
    from likelihand.synth.options import SynthOptions
    from likelihand.synth.picture import Picture, render_picture, render_scene
    from likelihand.synth.scene.background import Photos
    from likelihand.synth.scene.labels import HandLabel, Occlusion

__all__ = ["HandLabel", "Occlusion", "Photos", "Picture", "SynthOptions", "render_picture", "render_scene"]

_HOME = {
    "HandLabel": "synth.scene.labels",
    "Occlusion": "synth.scene.labels",
    "Photos": "synth.scene.background",
    "Picture": "synth.picture",
    "SynthOptions": "synth.options",
    "render_picture": "synth.picture",
    "render_scene": "synth.picture",
}

__getattr__, __dir__ = lazy_names(__name__, _HOME)
