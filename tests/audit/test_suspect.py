"""The audit: planted errors are found, named, and ranked before what is right."""

import math
from dataclasses import replace

import numpy as np
import pytest

from likelihand.audit.density import Densities, HandDensity, fit_density, fit_shape
from likelihand.audit.patterns import (
    LITTLE_FIRST,
    MIRRORED,
    OUTLIER,
    REVERSED,
    SHIFTED,
    SIDE,
    SWAPPED,
    TIP_TO_PALM,
    Suspicion,
    mirrored_in_box,
    orders,
)
from likelihand.audit.suspect import suspicions
from likelihand.audit.whole_set import _median, of_whole_set, offsets
from likelihand.calibration import Observations, simulated
from likelihand.hand import FINGER_KEYPOINTS, FINGERS, INDEX, RHD_ORDER

HANDS = 240


@pytest.fixture(scope="module")
def hands() -> Observations:
    """Errors of 2 px on a fan of fingers 70 px wide, going together within a hand."""
    rng = np.random.default_rng(0)
    fan = np.zeros((21, 2))
    for finger in range(5):
        angle = math.radians(200 + 35 * finger)
        for joint in range(4):
            fan[4 * finger + 1 + joint] = (14 + 9 * joint) * np.array([math.cos(angle), math.sin(angle)])
    points = np.array([48.0, 68.0]) + fan + rng.normal(0, 1, (HANDS, 21, 2))
    together = rng.normal(0, 1.2, (HANDS, 1, 2)) + rng.normal(0, 1.2, (HANDS, 21, 2))
    o = simulated(HANDS)
    target = points + together
    length = (target.max(1) - target.min(1)).max(-1)
    return replace(o, points=points, target=target, scale=np.full_like(o.scale, 1.7), length=length)


def spoil(o: Observations, change: dict[int, np.ndarray]) -> Observations:
    target = o.target.copy()
    for index, points in change.items():
        target[index] = points
    return replace(o, target=target)


def found(o: Observations, index: int) -> Suspicion:
    ranked = suspicions(o)
    assert ranked[0].index == index, ranked[:3]
    return ranked[0]


def test_a_moved_keypoint_is_found_and_named(hands: Observations) -> None:
    wrong = hands.target[7].copy()
    wrong[INDEX["ring_pip"]] += [16.0, -6.0]
    suspicion = found(spoil(hands, {7: wrong}), 7)
    assert (suspicion.pattern, suspicion.detail, suspicion.suspect) == (OUTLIER, "ring_pip", True)
    assert suspicion.keypoints == (INDEX["ring_pip"],)


@pytest.mark.parametrize(
    ("pattern", "detail"),
    [(SWAPPED, "index and little"), (REVERSED, "middle"), (TIP_TO_PALM, ""), (LITTLE_FIRST, "")],
)
def test_a_wrong_order_is_found_and_named(hands: Observations, pattern: str, detail: str) -> None:
    order = next(list(k) for p, d, k in orders() if (p, d) == (pattern, detail))
    suspicion = found(spoil(hands, {11: hands.target[11][order]}), 11)
    assert (suspicion.pattern, suspicion.detail) == (pattern, detail)
    assert all(order[k] != k for k in suspicion.keypoints)


def test_a_mirrored_hand_is_found_and_named(hands: Observations) -> None:
    shear = np.array([[1.0, 0.0], [0.4, 1.0]])
    turned = replace(hands, points=hands.points @ shear, target=hands.target @ shear)
    mirrored = mirrored_in_box(turned.target[3], np.ones(21, bool))
    assert found(spoil(turned, {3: mirrored}), 3).pattern == MIRRORED


def test_a_shifted_hand_is_found_and_the_shift_is_told_in_image_pixels(hands: Observations) -> None:
    o = spoil(hands, {5: hands.target[5] + [20.0, -12.0]})
    o = replace(o, crop_from_image=0.5 * o.crop_from_image + 0.5 * np.diag([0.0, 0.0, 1.0]))
    suspicion = found(o, 5)
    assert suspicion.pattern == SHIFTED
    x, y = (float(v) for v in suspicion.detail.removeprefix("by (").removesuffix(") px").split(", "))
    assert (x, y) == pytest.approx((40.0, -24.0), abs=6.0)
    assert len(suspicion.keypoints) == 21


def test_a_wrong_side_is_found_where_the_model_tells_sides(hands: Observations) -> None:
    o = replace(hands, right=np.full(HANDS, 0.99999))
    known = np.ones(HANDS)
    known[9] = 0.0
    best = suspicions(o, known)[0]
    assert (best.index, best.pattern, best.keypoints) == (9, SIDE, ())
    assert all(s.pattern != SIDE for s in suspicions(o, np.full(HANDS, np.nan)))


def test_right_labels_are_rarely_suspects(hands: Observations) -> None:
    assert sum(s.suspect for s in suspicions(hands)) <= 0.01 * HANDS


def test_planted_errors_fill_the_first_ranks(hands: Observations) -> None:
    rng = np.random.default_rng(3)
    chosen = rng.permutation(HANDS)[:12]
    change = {}
    for i, index in enumerate(int(c) for c in chosen):
        target = hands.target[index].copy()
        if i % 2:
            target = target[list(orders()[int(rng.integers(14))][2])]
        else:
            angle = rng.uniform(0, 2 * math.pi)
            target[rng.integers(21)] += 14 * np.array([math.cos(angle), math.sin(angle)])
        change[index] = target
    first = suspicions(spoil(hands, change))[:12]
    assert sum(s.index in change for s in first) >= 11


def finger_elsewhere(o: Observations, index: int, finger: str) -> np.ndarray:
    """Put a finger's keypoints to the picture's first pixel, as tools do that know no place for them."""
    target = o.target[index].copy()
    target[list(FINGER_KEYPOINTS[finger])] = 0.5
    return target


def test_a_finger_at_the_origin_is_found_and_named(hands: Observations) -> None:
    """Its keypoints speak for each other, so that none alone is strange: 10 of 10 planted ones come first."""
    change = {i: finger_elsewhere(hands, i, FINGERS[i % 5]) for i in range(0, 100, 10)}
    first = suspicions(spoil(hands, change))[:10]
    assert {s.index for s in first} == set(change) and all(s.suspect for s in first)
    for s in first:
        assert s.pattern == OUTLIER
        assert set(s.keypoints) == set(FINGER_KEYPOINTS[FINGERS[s.index % 5]])


def test_a_finger_put_elsewhere_is_found_though_it_is_a_finger(hands: Observations) -> None:
    target = hands.target[7].copy()
    target[list(FINGER_KEYPOINTS["ring"])] += [-30.0, 24.0]
    suspicion = found(spoil(hands, {7: target}), 7)
    assert (suspicion.pattern, suspicion.detail) == (OUTLIER, "ring")


def test_where_the_model_alone_takes_a_finger_elsewhere_the_labels_are_believed(hands: Observations) -> None:
    """The labels make a hand with the finger where it is labelled; that the model errs is no fault of theirs."""
    rng = np.random.default_rng(3)
    fingers = [list(FINGER_KEYPOINTS[finger]) for finger in FINGERS]
    open_hand, bent = hands.target.mean(0), rng.uniform(0.3, 1.2, (HANDS, 5))
    target = np.repeat(open_hand[None], HANDS, 0) + rng.normal(0, 0.3, (HANDS, 21, 2))
    for finger, along in zip(fingers, bent.T, strict=True):
        target[:, finger] += (along[:, None, None] - 1) * (open_hand[finger] - open_hand[finger[0]])
    points = target + rng.normal(0, 1.0, (HANDS, 21, 2))
    ring, wanted = fingers[3], 1.2 if bent[7, 3] < 0.75 else 0.3
    points[7][ring] += (wanted - bent[7, 3]) * (open_hand[ring] - open_hand[ring[0]])
    by_index = {s.index: s for s in suspicions(replace(hands, target=target, points=points))}
    assert not by_index[7].suspect


def test_one_keypoint_at_the_origin_is_found_in_few_hands(hands: Observations) -> None:
    few = hands.take(np.arange(16))
    target = few.target[3].copy()
    target[INDEX["index_tip"]] = 0.5
    suspicion = found(spoil(few, {3: target}), 3)
    assert (suspicion.detail, suspicion.suspect) == ("index_tip", True)


def partly(o: Observations, whole: int, kept: tuple[int, ...] = (4, 8)) -> Observations:
    """Keep some keypoints' labels alone of all hands but the first `whole`, as sets of fingertips have them."""
    labelled = np.zeros_like(o.labelled)
    labelled[:, list(kept)] = True
    labelled[:whole] = True
    return replace(o, labelled=labelled, target=np.where(labelled[..., None], o.target, 0.0))


@pytest.mark.parametrize("kept", [(4, 8), (0, 4, 8)])
def test_where_most_hands_have_two_tips_the_full_ones_are_audited(
    hands: Observations, kept: tuple[int, ...]
) -> None:
    """Moments of pairs from different hands made no covariance, and 107 of 108 scores were not numbers."""
    wrong = hands.target[7].copy()
    wrong[INDEX["ring_pip"]] += [16.0, -6.0]
    some = partly(spoil(hands, {7: wrong}), 60, kept)
    ranked = suspicions(some)
    assert np.isfinite([s.nats for s in ranked]).all()
    assert len(ranked) == (60 if len(kept) < 3 else HANDS)
    assert (ranked[0].index, ranked[0].detail, ranked[0].suspect) == (7, "ring_pip", True)
    assert sum(s.suspect for s in ranked) <= 3


def test_unlabelled_keypoints_are_no_suspects(hands: Observations) -> None:
    labelled = hands.labelled.copy()
    labelled[4, 8] = False
    target = hands.target.copy()
    target[4, 8] = 0.0
    ranked = suspicions(replace(hands, labelled=labelled, target=target))
    assert next(s for s in ranked if s.index == 4).nats < 8


def test_half_a_pixel_is_named_for_the_whole_set_and_nothing_else(hands: Observations) -> None:
    (still,) = offsets(hands)
    assert still.name == ""
    (moved,) = offsets(replace(hands, target=hands.target - 0.5))
    assert "half a pixel" in moved.name
    assert (moved.x, moved.y) == pytest.approx((still.x - 0.5, still.y - 0.5), abs=0.01)
    (far,) = offsets(replace(hands, target=hands.target + 2.0))
    assert far.name == "a systematic shift"
    assert offsets(hands.take(np.arange(20))) == []


def test_a_wrong_order_of_the_whole_set_is_named(hands: Observations) -> None:
    assert of_whole_set(hands) == []
    (line,) = of_whole_set(replace(hands, target=hands.target[:, list(RHD_ORDER)]))
    assert line == f"fingers counted from tip to palm: {HANDS} of {HANDS} hands"


def test_the_density_of_each_is_the_ratio_of_densities() -> None:
    """log p(z_k | others) = log p(z) - log p(others), the t of fewer numbers."""
    rng = np.random.default_rng(0)
    root = rng.normal(size=(8, 8))
    density = HandDensity(rng.normal(size=(4, 2)), root @ root.T + np.eye(8), 4.0)
    z, labelled = rng.normal(size=(4, 2)), np.array([True, True, False, True])
    each = density.of_each(z, labelled).log_prob(z[labelled])
    for value, k in zip(each, (0, 1, 3), strict=True):
        others = labelled & (np.arange(4) != k)
        expected = density.log_prob(z[None], labelled)[0] - density.log_prob(z[None], others)[0]
        assert value == pytest.approx(expected)


def test_densities_move_with_their_points() -> None:
    rng = np.random.default_rng(1)
    roots, matrix, offset = rng.normal(size=(5, 2, 2)), rng.normal(size=(5, 2, 2)), rng.normal(size=(5, 2))
    each = Densities(rng.normal(size=(5, 2)), roots @ roots.swapaxes(1, 2) + np.eye(2), 6.0)
    points = rng.normal(size=(5, 2))
    there = each.moved(matrix, offset).log_prob(np.einsum("kij,kj->ki", matrix, points) + offset)
    np.testing.assert_allclose(there, each.log_prob(points) - np.log(np.abs(np.linalg.det(matrix))))


def test_the_shape_is_the_same_for_every_turn_and_mirror_image_and_knows_bones() -> None:
    rng = np.random.default_rng(2)
    labelled = np.ones((60, 3), bool)
    ends = rng.normal(size=(60, 2, 2))
    bones = np.stack([ends[:, 0], ends.mean(1) + rng.normal(0, 0.02, (60, 2)), ends[:, 1]], 1)
    shape = fit_shape(bones, labelled)
    turn = np.array([[0.6, -0.8], [-0.8, -0.6]])
    np.testing.assert_allclose(
        shape.log_prob(bones[:5], labelled[0]), shape.log_prob(bones[:5] @ turn, labelled[0])
    )
    middle = shape.of_each(bones[0], labelled[0])
    assert np.abs(middle.mean[1] - ends[0].mean(0)).max() < 0.1
    assert np.sqrt(middle.scatter[1, 0, 0]) < 0.1 < np.sqrt(shape.scatter[2, 2])


def test_the_shape_is_a_covariance_where_most_labels_are_missing() -> None:
    rng = np.random.default_rng(4)
    fan = rng.normal(size=(30, 1, 2)) + 0.1 * rng.normal(size=(30, 6, 2))
    labelled = rng.random((30, 6)) < 0.4
    fan[:15] *= np.where(np.arange(6) % 2, 1.0, -1.0)[:, None]
    shape = fit_shape(fan, labelled)
    assert np.linalg.eigvalsh(shape.scatter).min() > 0
    assert np.isfinite(shape.log_prob(fan[:1], labelled[0])).all()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_few_hands_all_alike_are_audited_without_a_warning(hands: Observations, count: int) -> None:
    alike = hands.take(np.zeros(count, int))
    alike = replace(alike, index=np.arange(count), group=np.array([str(n) for n in range(count)]))
    assert len(suspicions(alike)) == count


def test_where_the_model_alone_is_wrong_the_other_labels_are_believed(hands: Observations) -> None:
    """An estimate that is 20 px off, beside labels that make a hand, is no outlier; a label 20 px off is one."""
    rng = np.random.default_rng(3)
    exact = hands.target.mean(0) + rng.normal(0, 0.3, (HANDS, 21, 2))
    points = exact + rng.normal(0, 2.0, (HANDS, 21, 2))
    moved = np.zeros((21, 2))
    moved[INDEX["index_pip"]] = 20.0, 0.0
    points[7], target = points[7] + moved, exact.copy()
    target[8] += moved
    by_index = {s.index: s for s in suspicions(replace(hands, target=target, points=points))}
    assert not by_index[7].suspect
    assert (by_index[8].pattern, by_index[8].detail, by_index[8].suspect) == (OUTLIER, "index_pip", True)


def test_missing_labels_cost_little_of_what_the_others_say() -> None:
    """A t of known dependence, 120 hands whole and 880 with two keypoints: the fit is a covariance near the truth.

    It foretells hands it never saw at least as well as a fit on the whole hands alone does.
    """
    rng = np.random.default_rng(0)
    root = rng.normal(size=(42, 42))
    scatter = root @ root.T / 42 + 0.3 * np.eye(42)

    def draw(count: int) -> np.ndarray:
        width = np.sqrt(4 / rng.chisquare(4, (count, 1)))
        return (width * rng.multivariate_normal(np.zeros(42), scatter, count)).reshape(count, 21, 2)

    z, unseen, everywhere = draw(1000), draw(300), np.ones(21, bool)
    labelled = np.zeros((1000, 21), bool)
    labelled[:, [4, 8]] = labelled[:120] = True

    def foretold(density: HandDensity) -> float:
        return float(np.mean([density.log_prob(one[None], everywhere) for one in unseen]))

    mixed = fit_density(np.where(labelled[..., None], z, np.nan), labelled)
    assert np.linalg.eigvalsh(mixed.scatter).min() > 0
    assert foretold(mixed) > foretold(fit_density(z[:120], labelled[:120]))
    assert foretold(mixed) > foretold(HandDensity(np.zeros((21, 2)), scatter, 4.0)) - 4.0


def test_the_joint_density_of_a_group_is_the_ratio_of_densities() -> None:
    rng = np.random.default_rng(0)
    root = rng.normal(size=(12, 12))
    density = HandDensity(rng.normal(size=(6, 2)), root @ root.T + np.eye(12), 4.0)
    z, labelled = rng.normal(size=(6, 2)), np.array([True, True, False, True, True, True])
    groups = [(0, 3), (1, 4, 5), (3,)]
    for group, joint in zip(groups, density.of_groups(z, labelled, groups), strict=True):
        rest = labelled & ~np.isin(np.arange(6), group)
        expected = density.log_prob(z[None], labelled)[0] - density.log_prob(z[None], rest)[0]
        assert joint.log_prob(z[list(group)].reshape(1, -1))[0] == pytest.approx(expected)


def test_numbers_that_no_hand_could_have_are_refused() -> None:
    z = np.random.default_rng(0).normal(size=(40, 3, 2))
    z[5] = np.inf
    with pytest.raises(ValueError, match="no hand could have"):
        fit_density(z, np.ones((40, 3), bool))


def test_the_density_integrates_to_one() -> None:
    density = HandDensity(np.array([[0.3, -0.2]]), np.array([[2.0, 0.7], [0.7, 1.0]]), 4.0)
    grid = np.linspace(-60, 60, 1201)
    points = np.stack(np.meshgrid(grid, grid), -1).reshape(-1, 1, 2)
    total = np.exp(density.log_prob(points, np.array([True]))).sum() * (grid[1] - grid[0]) ** 2
    assert total == pytest.approx(1.0, abs=0.005)


def test_the_fit_finds_dependence_and_tails() -> None:
    rng = np.random.default_rng(0)
    width = np.sqrt(5 / rng.chisquare(5, (3000, 1, 1)))
    common = rng.normal(size=(3000, 1, 2))
    z = width * (common + rng.normal(size=(3000, 3, 2)))
    density = fit_density(z, np.ones((3000, 3), bool))
    assert density.freedom in (4.0, 7.0)
    correlation = density.scatter[0, 2] / density.scatter[0, 0]
    assert correlation == pytest.approx(0.5, abs=0.06)


@pytest.mark.filterwarnings("error")
def test_a_set_in_which_an_order_has_no_keypoint_left_is_audited_without_a_warning() -> None:
    hands = simulated(HANDS)
    labelled = np.zeros_like(hands.labelled)
    labelled[:, [1, 2, 5, 6]] = True
    assert of_whole_set(replace(hands, labelled=labelled)) == []


def test_the_median_of_what_counts_by_hand() -> None:
    values = np.array([[3.0, 1.0, 9.0, 2.0], [4.0, 8.0, 6.0, 0.0], [1.0, 1.0, 1.0, 1.0]])
    where = np.array([[1, 1, 1, 0], [1, 1, 0, 0], [0, 0, 0, 0]], bool)
    assert _median(values, where).tolist() == [3.0, 6.0, np.inf]
