"""Rendered hands with exact labels: an endless source of training data, free for any use.

`render_picture` makes a square picture of one hand, `render_scene` a whole picture with none to four,
`render_views` one hand as several cameras see it. All are pure functions of two numbers. The hand is MakeHuman's
(CC0); everything else is computed.
"""

from typing import TYPE_CHECKING

from likelihand.utils.lazy import lazy_names

if TYPE_CHECKING:
    from likelihand.synth.options import SynthOptions as SynthOptions
    from likelihand.synth.picture import (
        Picture as Picture,
        render_picture as render_picture,
        render_scene as render_scene,
    )
    from likelihand.synth.scene.background import Photos as Photos
    from likelihand.synth.scene.labels import HandLabel as HandLabel, Occlusion as Occlusion
    from likelihand.synth.views import HandView as HandView, HandViews as HandViews, render_views as render_views

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    {
        "synth.options": "SynthOptions",
        "synth.picture": "Picture render_picture render_scene",
        "synth.scene.background": "Photos",
        "synth.scene.labels": "HandLabel Occlusion",
        "synth.views": "HandView HandViews render_views",
    },
)
