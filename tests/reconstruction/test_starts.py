import numpy as np

from likelihand.reconstruction.evidence import evidence_of
from likelihand.reconstruction.starts import library, starts
from likelihand.reconstruction.tables import load_tables
from tests.reconstruction.hands import hand_of, made, states


def test_starts_are_turns_and_the_better_half_has_both_tilts():
    hands = [hand_of(h.points, 2.0) for h in made(12, seed=16)[0]]
    evidence, _ = evidence_of([(h, "right") for h in hands], None, 0.01, np.inf)
    begun = starts(load_tables(), evidence, 4)
    turns = begun.turn
    np.testing.assert_allclose(turns @ np.swapaxes(turns, 1, 2), np.tile(np.eye(3), (48, 1, 1)), atol=1e-9)
    np.testing.assert_allclose(np.linalg.det(turns), 1)
    tilts = np.sign(turns.reshape(12, 4, 3, 3)[:, :, 0, 2])
    assert (np.abs(tilts.sum(1)) < 4).mean() > 0.8


def test_one_of_the_starts_is_near_the_truth():
    truth = states(40, seed=17)
    hands = [hand_of(h.points, 2.0) for h in made(40, seed=17)[0]]
    evidence, _ = evidence_of([(h, "right") for h in hands], None, 0.01, np.inf)
    turns = starts(load_tables(), evidence, 4).turn.reshape(40, 4, 3, 3)
    between = np.einsum("nsij,nij->ns", turns, truth.turn)
    away = np.degrees(np.arccos(np.clip((between - 1) / 2, -1, 1))).min(1)
    assert np.median(away) < 20


def test_the_library_is_of_possible_hands():
    assert library().points.shape == (len(library().angles), 20, 3)
    assert np.isfinite(library().points).all()
