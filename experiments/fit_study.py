"""What the fit of a hand in space is worth: everything that docs/explanation/fitting.md says, measured again.

    python -m experiments.fit_study rendered|real|photos|finite|timing [--real REAL] [--hands N] [--cache FOLDER]

`rendered` measures joints, angles and coverage on rendered hands of exact truth that nothing was fitted to; `real`
joints of real hands, beside MediaPipe's where a file of its world landmarks is given; `photos` the keypoints in
the picture before and after the fit, on labelled photos; `finite` tries random and degenerate densities; `timing`
measures the processor's time.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from experiments.fit_data import Floats, Known, labelled, real, rendered, synthetic_noise
from likelihand.evaluation.metrics.functions import distance
from likelihand.inference import load
from likelihand.reconstruction import ANGLE_NAMES, FitSettings, HandFit, fit, hand_length
from likelihand.reconstruction.multiview.fitted import similarity
from likelihand.utils.tables import aligned

Mask = NDArray[np.bool_]
EVALUATED = 771_001
"""Seed of the rendered hands that are reported;"""
CALIBRATED = 771_002
"""and of those that the fit's regions are calibrated on, and its weights chosen."""
LEVELS = (0.5, 0.68, 0.9, 0.95)
GROSS = 0.15
NUMBERS = (
    *("joints", "covariance", "angles", "angle_scale", "points", "point_covariance", "reprojected"),
    *("length", "rotation", "shape", "log_likelihood", "log_posterior"),
)


def relative(joints: Floats) -> Floats:
    """Return joints (21, 3) from the wrist in hand lengths."""
    return (joints - joints[:1]) / hand_length(joints)


def procrustes(points: Floats, target: Floats) -> Floats:
    """Return points (21, 3) turned, scaled and shifted onto a target."""
    turn, scale, shift = similarity(points, target)
    return scale * points @ turn.T + shift


def fitted(hands: Sequence[Known], settings: FitSettings, with_camera: bool = False) -> list[HandFit]:
    """Fit the hands, with the true side where it is known and the true camera where asked."""
    if not with_camera:
        return fit([known.hand for known in hands], settings=settings)
    return [fit([known.hand], known.camera, settings=settings)[0] for known in hands]


def joint_errors(hands: Sequence[Known], fits: Sequence[HandFit]) -> tuple[Floats, Floats]:
    """Return errors (N, 20) of all joints but the wrist in hand lengths: from the wrist, and after Procrustes."""
    pairs = [(found.joints, relative(known.joints)) for known, found in zip(hands, fits, strict=True)]
    plain = [np.linalg.norm(mine - truth, axis=1)[1:] for mine, truth in pairs]
    aligned_ = [np.linalg.norm(procrustes(mine, truth) - truth, axis=1)[1:] for mine, truth in pairs]
    return np.array(plain), np.array(aligned_)


def distances(hands: Sequence[Known], fits: Sequence[HandFit]) -> Floats:
    """Return the Mahalanobis distances (N, 20) of the true joints under the stated covariances."""
    out = []
    for known, found in zip(hands, fits, strict=True):
        away = (found.joints - relative(known.joints))[1:, :, None]
        out.append(np.sqrt((np.swapaxes(away, 1, 2) @ np.linalg.solve(found.covariance[1:], away)).ravel()))
    return np.array(out)


def report_rendered(hands: Sequence[Known], fits: Sequence[HandFit]) -> str:
    """Say how far joints and angles are from the truth, and what the regions hold."""
    masks = visibility_of(hands)
    errors = errors_of(hands, fits, masks)
    return "\n".join([errors, "", angles_of(hands, fits), "", coverage_of(hands, fits, masks)])


def visibility_of(hands: Sequence[Known]) -> dict[str, Mask]:
    """Return which joints (N, 20) but the wrist are seen, and what hides the others."""
    seen = np.array([known.occlusion for known in hands])[:, 1:]
    masks = {"all": seen >= 0, "visible": seen == 0, "hidden": (seen == 1) | (seen == 2)}
    return masks | {"hidden by the hand": seen == 1, "hidden by others": seen == 2, "outside": seen == 3}


def errors_of(hands: Sequence[Known], fits: Sequence[HandFit], masks: dict[str, Mask]) -> str:
    """Tabulate how far joints are from the truth."""
    plain, moved = joint_errors(hands, fits)
    metres = np.array([hand_length(known.joints) for known in hands])[:, None]
    rows = [["joints", "count", "error %", "median %", "Procrustes %", "error mm", "Procrustes mm"]]
    for name, mask in masks.items():
        values = (100 * plain, 100 * moved, 1000 * plain * metres, 1000 * moved * metres)
        a, b, c, d = (v[mask].mean() if mask.any() else np.nan for v in values)
        middle = np.median(100 * plain[mask]) if mask.any() else np.nan
        rows.append([name, str(mask.sum()), *(f"{v:.2f}" for v in (a, middle, b, c, d))])
    return aligned(rows)


def angles_of(hands: Sequence[Known], fits: Sequence[HandFit]) -> str:
    """Tabulate errors of angles in degrees, and how many lie within one and two stated deviations."""
    pairs = [(k.angles, f) for k, f in zip(hands, fits, strict=True) if k.angles is not None]
    away = np.array([f.angles - truth for truth, f in pairs])
    scale = np.array([f.angle_scale for _, f in pairs])
    error = np.degrees(np.abs(away))
    rows = [["angle", "mean deg", "median deg", "within 1 s.d.", "within 2 s.d."]]
    groups = {"all": slice(None)} | {
        part: [i for i, name in enumerate(ANGLE_NAMES) if name.endswith(part) and not name.startswith("thumb")]
        for part in ("mcp_flexion", "pip_flexion", "dip_flexion", "mcp_abduction")
    } | {"thumb": [i for i, name in enumerate(ANGLE_NAMES) if name.startswith("thumb")]}  # fmt: skip
    for name, columns in groups.items():
        z = (np.abs(away) / scale)[:, columns]
        part = error[:, columns]
        rows.append(
            [
                name,
                f"{part.mean():.1f}",
                f"{np.median(part):.1f}",
                f"{(z < 1).mean():.3f}",
                f"{(z < 2).mean():.3f}",
            ]
        )
    return f"{len(pairs)} hands\n" + aligned(rows)


def coverage_of(hands: Sequence[Known], fits: Sequence[HandFit], masks: dict[str, Mask]) -> str:
    """Tabulate what the regions of joints hold."""
    reached = distances(hands, fits)
    rows = [["regions of", "count", *(f"{level:.0%}" for level in LEVELS)]]
    for name, mask in masks.items():
        holds = [(reached[mask] <= fits[0].radius(level)).mean() if mask.any() else np.nan for level in LEVELS]
        rows.append([name, str(mask.sum()), *(f"{share:.3f}" for share in holds)])
    return aligned(rows)


def report_photos(hands: Sequence[Known], fits: Sequence[HandFit]) -> str:
    """Say how the keypoints in the picture change."""
    before = nme(hands, [known.hand.points for known in hands])
    after, bare = nme(hands, [f.points for f in fits]), nme(hands, [f.reprojected for f in fits])
    easy = before <= np.median(before)
    rows = [["", "NME", "median", f"hands above {GROSS}", "NME of the easier half"]]
    for name, values in (("predicted", before), ("after the fit", after), ("skeleton alone", bare)):
        gross = (values > GROSS).sum()
        rows.append(
            [name, f"{values.mean():.4f}", f"{np.median(values):.4f}", str(gross), f"{values[easy].mean():.4f}"]
        )
    change = after - before
    order = np.argsort(change)
    lines = [f"{len(hands)} hands, NME by the tight box of the labels", aligned(rows), "", "changed most:"]
    for i in [*order[:6], *order[-6:]]:
        lines.append(
            f"{before[i]:.3f} -> {after[i]:.3f} (log likelihood {fits[i].log_likelihood:.2f})  {hands[i].key}"
        )
    return "\n".join(lines)


def nme(hands: Sequence[Known], points: Sequence[Floats]) -> Floats:
    """Return each hand's mean distance over the longer side of the tight box of its labels."""
    out = []
    for known, mine in zip(hands, points, strict=True):
        counted = np.isfinite(known.points).all(1)
        box = known.points[counted]
        out.append(distance(mine, known.points)[counted].mean() / (box.max(0) - box.min(0)).max())
    return np.array(out)


def report_real(hands: Sequence[Known], fits: Sequence[HandFit], rivals: dict[str, Floats]) -> str:
    """Tabulate errors of joints of real hands after Procrustes, in millimetres and % of the hand's length."""
    rows = [["hand", "error %", "Procrustes %", "Procrustes mm", "MediaPipe %", "MediaPipe mm"]]
    table = []
    for known, found in zip(hands, fits, strict=True):
        truth, length = relative(known.joints), float(hand_length(known.joints))
        mine = 100 * np.linalg.norm(procrustes(found.joints, truth) - truth, axis=1).mean()
        plain = 100 * np.linalg.norm(found.joints - truth, axis=1)[1:].mean()
        other = rivals.get(f"{known.source} {known.key}")
        theirs = np.nan if other is None else 100 * np.linalg.norm(procrustes(other, truth) - truth, axis=1).mean()
        table.append([plain, mine, 10 * mine * length, theirs, 10 * theirs * length])
        rows.append([f"{known.source} {known.key}", *(f"{v:.2f}" for v in table[-1])])
    values = np.array(table)
    both = np.isfinite(values[:, 3])
    for name, kept in (("all", np.ones(len(values), bool)), ("those that MediaPipe finds", both)):
        if kept.any():
            rows.append([f"{name}: mean of {kept.sum()}", *(f"{v:.2f}" for v in values[kept].mean(0))])
    return aligned(rows)


def report_finite(count: int, settings: FitSettings) -> str:
    """Fit what a broken model may hand in, and count what is not finite."""
    bad, done = 0, 0
    batch = list(synthetic_noise(count))
    for first in range(0, count, 500):
        for found in fit(batch[first : first + 500], settings=settings):
            parts = (getattr(found, name) for name in NUMBERS)
            bad += not all(np.isfinite(part).all() for part in parts)
            done += 1
    return f"{bad} of {done} fits hold a number that is not finite"


def report_timing(hands: Sequence[Known], settings: FitSettings, batch: int = 256) -> str:
    """Measure the processor's time of fits, in a batch and one by one, anew and after an earlier frame."""
    chosen = [known.hand for known in hands[:batch]]
    before = fit(chosen, settings=settings)
    few = list(zip(chosen[:32], before[:32], strict=True))
    anew = (
        best_of(lambda: fit(chosen, settings=settings), len(chosen)),
        best_of(lambda: [fit([hand], settings=settings) for hand, _ in few], len(few)),
    )
    after = (
        best_of(lambda: fit(chosen, after=before, settings=settings), len(chosen)),
        best_of(lambda: [fit([hand], after=[fitted], settings=settings) for hand, fitted in few], len(few)),
    )
    rows = [["", f"batch of {len(chosen)}, ms a hand", "one by one, ms a hand"]]
    rows += [[name, *(f"{v:.2f}" for v in times)] for name, times in (("anew", anew), ("after a frame", after))]
    return aligned(rows)


def best_of(run: Callable[[], object], count: int, rounds: int = 3) -> float:
    """Return the least processor time of a few rounds over a count, milliseconds."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return 1000 * min(times) / count


def main(arguments: Sequence[str] | None = None) -> int:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("what", choices=["rendered", "real", "photos", "finite", "timing"])
    p.add_argument("--real", type=Path, default=Path("data/real"), help="folder with labelled/ and formats/")
    p.add_argument("--hands", type=int, default=1000)
    p.add_argument("--seed", type=int, default=EVALUATED)
    p.add_argument("--subset", default="core")
    p.add_argument("--camera", action="store_true", help="fit with the true camera")
    p.add_argument("--rivals", type=Path, help="npz of MediaPipe's world landmarks, by source and key")
    p.add_argument("--cache", type=Path, help="folder to keep predictions of rendered hands in")
    a = p.parse_args(arguments)
    settings = FitSettings()
    if a.what == "finite":
        print(report_finite(a.hands, settings))
        return 0
    predict = load(threads=1, calibration="rendered" if a.what in ("rendered", "timing") else None)
    if a.what == "real":
        hands = real(predict, a.real / "formats")
        rivals = dict(np.load(a.rivals)) if a.rivals else {}
        print(report_real(hands, fitted(hands, settings, a.camera), rivals))
    elif a.what == "photos":
        hands = labelled(predict, a.real / "labelled" / "annotations.json", a.subset)
        print(report_photos(hands, fitted(hands, settings)))
    else:
        hands = rendered(predict, a.hands, a.seed, a.cache)
        told = report_rendered(hands, fitted(hands, settings, a.camera)) if a.what == "rendered" else ""
        print(told or report_timing(hands, settings))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
