"""Draw what the fit knows of hands before it sees one: `docs/images/fitting-prior.png`.

    python -m experiments.fit_prior_picture [--out docs/images/fitting-prior.png]

Above, the poses at the middles of the likeliest parts of the mixture, seen from the palm's side; below, the
spread of every angle: its limits, its 5 and 95 % quantiles, its 25 and 75 % quantiles, and its median.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from experiments.fit_data import Floats
from likelihand.reconstruction import ANGLE_NAMES
from likelihand.reconstruction.camera import State, place
from likelihand.reconstruction.rig import ANGLE_LIMITS
from likelihand.reconstruction.tables import Tables, load_tables
from likelihand.structures import BONES, FINGER_COLOURS, FINGERS

SHOWN = 6
DRAWN = 20_000
VIEW = np.array([[0.94, 0.0, -0.34], [0.12, -0.94, 0.33]])
"""What two of three coordinates in the hand's frame become on the page: fingers up, turned by 20 degrees."""


def main(arguments: Sequence[str] | None = None) -> int:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--out", type=Path, default=Path("docs/images/fitting-prior.png"))
    out = p.parse_args(arguments).out
    tables = load_tables()
    figure = plt.figure(figsize=(9, 6.2))
    rows: Any = figure.subfigures(2, 1, height_ratios=(1, 1.9))
    above, below = rows
    order = np.argsort(-tables.prior.shares)[:SHOWN]
    joints = posed(tables, tables.prior.means[order])
    for axis, part, points in zip(above.subplots(1, SHOWN), order, joints, strict=True):
        hand(axis, points @ VIEW.T)
        axis.set_title(f"{100 * tables.prior.shares[part]:.0f} %", fontsize=9)
    above.subplots_adjust(left=0.02, right=0.98, top=0.9, bottom=0.02, wspace=0.0)
    spread(below.subplots(), drawn(tables))
    figure.savefig(out, dpi=100)
    return 0


def posed(tables: Tables, angles: Floats) -> Floats:
    """Return keypoints (N, 21, 3) of the mean hand in poses (N, 21), palm lengths in the hand's frame."""
    count = len(angles)
    shape = np.zeros((count, len(tables.rig.components)))
    return place(tables.rig, State(np.tile(np.eye(3), (count, 1, 1)), np.zeros((count, 3)), angles, shape)).points


def drawn(tables: Tables) -> Floats:
    """Draw angles (N, 21) from the mixture, held to their limits, in degrees."""
    rng, prior = np.random.default_rng(0), tables.prior
    parts = rng.choice(len(prior.shares), DRAWN, p=prior.shares / prior.shares.sum())
    roots = np.linalg.cholesky(prior.covariances)
    angles = prior.means[parts] + (roots[parts] @ rng.normal(size=(DRAWN, 21, 1)))[..., 0]
    return np.degrees(np.clip(angles, *ANGLE_LIMITS.T))


def hand(axis: Axes, points: Floats) -> None:
    """Draw the bones of points (21, 2) in the fingers' colours."""
    for number, bone in enumerate(BONES):
        axis.plot(*points[list(bone)].T, color=colour(FINGERS[number // 4]), lw=2.4, solid_capstyle="round")
    axis.set(aspect="equal", xlim=(-1.0, 1.3), ylim=(0.2, -2.0))
    axis.axis("off")


def colour(finger: str) -> tuple[float, ...]:
    """Return a finger's colour as shares of 1."""
    return tuple(value / 255 for value in FINGER_COLOURS[finger])


def spread(axis: Axes, angles: Floats) -> None:
    """Draw limits, quantiles and medians of angles (N, 21) in degrees."""
    for row, (name, limits, values) in enumerate(
        zip(ANGLE_NAMES, np.degrees(ANGLE_LIMITS), angles.T, strict=True)
    ):
        low, first, middle, third, high = np.quantile(values, (0.05, 0.25, 0.5, 0.75, 0.95))
        own = colour(name.split("_")[0])
        axis.plot(limits, [row, row], color="0.8", lw=1.0, marker="|", ms=5)
        axis.plot([low, high], [row, row], color=own, lw=2.0, alpha=0.6)
        axis.plot([first, third], [row, row], color=own, lw=5.5, solid_capstyle="butt")
        axis.plot(middle, row, "o", color="white", mec="0.2", ms=4)
    labels = [name.replace("_", " ").replace("mcp", "MCP").replace("pip", "PIP") for name in ANGLE_NAMES]
    labels = [name.replace("dip", "DIP").replace("cmc", "CMC").replace(" ip ", " IP ") for name in labels]
    axis.set_yticks(range(len(labels)), labels, fontsize=7)
    axis.set_xlabel("degrees", fontsize=8)
    axis.tick_params(axis="x", labelsize=8)
    axis.axvline(0, color="0.9", lw=0.8, zorder=0)
    axis.set_ylim(len(labels) - 0.4, -0.6)
    axis.spines[["top", "right", "left"]].set_visible(False)
    axis.tick_params(axis="y", length=0)
    axis.figure.subplots_adjust(left=0.24, right=0.98, top=0.99, bottom=0.13)


if __name__ == "__main__":
    raise SystemExit(main())
