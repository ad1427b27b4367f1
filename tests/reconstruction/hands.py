"""Hands of the skeleton itself, whose fits are known."""

from typing import Final

import numpy as np

from likelihand.reconstruction import FitSettings, Weights, hand_length
from likelihand.reconstruction.camera import Lens, State, place, rotation_of, view
from likelihand.reconstruction.rig import ANGLE_LIMITS, FloatArray
from likelihand.reconstruction.tables import load_tables
from likelihand.structures import Hand, Side

RIG: Final = load_tables().rig
EXACT: Final = FitSettings(
    Weights(1e-4, 1.0), model_error=1e-4, starts=8, kept=8, first=6, last=60, distance=np.inf
)
"""Believes the points, hardly the prior, and looks from far away."""


def states(count: int, seed: int = 0, spread: float = 0.5, shaped: float = 0.0) -> State:
    """Draw hands of usual poses, turned anyhow, of 90 pixels a palm length."""
    rng, prior = np.random.default_rng(seed), load_tables().prior
    parts = rng.choice(len(prior.shares), count, p=prior.shares / prior.shares.sum())
    noise = np.einsum("nij,nj->ni", np.linalg.cholesky(prior.covariances)[parts], rng.normal(size=(count, 21)))
    low, high = ANGLE_LIMITS.T
    angles = np.clip(prior.means[parts] + spread * noise, low + 0.02, high - 0.02)
    camera = np.stack([np.full(count, np.log(90.0)), *rng.uniform(-40, 40, (2, count))], -1)
    turn = rotation_of(rng.normal(0, 1.2, (3, count)).T)
    return State(turn, camera, angles, shaped * rng.normal(size=(len(RIG.components), count)).T)


def made(
    count: int, seed: int = 0, camera: FloatArray | None = None, shaped: float = 0.0
) -> tuple[list[Hand], FloatArray, FloatArray]:
    """Make right hands: as seen in pixels, their joints in hand lengths, and their angles."""
    state = states(count, seed, shaped=shaped)
    placed = place(RIG, state)
    focal, middle = (np.inf, np.array([300.0, 200.0])) if camera is None else (camera[0, 0], camera[:2, 2])
    lens = Lens(np.full(count, 1 / focal), np.zeros(count))
    points = view(state, placed, lens)[0] + middle
    joints = placed.points
    return [hand_of(p) for p in points], joints / hand_length(joints)[:, None, None], state.angles


def hand_of(points: FloatArray, pixels: float = 0.05, side: Side | None = "right") -> Hand:
    """Return a hand of predicted points that are all as sure."""
    covariance = np.tile(pixels**2 * np.eye(2), (21, 1, 1))
    return Hand(np.asarray(points), np.full((21, 2), pixels), np.zeros(4), covariance, side)
