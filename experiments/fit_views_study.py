"""One hand fitted to several cameras against its keypoints triangulated one by one, on rendered hands.

    python -m experiments.fit_views_study [--hands 57] [--first 0]

Prints mean, median and 90 % quantile of the errors in millimetres, and the shares of true keypoints in regions
that say 50, 68, 90 and 95 %.
"""

import argparse
from collections.abc import Sequence

import numpy as np
from tqdm import tqdm

from experiments.cameras_study import Doubles, Shot, shoot, solve
from likelihand.fitting import FitSettings
from likelihand.inference import load
from likelihand.multiview import SpaceFit, fit_views
from likelihand.multiview.triangulation import level_in_space
from likelihand.utils.tables import aligned

VIEWS = ((0, 1), (0, 1, 2, 3))
MODEL_ERRORS = (0.05, 0.015)
LEVELS = (0.5, 0.68, 0.9, 0.95)


def fitted(shot: Shot, views: Sequence[int], error: float) -> SpaceFit:
    """Fit a hand to some of its views."""
    cameras, hands = [shot.cameras[i] for i in views], [shot.hands[i] for i in views]
    return fit_views(cameras, hands, FitSettings(model_error=error))


def levels(found: SpaceFit, truth: Doubles) -> Doubles:
    """Return the probabilities (21,) of the regions whose surfaces hold the truth."""
    away = truth - found.joints
    return level_in_space(np.sqrt(np.einsum("ki,kij,kj->k", away, np.linalg.inv(found.covariance), away)))


def row(name: str, shots: Sequence[Shot], points: Sequence[Doubles], inside: Sequence[Doubles]) -> list[str]:
    """Return a row of the table."""
    error = 1e3 * np.array([np.linalg.norm(p - s.truth, axis=1) for p, s in zip(points, shots, strict=True)])
    told = [np.nanmean(error), np.nanmedian(error), np.nanquantile(error, 0.9)]
    holds = [np.nanmean(np.array(inside) <= level) for level in LEVELS]
    return [name, *(f"{v:.2f}" for v in told), *(f"{v:.3f}" for v in holds)]


def main(arguments: Sequence[str] | None = None) -> int:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--hands", type=int, default=57)
    p.add_argument("--first", type=int, default=0)
    a = p.parse_args(arguments)
    predict = load(threads=1, calibration="rendered", detector=False)
    shots = [shoot(i, predict) for i in tqdm(range(a.first, a.first + a.hands), disable=None)]
    rows = [["", "mean mm", "median", "90 %", *(f"{level:.0%} holds" for level in LEVELS)]]
    for views in VIEWS:
        plain = [solve(shot, views) for shot in shots]
        inside = [t.level(s.truth) for t, s in zip(plain, shots, strict=True)]
        rows.append(row(f"{len(views)} cameras, triangulated", shots, [t.points for t in plain], inside))
        for error in MODEL_ERRORS:
            fits = [fitted(shot, views, error) for shot in shots]
            inside = [levels(f, s.truth) for f, s in zip(fits, shots, strict=True)]
            rows.append(row(f"{len(views)} cameras, fit {error}", shots, [f.joints for f in fits], inside))
    print(aligned(rows))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
