"""Several cameras: what the covariances are worth in space, and whether regions in space hold what they say.

Renders each hand from four sides with exact cameras and truth, runs the bundled model on every picture, and
triangulates its points with and without its covariances. Each picture's box is that of the truth, as in scores
with given boxes.

    python -m experiments.cameras_study --hands 400 --out cameras.md
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from likelihand.inference import Predictor, load
from likelihand.reconstruction.multiview import Camera, Triangulated, triangulate
from likelihand.reconstruction.multiview.triangulation import FREEDOM
from likelihand.structures import Hand
from likelihand.synth.scene.compose import HELD
from likelihand.synth.views import render_views
from likelihand.utils.tables import markdown

SEED = 71_000
SIZE = 256
TURNS = ((0.0, 0.0), (1.0, 0.0), (-0.6, 0.5), (0.4, -0.8))
"""Radians by which each camera stands around the hand, sideways and up, against the first: the first two are the
pair."""
LEVELS = (0.5, 0.68, 0.9, 0.95)
SHIFTED = 0.3
"""Of the wrong view: shares of the hand's size by which its points are moved."""
DRAWS = 200
Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """One hand from all sides: its points in metres (21, 3), cameras, and what the model sees in each picture."""

    truth: Doubles
    cameras: tuple[Camera, ...]
    hands: tuple[Hand, ...]
    exact: Doubles


def shoot(index: int, predict: Predictor, seed: int = SEED) -> Shot:
    """Render a hand from all sides and look at every picture."""
    seen = render_views(seed, index, TURNS, SIZE)
    views = seen.views
    return Shot(
        seen.points,
        tuple(Camera(v.matrix, v.rotation, v.translation, name=str(i)) for i, v in enumerate(views)),
        tuple(predict(v.image, [v.label.box])[0] for v in views),
        np.stack([v.label.points for v in views]),
    )


def solve(
    shot: Shot, views: Sequence[int], weighted: bool = True, freedom: float = FREEDOM, wrong: int | None = None
) -> Triangulated:
    """Triangulate what some of the cameras see, one of them wrongly where asked."""
    points = np.stack([shot.hands[view].points for view in views])
    if wrong is not None:
        size = np.ptp(points[wrong], axis=0).max()
        angle = np.random.default_rng(round(1e3 * abs(points[wrong, 0, 0]))).uniform(0, 2 * np.pi)
        points[wrong] += SHIFTED * size * np.array([np.cos(angle), np.sin(angle)])
    covariances = np.stack([shot.hands[view].covariance for view in views]) if weighted else None
    return triangulate([shot.cameras[view] for view in views], points, covariances, freedom=freedom)


def errors(shots: Sequence[Shot], found: Sequence[Triangulated]) -> Doubles:
    """Return (hands, 21) distances from the truth in millimetres; NaN where nothing was found."""
    return np.stack([1e3 * np.linalg.norm(f.points - s.truth, axis=-1) for s, f in zip(shots, found, strict=True)])


def interval(values: Doubles, statistic: Callable[..., Any] = np.nanmean) -> str:
    """Return a statistic and its 95 % interval over hands, by the bootstrap."""
    rng = np.random.default_rng(0)
    drawn = [statistic(values[rng.integers(len(values), size=len(values))]) for _ in range(DRAWS)]
    low, high = np.quantile(drawn, (0.025, 0.975))
    return f"{statistic(values):.2f} ({low:.2f} to {high:.2f})"


RIGS = (
    ("2 cameras", (0, 1), None),
    ("4 cameras", (0, 1, 2, 3), None),
    ("4 cameras, one wrong", (0, 1, 2, 3), 1),
)
METHODS = (
    ("least squares", False, np.inf),
    ("weighted", True, np.inf),
    ("weighted, heavy tail", True, FREEDOM),
)
Solved = dict[tuple[str, str], list[Triangulated]]


def solve_all(shots: Sequence[Shot]) -> Solved:
    """Triangulate every hand with every rig and method."""
    return {
        (rig, method): [solve(shot, views, weighted, freedom, wrong) for shot in shots]
        for rig, views, wrong in RIGS
        for method, weighted, freedom in METHODS
    }


def error_rows(shots: Sequence[Shot], solved: Solved) -> list[list[str]]:
    """Return the table of errors."""
    rows = []
    for (rig, method), found in solved.items():
        error = errors(shots, found)
        high = interval(error, lambda e: np.nanquantile(e, 0.9))
        cells = [interval(error), interval(error, np.nanmedian), high, str(int(np.isnan(error).sum()))]
        rows.append([rig, method, *cells])
    return rows


def coverage_rows(shots: Sequence[Shot], solved: Solved) -> list[list[str]]:
    """Return the table of coverage: how much of the truth regions in space hold."""
    rows = []
    for (rig, method), found in solved.items():
        if method != METHODS[0][0]:
            inside = np.stack([f.level(s.truth) for s, f in zip(shots, found, strict=True)])
            rows.append([f"{rig}, {method}", *(interval(held(inside, level)) for level in LEVELS)])
    return rows


def held(inside: Doubles, level: float) -> Doubles:
    """Return 100 where a region of a level holds the truth, 0 where it does not, NaN where nothing was found."""
    return np.asarray(np.where(np.isnan(inside), np.nan, 100.0 * (inside <= level)), np.float64)


def flat_rows(shots: Sequence[Shot]) -> list[list[str]]:
    """Return the same of the pictures' own regions, which those in space are made of."""
    inside = []
    for shot in shots:
        away = shot.exact - np.stack([hand.points for hand in shot.hands])
        covariance = np.stack([hand.covariance for hand in shot.hands])
        distance = np.sqrt(np.einsum("vni,vnij,vnj->vn", away, np.linalg.inv(covariance), away))
        inside.append(shot.hands[0].radial.level(distance))
    values = np.stack(inside)
    return [["pictures", *(interval(held(values, level)) for level in LEVELS)]]


def report(shots: Sequence[Shot], calibration: str) -> str:
    """Return the report as Markdown."""
    head = ["cameras", "method", "mean mm", "median mm", "90 % mm", "not found"]
    solved = solve_all(shots)
    regions = ["regions of", *(f"{100 * level:.0f} %" for level in LEVELS)]
    return "\n\n".join(
        [
            "# Several cameras",
            f"{len(shots)} rendered hands, seen from {len(TURNS)} sides on {SIZE} x {SIZE} pixels (seed {SEED}, "
            f"{100 * HELD:.0f} % hold a thing), the bundled model with four looks, boxes given, calibration "
            f"`{calibration}`. Errors are distances from the true keypoint, over all {21 * len(shots)} keypoints; "
            "intervals are 95 % over hands (bootstrap). Made by `python -m experiments.cameras_study`.",
            "## Error in space",
            markdown(head, error_rows(shots, solved)),
            "Of the wrong view, every point is moved by 30 % of the hand's size in one direction.",
            "## Share of the truth that regions hold, %",
            markdown(regions, [*flat_rows(shots), *coverage_rows(shots, solved)]),
            "",
        ]
    )


def main() -> None:
    """Render, predict, triangulate, write the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hands", type=int, default=400)
    parser.add_argument("--calibration", default="rendered", help="the model's: rendered or photos")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("cameras.md"), help="the page to write")
    arguments = parser.parse_args()
    from tqdm import trange

    predict = load(calibration=arguments.calibration, detector=False, threads=arguments.threads)
    shots = [shoot(index, predict) for index in trange(arguments.hands, unit="hand")]
    text = report(shots, arguments.calibration)
    arguments.out.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
