"""Rendered hands with exact labels: an endless source of training data, free for any use.

`render_picture` makes a square picture of one hand, `render_scene` a whole picture with none to four,
`render_views` one hand as several cameras see it. All are pure functions of two numbers. The hand is MakeHuman's
(CC0); everything else is computed.
"""

from typing import TYPE_CHECKING

from likelihand.utils.lazy import lazy_names

if TYPE_CHECKING:
    from likelihand.synth.options import SynthOptions
    from likelihand.synth.picture import Picture, render_picture, render_scene
    from likelihand.synth.scene.background import Photos
    from likelihand.synth.scene.labels import HandLabel, Occlusion
    from likelihand.synth.views import HandView, HandViews, render_views

__all__ = [
    "HandLabel",
    "HandView",
    "HandViews",
    "Occlusion",
    "Photos",
    "Picture",
    "SynthOptions",
    "render_picture",
    "render_scene",
    "render_views",
]

_HOME = {
    "HandLabel": "synth.scene.labels",
    "HandView": "synth.views",
    "HandViews": "synth.views",
    "Occlusion": "synth.scene.labels",
    "Photos": "synth.scene.background",
    "Picture": "synth.picture",
    "SynthOptions": "synth.options",
    "render_picture": "synth.picture",
    "render_scene": "synth.picture",
    "render_views": "synth.views",
}

__getattr__, __dir__ = lazy_names(__name__, _HOME)
