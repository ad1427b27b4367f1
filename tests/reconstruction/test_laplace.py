import numpy as np
import pytest

from likelihand.reconstruction import fit, hand_length
from likelihand.reconstruction.rig import ANGLE_LIMITS
from tests.reconstruction.hands import hand_of, made


def test_joints_have_unit_length_and_the_wrist_is_known():
    hands, _, _ = made(5, seed=5)
    for f in fit(hands):
        assert hand_length(f.joints) == pytest.approx(1)
        assert not f.joints[0].any()
        assert not f.covariance[0].any()
        assert (np.linalg.eigvalsh(f.covariance[1:]) > 0).all()
        assert (f.angles >= ANGLE_LIMITS[:, 0]).all()
        assert (f.angles <= ANGLE_LIMITS[:, 1]).all()


def test_surer_points_make_surer_joints():
    hands, _, _ = made(6, seed=12)
    sure, unsure = (fit([hand_of(h.points, pixels) for h in hands]) for pixels in (1.0, 12.0))
    for one, other in zip(sure, unsure, strict=True):
        assert (
            np.trace(one.covariance, axis1=1, axis2=2).sum() < np.trace(other.covariance, axis1=1, axis2=2).sum()
        )
        assert one.angle_scale.mean() < other.angle_scale.mean()


def test_depth_is_less_sure_than_what_is_seen():
    hands, _, _ = made(20, seed=13)
    spread = np.array([f.covariance for f in fit([hand_of(h.points, 2.0) for h in hands])])
    assert np.median(spread[:, 1:, 2, 2] / spread[:, 1:, 0, 0]) > 3


def test_points_lie_between_the_skeleton_and_the_prediction():
    hands, _, _ = made(5, seed=14)
    rng = np.random.default_rng(0)
    noisy = [hand_of(h.points + rng.normal(0, 6, (21, 2)), 6.0) for h in hands]
    for hand, found in zip(noisy, fit(noisy), strict=True):
        along, way = found.points - found.reprojected, hand.points - found.reprojected
        share = (along * way).sum(1) / (way * way).sum(1)
        assert ((share > 0) & (share < 1)).all()
