"""Several looks at one hand."""

from dataclasses import dataclass

import numpy as np
import pytest

from likelihand.inference import Predictor
from likelihand.inference.metadata import ModelMetadata
from likelihand.inference.predictor import next_box
from likelihand.inference.tta import LOOKS, Answer, merge

SPOTS = np.array([[60.0, 52.0], [84.0, 48.0]])
"""Of a red and of a green square, in image pixels."""


class Spots:
    """A runtime that answers where it sees red and green, says "right" where red is left of green."""

    metadata = ModelMetadata(size=(96, 96), outputs=("points", "scale", "side", "presence"))

    def __init__(self) -> None:
        self.seen = 0

    def __call__(self, crops: np.ndarray) -> dict[str, np.ndarray]:
        self.seen += len(crops)
        points = np.stack([[self.middle(crop[..., c]) for c in (0, 1)] for crop in crops])
        spread = np.zeros((len(crops), 21, 2)) + points[:, :1]
        spread[:, 10:] = points[:, 1:]
        right = np.where(points[:, 0, 0] < points[:, 1, 0], 0.9, 0.1)
        return {
            "points": spread, "scale": np.full((len(crops), 21, 2), 2.0), "side": right.astype(np.float32),
            "presence": np.full(len(crops), 0.75, np.float32),
        }  # fmt: skip

    @staticmethod
    def middle(channel: np.ndarray) -> np.ndarray:
        weight = channel.astype(float)
        y, x = np.mgrid[: channel.shape[0], : channel.shape[1]] + 0.5
        return np.array([(x * weight).sum(), (y * weight).sum()]) / weight.sum()


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    image = np.zeros((100, 150, 3), np.uint8)
    for channel, (x, y) in enumerate(SPOTS.astype(int)):
        image[y - 3 : y + 3, x - 3 : x + 3, channel] = 255
    return image


@pytest.mark.parametrize("looks", [1, 2, 3, 4])
def test_every_look_is_taken_back_to_the_picture(image: np.ndarray, looks: int) -> None:
    runtime = Spots()
    hands = Predictor(runtime, tta=looks, batch_size=3)(image, [[40, 25, 110, 75], [42, 22, 106, 80]])
    assert runtime.seen == 2 * looks
    for hand in hands:
        np.testing.assert_allclose(hand.points[[0, 20]], SPOTS, atol=0.1)
        assert (hand.side, hand.score) == ("right", pytest.approx(0.75))
    np.testing.assert_array_equal(hands[0].box, [40, 25, 110, 75])


def test_looks_differ(image: np.ndarray) -> None:
    matrices = [look.crop_from_image(np.array([40, 25, 110, 75.0]), (96, 96), 1.25) for look in LOOKS]
    assert len({tuple(matrix.round(6).ravel()) for matrix in matrices}) == len(LOOKS)
    assert [np.linalg.det(matrix[:2, :2]) < 0 for matrix in matrices] == [False, True, False, True]
    whole = np.array([0, 0, 96.0, 96.0])
    for look in LOOKS:
        assert abs(np.linalg.det(look.crop_from_image(whole, (96, 96), 1.0)[:2, :2])) == pytest.approx(1.0)


def test_a_mixture_has_the_moments_of_its_samples() -> None:
    rng = np.random.default_rng(0)
    roots = rng.normal(size=(3, 1, 2, 2)) + 1.5 * np.eye(2)
    answers = [
        Answer(rng.normal(0, 3, (1, 2)), r @ r.transpose(0, 2, 1), 0.5, 0.2 * i) for i, r in enumerate(roots)
    ]
    density = np.array([np.linalg.det(a.covariance[0]) ** -0.5 for a in answers])
    chosen = rng.choice(3, 400_000, p=density / density.sum())
    noise = rng.normal(size=(len(chosen), 2))
    samples = np.stack([a.points[0] for a in answers])[chosen]
    samples += np.einsum("nij,nj->ni", roots[:, 0][chosen], noise)
    joined = merge(answers)
    np.testing.assert_allclose(joined.points[0], samples.mean(0), atol=0.03)
    np.testing.assert_allclose(joined.covariance[0], np.cov(samples.T), rtol=0.02, atol=0.05)
    assert joined.right == pytest.approx(0.2)


def test_the_surer_look_counts_more() -> None:
    sure, unsure = (
        Answer(np.full((1, 2), x), s * np.eye(2)[None], 1.0, None) for x, s in ((0.0, 1.0), (9.0, 8.0))
    )
    np.testing.assert_allclose(merge([sure, unsure]).points, 1.0)
    assert merge([sure]) is sure


@pytest.mark.parametrize("looks", [0, 5])
def test_there_are_four_looks(looks: int) -> None:
    with pytest.raises(ValueError, match=f"tta is {looks}; give 1 to 4"):
        Predictor(Spots(), tta=looks)


def test_what_is_no_hand_at_first_sight_gets_no_further_look(image: np.ndarray) -> None:
    class Doubtful(Spots):
        """Takes a crop for a hand by its box's height."""

        def __call__(self, crops: np.ndarray) -> dict[str, np.ndarray]:
            answer = super().__call__(crops)
            green = np.array([(crop[..., 1] > 99).sum() for crop in crops])
            return answer | {"presence": np.where(green > 60, 0.99, 0.05).astype(np.float32)}

    @dataclass
    class Box:
        box: np.ndarray
        side: None = None
        score: float = 0.8

    near, far = Box(np.array([50, 30, 95, 70.0])), Box(np.array([10, 5, 140, 95.0]))
    for looks, crops in ((1, 2), (4, 2 + 4)):
        runtime = Doubtful()
        hands = Predictor(runtime, detector=lambda _: [near, far], tta=looks)(image)
        assert runtime.seen == crops
        expected = near.box
        for _ in range(0 if looks == 1 else 2):  # the glance, and the plain look around its points
            (hand,) = Predictor(Doubtful(), tta=1)(image, [expected])
            expected = next_box(hand)
        np.testing.assert_allclose([hand.box for hand in hands], [expected])
        assert looks == 1 or not np.allclose(expected, near.box)
