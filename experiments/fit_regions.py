"""Fit what the regions of joints in space hold, and write it into `src/likelihand/reconstruction/tables.json`.

    python -m experiments.fit_regions [--hands 2000] [--cache FOLDER]

On rendered hands that the study does not report: what is added to the covariances is chosen by the likelihood of
Student's t in space, and the distances that hold each probability are quantiles.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from math import lgamma, pi
from pathlib import Path

import numpy as np

from experiments.fit_data import Floats, rendered
from experiments.fit_study import CALIBRATED, distances, fitted, relative
from experiments.fit_tables import OUT
from likelihand.inference import load
from likelihand.reconstruction import FitSettings
from likelihand.uncertainty import ONE_SIGMA

UNIT_IN_SPACE = 1.8780
"""Distance within which a Gaussian in space holds 68.27 %."""
LEVELS = np.array([0.0, *np.arange(0.05, 0.951, 0.05), 0.97, 0.98, 0.99])


def log_t(away: Floats, covariance: Floats) -> float:
    """Return the greatest mean log density of deviations (N, 3) under Student's t of a multiple of covariances."""
    squared = (away * np.linalg.solve(covariance, away[..., None])[..., 0]).sum(-1)
    half = 0.5 * np.linalg.slogdet(covariance)[1].mean()
    best = -np.inf
    for n in (2.0, 3.0, 4.0, 6.0, 10.0, 20.0):
        constant = lgamma((n + 3) / 2) - lgamma(n / 2) - 1.5 * np.log(n * pi)
        for q in np.geomspace(0.1, 30, 25):
            value = constant - 1.5 * np.log(q) - (n + 3) / 2 * np.log1p(squared / (n * q)).mean() - half
            best = max(best, float(value))
    return best


def main(arguments: Sequence[str] | None = None) -> int:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--hands", type=int, default=2000)
    p.add_argument("--cache", type=Path)
    a = p.parse_args(arguments)
    content = json.loads(OUT.read_text())
    old = content["regions"]
    hands = rendered(load(threads=1, calibration="rendered"), a.hands, CALIBRATED, a.cache)
    fits = fitted(hands, FitSettings())
    raw = [f.covariance for f in fits]
    bare = np.array([c[1:] - old["added"] ** 2 * np.eye(3) for c in raw]) / old["factor"] ** 2
    away = np.array([(f.joints - relative(k.joints))[1:] for k, f in zip(hands, fits, strict=True)])
    choices = [0.0, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03]
    scores = [log_t(away.reshape(-1, 3), (bare + (v**2 + 1e-9) * np.eye(3)).reshape(-1, 3, 3)) for v in choices]
    added = choices[int(np.argmax(scores))]
    stated = [replace(f, covariance=np.concatenate([np.zeros((1, 3, 3)), c + (added**2 + 1e-9) * np.eye(3)]))
              for f, c in zip(fits, bare, strict=True)]  # fmt: skip
    reached = distances(hands, stated).ravel()
    factor = float(np.quantile(reached, ONE_SIGMA)) / UNIT_IN_SPACE
    radii = np.quantile(reached / factor, LEVELS)
    radii[0] = 0.0
    tail = 0.5 * np.log((1 - 0.95) / (1 - 0.99)) / np.log(np.quantile(reached, 0.99) / np.quantile(reached, 0.95))
    turned = [
        (np.abs(f.angles - k.angles) / f.angle_scale)
        for k, f in zip(hands, fits, strict=True)
        if k.angles is not None
    ]
    angle = float(np.quantile(turned, ONE_SIGMA)) * old["angle_factor"]
    content["regions"] = {
        "factor": round(factor, 4), "added": round(added * factor, 5), "angle_factor": round(angle, 4),
        "levels": LEVELS.round(4).tolist(), "radii": radii.round(4).tolist(), "tail": round(float(tail), 4),
    }  # fmt: skip
    OUT.write_text(json.dumps(content) + "\n")
    print({"added": added, "scores": np.round(scores, 3).tolist()}, content["regions"])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
