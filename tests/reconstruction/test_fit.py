from dataclasses import replace

import numpy as np
import pytest

from likelihand.reconstruction import FitSettings, fit, hand_length
from likelihand.reconstruction.camera import Lens, place, view
from likelihand.reconstruction.evidence import evidence_of
from likelihand.reconstruction.fit import state_after
from likelihand.reconstruction.solver import Weights, linearise
from likelihand.reconstruction.tables import load_tables
from likelihand.structures import BONES, Hand
from tests.reconstruction.hands import EXACT, RIG, hand_of, made, states

CAMERA = np.array([[900.0, 0, 310], [0, 700.0, 190], [0, 0, 1]])


@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("camera", [None, CAMERA])
def test_a_fit_is_the_state_that_it_came_from(side, camera):
    hands = [hand_of(h.points, 2.0, side) for h in made(5, seed=20)[0]]
    fits, tables = fit(hands, camera), load_tables()
    evidence, frames = evidence_of([(h, side) for h in hands], camera, FitSettings().model_error, 5.0)
    value = linearise(tables, evidence, state_after(tables, fits, frames), Weights()).value
    np.testing.assert_allclose(-value, [f.log_posterior for f in fits], rtol=1e-9)


def test_the_next_frame_starts_from_the_last():
    hands = made(6, seed=21)[0]
    before = fit([hand_of(h.points, 2.0) for h in hands])
    moved = [hand_of(1.02 * h.points + [4.0, -3.0], 2.0) for h in hands]
    for one, other in zip(fit(moved, after=before), fit(moved), strict=True):
        assert one.log_posterior > other.log_posterior - 0.2


def test_a_hand_that_is_elsewhere_is_searched_anew():
    one, other = made(2, seed=22)[0]
    before = fit([hand_of(one.points, 2.0)])
    (found,), (anew,) = fit([hand_of(other.points, 2.0)], after=before), fit([hand_of(other.points, 2.0)])
    assert found.log_likelihood > before[0].log_likelihood - 0.3 or found.log_posterior == anew.log_posterior


def test_another_side_or_no_fit_starts_anew():
    hand = hand_of(made(1, seed=23)[0][0].points, 2.0)
    left = fit([hand_of(hand.points, 2.0, "left")])
    (plain,) = fit([hand])
    for after in (left, [None], None):
        np.testing.assert_array_equal(fit([hand], after=after)[0].joints, plain.joints)
    with pytest.raises(ValueError, match="after has 0 fits for 1 hands"):
        fit([hand], after=[])


def test_one_shape_is_learnt_over_a_track():
    """Bones are steadier, and nearer to the truth, than where every frame finds the shape anew."""
    state = states(1, seed=24, shaped=1.0)
    tilted = [state._replace(angles=state.angles + 0.01 * i) for i in range(24)]
    placed, lens = [place(RIG, s) for s in tilted], Lens(np.zeros(1), np.zeros(1))
    rng, forgetful, learning = np.random.default_rng(0), [], []
    old = new = None
    for s, p in zip(tilted, placed, strict=True):
        hand = hand_of(view(s, p, lens)[0][0] + rng.normal(0, 3.0, (21, 2)), 3.0)
        (old,), (new,) = fit([hand], after=[old]), fit([hand], after=[new])
        old = replace(old, stiffness=np.zeros_like(old.stiffness))
        forgetful.append(bones(old.joints))
        learning.append(bones(new.joints))
    truth = bones(placed[0].points[0] / hand_length(placed[0].points)[0])
    assert np.std(learning[8:], 0).mean() < 0.8 * np.std(forgetful[8:], 0).mean()
    assert np.abs(learning[-1] - truth).mean() < np.abs(np.array(forgetful[8:]) - truth).mean()
    values = np.linalg.eigvalsh(new.stiffness)
    assert values[0] >= -1e-9 and np.isfinite(new.form).all()


def bones(joints):
    return np.array([np.linalg.norm(joints[b] - joints[a]) for a, b in BONES])


def flipped(joints):
    """Return the joints as seen by the same weak-perspective camera, depth turned round."""
    return joints * [1.0, 1.0, -1.0]


def test_exact_hands_are_found_again():
    hands, joints, _ = made(60)
    fits = fit(hands, settings=EXACT)
    seen = np.array([np.abs(f.reprojected - h.points).max() for f, h in zip(fits, hands, strict=True)])
    assert (seen < 0.5).mean() > 0.9
    error = np.array([np.linalg.norm(f.joints - j, axis=1).max() for f, j in zip(fits, joints, strict=True)])
    assert np.median(error) < 0.02


def test_with_the_camera_a_near_hand_has_no_mirror_image():
    camera = np.array([[260.0, 0, 300], [0, 260.0, 200], [0, 0, 1]])
    hands, joints, angles = made(30, seed=1, camera=camera)
    fits = fit(hands, camera, settings=EXACT)
    error = np.array([np.linalg.norm(f.joints - j, axis=1).max() for f, j in zip(fits, joints, strict=True)])
    assert (error < 0.02).mean() > 0.8
    turned = np.degrees(np.array([np.abs(f.angles - a).max() for f, a in zip(fits, angles, strict=True)]))
    assert np.median(turned) < 3
    for f in fits:
        assert f.root is not None
        assert f.root[2] * f.length == pytest.approx(260.0)


def test_a_mirrored_picture_is_the_other_hand():
    hands, _, _ = made(8, seed=2, shaped=1.0)
    mirrored = [hand_of(h.points * [-1, 1] + [640, 0], side="left") for h in hands]
    for right, left in zip(fit(hands), fit(mirrored), strict=True):
        np.testing.assert_allclose(left.joints, right.joints * [-1, 1, 1], atol=1e-6)
        np.testing.assert_allclose(left.angles, right.angles, atol=1e-6)
        np.testing.assert_allclose(left.points, right.points * [-1, 1] + [640, 0], atol=1e-5)
        flip = np.array([-1, 1, 1])
        np.testing.assert_allclose(left.covariance, right.covariance * flip * flip[:, None], atol=1e-9)
        assert np.linalg.det(left.rotation) == pytest.approx(1)


def test_the_fit_moves_with_the_picture():
    hands, _, _ = made(8, seed=3, shaped=1.0)
    quarter = np.array([[0.0, -1.0], [1.0, 0.0]])
    moved = [hand_of(2 * h.points @ quarter.T + [900.0, 30.0], pixels=0.1) for h in hands]
    turn = np.eye(3)
    turn[:2, :2] = quarter
    for one, other in zip(fit(hands), fit(moved), strict=True):
        np.testing.assert_allclose(other.joints, one.joints @ turn.T, atol=1e-5)
        np.testing.assert_allclose(other.points, 2 * one.points @ quarter.T + [900.0, 30.0], atol=1e-3)
        assert other.length == pytest.approx(2 * one.length, rel=1e-5)
        np.testing.assert_allclose(other.covariance, turn @ one.covariance @ turn.T, atol=1e-6)


def test_the_batch_does_not_matter():
    hands, _, _ = made(70, seed=4, shaped=1.0)
    together = fit(hands)
    for i in (0, 37, 69):
        np.testing.assert_allclose(fit([hands[i]])[0].joints, together[i].joints, atol=1e-6)


def test_a_point_of_another_place_is_brought_back():
    hands, _, _ = made(20, seed=6)
    for hand in hands:
        truth = hand.points[8].copy()
        points = hand.points.copy()
        points[8] += [60.0, -45.0]
        covariance = np.tile(4.0 * np.eye(2), (21, 1, 1))
        covariance[8] *= 100
        found = fit([Hand(points, np.full((21, 2), 2.0), np.zeros(4), covariance, "right")])[0]
        assert np.linalg.norm(found.points[8] - truth) < 55


def test_from_afar_a_left_hand_is_a_right_one_mirrored_in_depth():
    hands, _, _ = made(6, seed=10)
    afar = FitSettings(distance=np.inf)
    lefts = [hand_of(h.points, side="left") for h in hands]
    for right, left in zip(fit(hands, settings=afar), fit(lefts, settings=afar), strict=True):
        assert left.log_posterior == pytest.approx(right.log_posterior, abs=0.05)
        np.testing.assert_allclose(left.joints, flipped(right.joints), atol=5e-3)


def test_what_is_no_hand_has_a_small_likelihood():
    hands, _, _ = made(10, seed=7)
    order = np.random.default_rng(0).permutation(21)
    like = [f.log_likelihood for f in fit([hand_of(h.points, 2.0) for h in hands])]
    unlike = [f.log_likelihood for f in fit([hand_of(h.points[order], 2.0) for h in hands])]
    assert min(like) > max(unlike)


def test_a_hand_of_unknown_side_gets_the_likelier_one():
    camera = np.array([[200.0, 0, 300], [0, 200.0, 200], [0, 0, 1]])
    hands, _, _ = made(20, seed=8, camera=camera)
    found = fit([hand_of(h.points, 0.5, None) for h in hands], camera, settings=FitSettings(model_error=1e-3))
    assert [f.side for f in found].count("right") >= 18


def with_depths(hands, joints, share=0.03):
    """Return hands that also say their depths; `joints` in hand lengths, the scale as a share of one."""
    said = []
    for hand, true in zip(hands, joints, strict=True):
        length = np.ptp(hand.points, axis=0).max() / np.ptp(true[:, :2], axis=0).max()
        depth = (true[:, 2] - true[:, 2].mean()) * length
        said.append(replace(hand, depth=depth, depth_scale=np.full(21, share * length)))
    return said


def test_depths_tell_which_way_a_hand_is_tilted():
    """Of a palm and straight fingers the picture alone shows two hands as well, and the fit takes one of them."""
    state = states(40, seed=11, spread=0.0)
    flat = state._replace(angles=np.zeros_like(state.angles))
    placed = place(RIG, flat)
    seen = view(flat, placed, Lens(np.zeros(40), np.zeros(40)))[0]
    joints = placed.points / hand_length(placed.points)[:, None, None]
    hands = [hand_of(points + 300, 1.0) for points in seen]
    alone, told = fit(hands), fit(with_depths(hands, joints))
    wrong = [
        np.mean([np.linalg.norm(f.joints - j, axis=1).mean() > 0.1 for f, j in zip(fits, joints, strict=True)])
        for fits in (alone, told)
    ]
    assert wrong[0] > 0.15
    assert wrong[1] < 0.05


def test_a_fit_with_depths_moves_with_the_picture():
    hands, joints, _ = made(6, seed=12, shaped=1.0)
    hands = with_depths(hands, joints)
    moved = [
        replace(h, points=3 * h.points + 70, covariance=9 * h.covariance, depth=3 * h.depth,
                depth_scale=3 * h.depth_scale)
        for h in hands
    ]  # fmt: skip
    mirrored = [replace(h, points=h.points * [-1, 1] + [640, 0], side="left") for h in hands]
    for one, other, left in zip(fit(hands), fit(moved), fit(mirrored), strict=True):
        np.testing.assert_allclose(other.joints, one.joints, atol=1e-5)
        np.testing.assert_allclose(left.joints, one.joints * [-1, 1, 1], atol=1e-6)


def test_depths_that_are_not_known_change_nothing():
    hands = made(2, seed=13)[0]
    for depth, scale in ((np.nan, 1.0), (5.0, np.inf), (5.0, np.nan), (5.0, 0.0), (5.0, -1.0)):
        said = [replace(h, depth=np.full(21, depth), depth_scale=np.full(21, scale)) for h in hands]
        for one, other in zip(fit(hands), fit(said), strict=True):
            np.testing.assert_array_equal(one.joints, other.joints)
    for depth in (1e12, 1e5):
        said = [replace(h, depth=depth * h.points[:, 0], depth_scale=np.full(21, 1e-9)) for h in hands]
        assert all(np.isfinite(f.joints).all() and np.isfinite(f.covariance).all() for f in fit(said))


def test_unknown_and_degenerate_points_leave_finite_fits():
    hands, _, _ = made(1, seed=9)
    points = hands[0].points
    spoilt = np.where(np.arange(21)[:, None] % 4 == 3, np.nan, points)
    for each in (
        spoilt,
        np.full((21, 2), np.nan),
        np.zeros((21, 2)),
        points * [1.0, 0.0],
        points * 1e-9,
        points * 1e7,
    ):
        for covariance in (np.eye(2), np.zeros((2, 2)), 1e15 * np.eye(2), np.full((2, 2), np.inf), -np.eye(2)):
            found = fit([Hand(each, np.ones((21, 2)), np.zeros(4), np.tile(covariance, (21, 1, 1)), "left")])[0]
            for part in (found.joints, found.covariance, found.angles, found.angle_scale, found.points):
                assert np.isfinite(part).all()


def test_no_hand_and_a_bad_camera():
    assert fit([]) == []
    with pytest.raises(ValueError, match="is no camera matrix"):
        fit([], np.zeros((3, 3)))
