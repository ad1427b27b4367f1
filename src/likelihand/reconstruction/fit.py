"""Fit a 3D hand to predicted densities by maximum a posteriori."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from likelihand.reconstruction.camera import State, place
from likelihand.reconstruction.density import Evidence
from likelihand.reconstruction.evidence import Frames, evidence_of
from likelihand.reconstruction.laplace import Estimates, estimate
from likelihand.reconstruction.result import HandFit, hand_length
from likelihand.reconstruction.rig import FloatArray
from likelihand.reconstruction.solver import FitSettings, Solved, solve
from likelihand.reconstruction.starts import starts
from likelihand.reconstruction.tables import Tables, load_tables
from likelihand.structures import Hand, Side

LOST: Final = 0.3
"""A frame whose log likelihood per keypoint falls by more than this below the last one's is searched anew."""


def state_after(tables: Tables, fits: Sequence[HandFit], frames: Frames) -> State:
    """Return earlier fits as states, in the units of the hands that follow them, which `frames` tells."""
    flip = np.stack([frames.mirror, np.ones_like(frames.mirror), np.ones_like(frames.mirror)], -1)
    turn = np.array([f.rotation for f in fits]) * flip[:, :, None] * flip[:, None]
    wrist = (np.array([f.reprojected[0] for f in fits]) - frames.middle) * frames.scale
    state = State(
        turn,
        np.concatenate([np.zeros((len(fits), 1)), wrist], 1),
        np.array([f.angles for f in fits]),
        np.array([f.shape for f in fits]),
    )
    palms = hand_length(place(tables.rig, state).points)
    state.camera[:, 0] = np.log(np.array([f.length for f in fits]) / palms / frames.size)
    return state


def remembered(evidence: Evidence, fits: Sequence[HandFit]) -> Evidence:
    """Return the evidence with what the frames before it say of the hands' shapes."""
    return evidence._replace(
        form=np.array([f.form for f in fits]), stiffness=np.array([f.stiffness for f in fits])
    )


BATCH: Final = 64
"""Hands that are fitted at once: their arrays stay within a processor's cache."""


def fit(
    hands: Sequence[Hand],
    camera: ArrayLike | None = None,
    *,
    after: Sequence[HandFit | None] | None = None,
    settings: FitSettings | None = None,
) -> list[HandFit]:
    r"""Fit the most likely 3D hand to each hand's predicted densities.

    It maximises, over joint angles within their limits, shape and camera,

    .. math:: \sum_i \log p_i(u_i) + \alpha \log p(\mathrm{angles}) + \beta \log p(\mathrm{shape})

    with :math:`u_i` the keypoints' projections and :math:`p_i` the predicted densities, whose covariances are
    widened by what any skeleton misses. An unknown camera is assumed to look at the hand's middle from a
    usual distance. See `docs/explanation/fitting.md` for what one view cannot tell.

    Args:
        hands: with points and covariance in image pixels, as a predictor gives them, of a picture that is no
            mirror image. A hand whose side is None is taken for a right one, or, with a camera, for the likelier.
        camera: (3, 3) camera matrix of their picture in corner-origin pixels.
        after: in films, the fits of the same hands in the frame before, None where there is none: the search
            starts from them alone, which is quicker, and anew where that loses the hand; what the frames so far
            say of the hand's shape goes on.
        settings: of the search; the defaults where None.

    Returns:
        One fit a hand, in their order.

    Raises:
        ValueError: the camera is no camera matrix, or `after` is not of as many hands.

    Example:
        >>> points = np.random.default_rng(0).normal(100, 20, (21, 2))
        >>> hand = Hand(points, np.ones((21, 2)), np.zeros(4), np.tile(np.eye(2), (21, 1, 1)))
        >>> fit([hand])[0].joints.shape
        (21, 3)
    """
    chosen, matrix = settings or FitSettings(), None if camera is None else _checked(camera)
    fits = _followed(hands, [None] * len(hands) if after is None else after, matrix, chosen)
    tried = [(i, side) for i, hand in enumerate(hands) if fits[i] is None for side in _sides(hand, matrix)]
    for first in range(0, len(tried), BATCH):
        batch = tried[first : first + BATCH]
        of_batch = _fit_batch([(hands[i], side) for i, side in batch], matrix, chosen)
        for (i, _), found in zip(batch, of_batch, strict=True):
            before = fits[i]
            if before is None or found.log_posterior > before.log_posterior:
                fits[i] = found
    return [found for found in fits if found is not None]


def _followed(
    hands: Sequence[Hand], after: Sequence[HandFit | None], camera: FloatArray | None, settings: FitSettings
) -> list[HandFit | None]:
    """Fit the hands that were seen before, from where they were; None where they are not there any more."""
    if len(after) != len(hands):
        raise ValueError(f"after has {len(after)} fits for {len(hands)} hands; give one, or None, a hand")
    known = [(i, fit) for i, fit in enumerate(after) if fit is not None and hands[i].side in (None, fit.side)]
    fits: list[HandFit | None] = [None] * len(hands)
    for first in range(0, len(known), BATCH):
        numbers, before = zip(*known[first : first + BATCH], strict=True)
        of_batch = _fit_batch(
            [(hands[i], f.side) for i, f in known[first : first + BATCH]], camera, settings, before
        )
        for i, old, new in zip(numbers, before, of_batch, strict=True):
            fits[i] = new if new.log_likelihood >= old.log_likelihood - LOST else None
    return fits


def _sides(hand: Hand, camera: FloatArray | None) -> tuple[Side, ...]:
    """Say which sides are tried: from afar, a left hand looks as a right one that is mirrored in depth."""
    if hand.side is not None:
        return (hand.side,)
    return ("right",) if camera is None else ("right", "left")


def _checked(camera: ArrayLike) -> FloatArray:
    matrix = np.asarray(camera, np.float64)
    if matrix.shape != (3, 3) or not np.isfinite(matrix).all() or min(matrix[0, 0], matrix[1, 1]) <= 0:
        raise ValueError(f"camera {matrix.tolist()} is no camera matrix; give [[f, 0, x], [0, f, y], [0, 0, 1]]")
    return matrix


def _fit_batch(
    pairs: Sequence[tuple[Hand, Side]],
    camera: FloatArray | None,
    settings: FitSettings,
    after: Sequence[HandFit] = (),
) -> list[HandFit]:
    tables = load_tables()
    evidence, frames = evidence_of(pairs, camera, settings.model_error, settings.distance)
    if after:
        evidence = remembered(evidence, after)
        solved = solve(tables, evidence, state_after(tables, after, frames), settings.weights, settings.follow)
        values = solved.local.value[:, None]
    else:
        solved, values = _search(tables, evidence, settings)
    estimates = estimate(tables, evidence, solved, values, settings)
    return [_result(i, side, frames, estimates, camera) for i, (_, side) in enumerate(pairs)]


def _search(tables: Tables, evidence: Evidence, settings: FitSettings) -> tuple[Solved, FloatArray]:
    """Climb from every start, go on from the best; return the solutions (N x kept) and their values (N, kept)."""
    hands = np.arange(len(evidence.points))
    begun = starts(tables, evidence, settings.starts)
    first = np.repeat(hands, settings.starts)
    solved = solve(tables, evidence.take(first), begun, settings.weights, settings.first)
    order = np.argsort(solved.local.value.reshape(len(hands), -1), axis=1, kind="stable")[:, : settings.kept]
    chosen = (hands[:, None] * settings.starts + order).ravel()
    evidence = evidence.take(np.repeat(hands, order.shape[1]))
    solved = solve(tables, evidence, solved.state.take(chosen), settings.weights, settings.last)
    return solved, solved.local.value.reshape(len(hands), -1)


def _result(i: int, side: Side, frames: Frames, estimates: Estimates, camera: FloatArray | None) -> HandFit:
    """Take one hand's estimates back to its picture, and to its side."""
    flip = np.array([frames.mirror[i], 1.0, 1.0])
    back = 1 / frames.scale[i]
    points = frames.middle[i] + estimates.points[i] * back
    length, root = float(estimates.length[i] * frames.size[i]), None
    if camera is not None:
        away = camera[0, 0] / length
        root = np.array([*(estimates.middle[i] * frames.size[i] / length * flip[:2]), away])
    return HandFit(
        joints=estimates.joints[i] * flip,
        covariance=estimates.covariance[i] * flip * flip[:, None],
        angles=estimates.angles[i],
        angle_scale=estimates.angle_scale[i],
        points=points,
        point_covariance=estimates.point_covariance[i] * back * back[:, None],
        reprojected=frames.middle[i] + estimates.seen[i] * back,
        length=length,
        root=root,
        rotation=estimates.turn[i] * flip * flip[:, None],
        shape=estimates.shape[i],
        side=side,
        log_likelihood=float(estimates.log_likelihood[i]),
        log_posterior=float(estimates.log_posterior[i]),
        radial=load_tables().regions.radial,
        form=estimates.form[i],
        stiffness=estimates.stiffness[i],
    )
