"""One hand fitted to several cameras against its keypoints triangulated one by one, on rendered hands.

    python -m experiments.fit_views_study report|calibrate [--hands 200] [--cache FOLDER]

`report` prints mean, median and 90 % quantile of the errors in millimetres, the shares of true keypoints in
regions that say 50, 68, 90 and 95 %, and the errors of angles. `calibrate` fits, on other hands, what makes the
regions hold that, a factor a number of cameras and the distances for all of them, and writes
`src/likelihand/reconstruction/multiview/regions.json`.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from experiments.cameras_study import SEED, Doubles, Shot, shoot, solve
from experiments.fit_data import kept
from experiments.fit_regions import LEVELS as KNOTS, UNIT_IN_SPACE
from likelihand.inference import load
from likelihand.reconstruction import FitSettings
from likelihand.reconstruction.multiview import SpaceFit, fit_views
from likelihand.reconstruction.multiview.fitted import load_regions
from likelihand.synth.hand.asset import load_asset
from likelihand.synth.hand.hand_sampler import sample_hand
from likelihand.synth.scene.compose import streams_of
from likelihand.uncertainty import ONE_SIGMA
from likelihand.utils.tables import aligned

VIEWS = ((0, 1), (0, 1, 2), (0, 1, 2, 3))
MODEL_ERRORS = (0.05, 0.015)
LEVELS = (0.5, 0.68, 0.9, 0.95)
CALIBRATED = SEED + 1
"""Seed of the hands that regions are calibrated on; those of `SEED` are reported."""
OUT = Path(__file__).parents[1] / "src" / "likelihand" / "reconstruction" / "multiview" / "regions.json"


def shots_of(seed: int, count: int, cache: Path | None) -> list[Shot]:
    """Render hands from all sides and predict them; results may be kept in a folder."""

    def make() -> list[Shot]:
        predict = load(threads=1, calibration="rendered", detector=False)
        return [shoot(i, predict, seed) for i in tqdm(range(count), desc="rendering", disable=None)]

    return kept(None if cache is None else cache / f"views-{seed}-{count}.pickle", make)


def angles_of(seed: int, count: int) -> Doubles:
    """Draw the angles (count, 21) of the rendered hands again."""
    hands = (sample_hand(streams_of(seed, i).hand, load_asset(), None) for i in range(count))
    return np.array([hand.angles[:21] for hand in hands])


def fitted(shot: Shot, views: Sequence[int], error: float = MODEL_ERRORS[0]) -> SpaceFit:
    """Fit a hand to some of its views."""
    cameras, hands = [shot.cameras[i] for i in views], [shot.hands[i] for i in views]
    return fit_views(cameras, hands, FitSettings(model_error=error))


def distances(fits: Sequence[SpaceFit], shots: Sequence[Shot]) -> Doubles:
    """Return the Mahalanobis distances (N, 21) of the true keypoints under the stated covariances."""
    away = np.array([s.truth - f.joints for f, s in zip(fits, shots, strict=True)])
    covariance = np.array([f.covariance for f in fits])
    return np.asarray(np.sqrt((away * np.linalg.solve(covariance, away[..., None])[..., 0]).sum(-1)))


def row(name: str, shots: Sequence[Shot], points: Sequence[Doubles], inside: Sequence[Doubles]) -> list[str]:
    """Return a row of the table."""
    error = 1e3 * np.array([np.linalg.norm(p - s.truth, axis=1) for p, s in zip(points, shots, strict=True)])
    told = [np.nanmean(error), np.nanmedian(error), np.nanquantile(error, 0.9)]
    holds = [np.nanmean(np.array(inside) <= level) for level in LEVELS]
    return [name, *(f"{v:.2f}" for v in told), *(f"{v:.3f}" for v in holds)]


def report(shots: Sequence[Shot], angles: Doubles) -> str:
    """Tabulate errors of keypoints and angles, and what regions hold."""
    rows = [["", "mean mm", "median", "90 %", *(f"{level:.0%} holds" for level in LEVELS)]]
    bent = [["", "mean deg", "median deg", "within 1 s.d.", "within 2 s.d."]]
    for views in VIEWS:
        plain = [solve(shot, views) for shot in shots]
        inside = [t.level(s.truth) for t, s in zip(plain, shots, strict=True)]
        rows.append(row(f"{len(views)} cameras, triangulated", shots, [t.points for t in plain], inside))
        for error in MODEL_ERRORS:
            fits = [fitted(shot, views, error) for shot in tqdm(shots, disable=None)]
            inside = [fits[0].radial.level(reached) for reached in distances(fits, shots)]
            rows.append(row(f"{len(views)} cameras, fit {error}", shots, [f.joints for f in fits], inside))
            away = np.abs(np.array([f.angles for f in fits]) - angles)
            z, away = away / np.array([f.angle_scale for f in fits]), np.degrees(away)
            told = [
                f"{away.mean():.1f}",
                f"{np.median(away):.1f}",
                f"{(z < 1).mean():.3f}",
                f"{(z < 2).mean():.3f}",
            ]
            bent.append([f"{len(views)} cameras, fit {error}", *told])
    return aligned(rows) + "\n\n" + aligned(bent)


def calibrated(shots: Sequence[Shot], angles: Doubles) -> dict[str, object]:
    """Fit the factors and the distances that hold each probability, which are quantiles."""
    factors, turned, reached = [], [], []
    for views in VIEWS:
        fits = [fitted(shot, views) for shot in tqdm(shots, disable=None)]
        was, angle_was = load_regions().of(len(views))
        away = was * distances(fits, shots)
        factors.append(float(np.quantile(away, ONE_SIGMA)) / UNIT_IN_SPACE)
        reached.append(away / factors[-1])
        z = np.abs(np.array([f.angles for f in fits]) - angles) / np.array([f.angle_scale for f in fits])
        turned.append(angle_was * float(np.quantile(z, ONE_SIGMA)))
    radii = np.quantile(reached, KNOTS)
    radii[0] = 0.0
    at95, at99 = np.quantile(reached, (0.95, 0.99))
    return {
        "source": f"{len(shots)} rendered hands of seed {CALIBRATED}",
        "factors": np.round(factors, 4).tolist(),
        "angle_factors": np.round(turned, 4).tolist(),
        "levels": KNOTS.round(4).tolist(),
        "radii": radii.round(4).tolist(),
        "tail": round(float(0.5 * np.log(0.05 / 0.01) / np.log(at99 / at95)), 4),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("what", choices=["report", "calibrate"])
    p.add_argument("--hands", type=int, default=200)
    p.add_argument("--cache", type=Path, help="folder to keep predictions of rendered hands in")
    a = p.parse_args(arguments)
    seed = SEED if a.what == "report" else CALIBRATED
    shots, angles = shots_of(seed, a.hands, a.cache), angles_of(seed, a.hands)
    if a.what == "report":
        print(report(shots, angles))
    else:
        OUT.write_text(json.dumps(calibrated(shots, angles)) + "\n")
        print(OUT.read_text())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
