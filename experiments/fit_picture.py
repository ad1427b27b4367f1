"""Draw rendered hands with their fits, in the picture and turned, beside the truth: `docs/images/fitting.png`.

python -m experiments.fit_picture [--out docs/images/fitting.png]
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from experiments.fit_data import SIZE, Floats
from experiments.fit_study import EVALUATED, relative
from likelihand.inference import load
from likelihand.reconstruction import fit
from likelihand.structures import BONES, FINGER_COLOURS, FINGERS
from likelihand.synth import render_picture

SHOWN = (20, 3, 0, 7)
"""Numbers of rendered hands: easy ones, and one whose tilt was taken the wrong way round."""
TURNS = (0, 45, 90)


def main(arguments: Sequence[str] | None = None) -> int:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--out", type=Path, default=Path("docs/images/fitting.png"))
    out = p.parse_args(arguments).out
    predict = load(threads=1, calibration="rendered", detector=False)
    figure, axes = plt.subplots(len(SHOWN), 1 + len(TURNS), figsize=(9, 2.2 * len(SHOWN)))
    for row, index in zip(axes, SHOWN, strict=True):
        picture = render_picture(EVALUATED, index, SIZE)
        label = picture.hands[0]
        (found,) = fit(predict(picture.image, [label.box]))
        row[0].imshow(picture.image)
        bones(row[0], found.reprojected - 0.5)
        row[0].axis("off")
        for axis, degrees in zip(row[1:], TURNS, strict=True):
            bones(axis, turned(relative(label.joints), degrees), "0.45")
            bones(axis, turned(found.joints, degrees))
            axis.invert_yaxis()
            axis.set_aspect("equal")
            axis.axis("off")
    for axis, title in zip(axes[0], ("picture", *(f"turned by {d}°" for d in TURNS)), strict=True):
        axis.set_title(title, fontsize=9)
    figure.tight_layout()
    figure.savefig(out, dpi=90)
    return 0


def turned(joints: Floats, degrees: float) -> Floats:
    """Return joints (21, 2) as seen after a turn about the vertical."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.stack([c * joints[:, 0] + s * joints[:, 2], joints[:, 1]], -1)


def bones(axis: Axes, points: Floats, grey: str | None = None) -> None:
    """Draw the bones of points (21, 2): in the fingers' colours, or thin and dashed in one grey."""
    for number, (a, b) in enumerate(BONES):
        colour = grey or tuple(v / 255 for v in FINGER_COLOURS[FINGERS[number // 4]])
        style = {"ls": "--", "lw": 1.0} if grey else {"lw": 2.2}
        axis.plot(*points[[a, b]].T, color=colour, **style)


if __name__ == "__main__":
    raise SystemExit(main())
