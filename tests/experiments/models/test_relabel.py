import numpy as np
import pytest

from experiments.models import relabel
from likelihand.structures import BONES


@pytest.fixture
def hands() -> np.ndarray:
    """(40, 21, 2) hands of about 100 pixels, each turned by itself."""
    rng = np.random.default_rng(0)
    points = np.zeros((21, 2))
    for start, end in BONES:
        finger = (end - 1) // 4 - 2
        points[end] = points[start] + (24 if start else 40) * np.array(
            [np.sin(0.2 * finger), -np.cos(0.2 * finger)]
        )
    turns = rng.uniform(0, 2 * np.pi, 40)
    turned = [points @ np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]) for a in turns]
    return np.stack(turned) + rng.normal(0, 0.3, (40, 21, 2))


def test_a_shifted_convention_is_found_and_taken_back(hands: np.ndarray) -> None:
    size, labelled = np.full(40, 100.0), np.ones((40, 21), bool)
    labels = hands.copy()
    labels[:, 8] -= 5 * relabel.along(hands)[:, 8]  # inside the tip, as other models have it
    labels[3] += 60  # a gross error tells nothing of a convention
    labelled[:, 12] = False
    labels[:, 12] = 0
    shift = relabel.convention(labels, hands, labelled, size)
    assert shift[8] == pytest.approx(-0.05, abs=1e-3)
    np.testing.assert_allclose(np.delete(shift, 8), 0, atol=1e-3)
    back = relabel.to_anatomy(labels, hands, labelled, size)
    away = np.linalg.norm(back - hands, axis=-1)
    assert np.median(away[:, 8]) < 0.5
    np.testing.assert_allclose(back[:, 12], 0)


def test_labels_and_estimates_are_joined_where_they_agree(hands: np.ndarray) -> None:
    size, labelled = np.full(40, 100.0), np.ones((40, 21), bool)
    labels, estimate = hands.copy(), hands + 4
    labels[0, 5] += 50  # disagrees
    labelled[1, 9:] = False  # the rest of this hand agrees: it is filled
    labelled[2, 9:], labels[2, 0] = False, labels[2, 0] + 12  # not sure enough to be filled
    points, kept = relabel.joined(labels, estimate, labelled, size)
    np.testing.assert_allclose(points[3], hands[3] + 2)
    assert not kept[0, 5] and kept[0].sum() == 20
    assert kept[1].all()
    np.testing.assert_allclose(points[1, 9:], estimate[1, 9:])
    assert not kept[2, 9:].any() and kept[2, :9].all()
