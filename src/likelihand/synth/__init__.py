"""Rendered hands with exact labels: an endless source of training data, free for any use.

`render_picture` makes a square picture of one hand, `render_scene` a whole picture with none to four. Both are
pure functions of two numbers. The hand is MakeHuman's (CC0); everything else is computed.
"""

from likelihand.synth.background import Photos
from likelihand.synth.labels import HandLabel, Occlusion
from likelihand.synth.options import SynthOptions
from likelihand.synth.picture import Picture, render_picture, render_scene

__all__ = ["HandLabel", "Occlusion", "Photos", "Picture", "SynthOptions", "render_picture", "render_scene"]
