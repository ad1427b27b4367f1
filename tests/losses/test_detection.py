"""The detector's loss against values worked out by hand, and that it leads to the truth."""

import math

import pytest
import torch

from likelihand.losses import Batch, DetectionLoss, IntegralLoss
from likelihand.ops.box_coding import BoxMaps, decode, encode, grid_centres
from likelihand.structures import KeypointLabels, SceneLabels

HAND = (4.0, 4.0, 36.0, 36.0)


def maps(presence: float = -4.0, cells: int = 6) -> BoxMaps:
    """Make maps that say the same everywhere: boxes of 32 pixels around the cell, scale 1."""
    one = torch.zeros(1, cells, cells)
    return BoxMaps(
        one + presence, torch.zeros(1, cells, cells, 4), torch.zeros(1, cells, cells, 4), one.clone(), 8
    )


def labels(*hands: tuple[float, ...], complete: float = 1.0, asked: float = 1.0) -> SceneLabels[torch.Tensor]:
    """Label a picture of 48 pixels with right hands."""
    count = len(hands)
    boxes = torch.tensor([hands]).reshape(1, count, 4)
    return SceneLabels(boxes, torch.ones(1, count), torch.full((1, count), asked), torch.full((1,), complete))


def batch(of: SceneLabels[torch.Tensor]) -> Batch:
    return Batch(torch.zeros(1, 48, 48, 3, dtype=torch.uint8), of, torch.zeros(1, dtype=torch.int64))


def test_picture_without_hands_costs_the_focal_loss_of_every_cell() -> None:
    (value,) = DetectionLoss().of_batch([maps(0.0)], batch(labels())).values()
    assert value.shape == (1,)
    torch.testing.assert_close(float(value), 36 * 0.25 * math.log(2), rtol=1e-5, atol=0)


def test_hand_costs_its_middle_its_box_and_its_side() -> None:
    value = DetectionLoss()(maps(), labels(HAND))[1][0, 0]
    focal = (1 - 0.01798621) ** 2 * math.log1p(math.exp(4))
    box = math.log(2.0)  # the middle of the hand is a cell's centre, and so the box is right; the bell is narrow
    torch.testing.assert_close(float(value), focal + box + math.log(2), rtol=1e-4, atol=0)


def test_scale_is_the_one_of_laplace() -> None:
    prediction = maps()
    log_scale = torch.full((), -1.0, requires_grad=True)
    code = encode(torch.tensor(HAND), grid_centres((6, 6), 8)) + 0.2
    shifted = prediction._replace(code=code[None], log_scale=log_scale.expand(1, 6, 6, 4))
    DetectionLoss()(shifted, labels(HAND))[1][0, 0].backward()
    torch.testing.assert_close(float(log_scale.grad), 1 - 0.2 * math.e, rtol=1e-4, atol=0)


def test_unlabelled_hand_and_doubtful_cells_cost_nothing() -> None:
    loud = maps(2.0)
    everywhere = labels((0.0, 0.0, 48.0, 48.0), asked=0.0)
    assert float(sum(part.sum() for part in DetectionLoss()(loud, everywhere))) == 0.0
    unsure = batch(labels(complete=0.0))
    assert float(DetectionLoss(doubt=0.3).of_batch([loud], unsure)["hands"]) == 0.0
    assert float(DetectionLoss(doubt=0.9).of_batch([loud], unsure)["hands"]) > 1.0


def test_empty_boxes_have_no_value_and_no_gradient() -> None:
    presence = torch.zeros(1, 6, 6, requires_grad=True)
    one = labels(HAND)
    boxes, right, asked = (torch.cat([part, torch.zeros(1, 3, *part.shape[2:])], 1) for part in one[:3])
    padded = SceneLabels(boxes, right, asked, one.complete)
    empty, values = DetectionLoss()(maps()._replace(presence=presence), padded)
    assert values[0, 1:].tolist() == [0.0, 0.0, 0.0]
    torch.testing.assert_close((empty, values[:, :1]), DetectionLoss()(maps()._replace(presence=presence), one))
    (empty.sum() + values.sum()).backward()
    assert presence.grad is not None
    assert presence.grad.isfinite().all()


def test_pictures_and_hands_are_counted_alike() -> None:
    loss = DetectionLoss()
    assert float(loss.counts(batch(labels()))["hands"]) == 1.0
    assert float(loss.counts(batch(labels(HAND, HAND)))["hands"]) == 3.0
    assert float(loss.counts(batch(labels(HAND, asked=0.0)))["hands"]) == 1.0


def test_keypoints_of_single_hands_are_refused() -> None:
    of_hands = KeypointLabels(torch.zeros(1, 21, 2), torch.ones(1, 21), torch.zeros(1, 2))
    crops, index = torch.zeros(1, 48, 48, 3, dtype=torch.uint8), torch.zeros(1, dtype=torch.int64)
    with pytest.raises(ValueError, match="a detector's loss takes whole pictures: train it on a SceneMix"):
        DetectionLoss().of_batch([maps()], Batch(crops, of_hands, index))
    with pytest.raises(ValueError, match="train a detector with DetectionLoss"):
        IntegralLoss().counts(batch(labels()))


def test_descent_finds_two_overlapping_hands() -> None:
    hands = ((4.0, 4.0, 36.0, 36.0), (12.0, 20.0, 44.0, 44.0))
    truth = labels(*hands)
    truth.right[0, 1] = 0.0
    free = [t.clone().requires_grad_() for t in maps()[:4]]
    optimizer = torch.optim.Adam(free, lr=0.1)
    for _ in range(160):
        prediction = BoxMaps(free[0], free[1], free[2].clamp(-5, 3), free[3], 8)
        optimizer.zero_grad()
        sum(part.sum() for part in DetectionLoss()(prediction, truth)).backward()
        optimizer.step()
    boxes = decode(free[1].detach(), grid_centres((6, 6), 8))[0]
    chance, right = free[0].detach().sigmoid()[0], free[3].detach().sigmoid()[0]
    for hand, cell, side in ((hands[0], (2, 2), 1.0), (hands[1], (4, 3), 0.0)):
        assert float(chance[cell]) > 0.8
        torch.testing.assert_close(boxes[cell], torch.tensor(hand), atol=1.0, rtol=0)
        assert abs(float(right[cell]) - side) < 0.2
    assert int((chance > 0.5).sum()) == 2
