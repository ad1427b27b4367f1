"""The detector's loss against values worked out by hand, and that it leads to the truth."""

import math

import torch

from likelihand.losses import DetectionLoss
from likelihand.ops.box_coding import BoxMaps, decode, encode, grid_centres

HAND = (4.0, 4.0, 36.0, 36.0)


def maps(presence: float = -4.0, cells: int = 6) -> BoxMaps:
    """Make maps that say the same everywhere: boxes of 32 pixels around the cell, scale 1."""
    one = torch.zeros(1, cells, cells)
    return BoxMaps(
        one + presence, torch.zeros(1, cells, cells, 4), torch.zeros(1, cells, cells, 4), one.clone(), 8
    )


def rows(*hands: tuple[float, ...], trust: float = 1.0) -> torch.Tensor:
    return torch.tensor([[(0.0, 0.0, 48.0, 48.0, 0.5, trust), *((*h, 1.0, 1.0) for h in hands)]])


def test_picture_without_hands_costs_the_focal_loss_of_every_cell() -> None:
    value = DetectionLoss().of_predictions([maps(0.0)], rows(), torch.ones(1, 1))
    assert value.shape == (1, 1, 1)
    torch.testing.assert_close(float(value), 36 * 0.25 * math.log(2), rtol=1e-5, atol=0)


def test_hand_costs_its_middle_its_box_and_its_side() -> None:
    value = DetectionLoss().of_prediction(maps(), rows(HAND), torch.ones(1, 2), 0)[0, 1]
    focal = (1 - 0.01798621) ** 2 * math.log1p(math.exp(4))
    box = math.log(2.0)  # the middle of the hand is a cell's centre, and so the box is right; the bell is narrow
    torch.testing.assert_close(float(value), focal + box + math.log(2), rtol=1e-4, atol=0)


def test_scale_is_the_one_of_laplace() -> None:
    prediction = maps()
    log_scale = torch.full((), -1.0, requires_grad=True)
    code = encode(torch.tensor(HAND), grid_centres((6, 6), 8)) + 0.2
    loss = DetectionLoss()
    shifted = prediction._replace(code=code[None], log_scale=log_scale.expand(1, 6, 6, 4))
    loss.of_prediction(shifted, rows(HAND), torch.ones(1, 2), 0)[0, 1].backward()
    torch.testing.assert_close(float(log_scale.grad), 1 - 0.2 * math.e, rtol=1e-4, atol=0)


def test_unlabelled_hand_and_doubtful_cells_cost_nothing() -> None:
    loud = maps(2.0)
    everywhere = rows((0.0, 0.0, 48.0, 48.0))
    weight = torch.tensor([[1.0, 0.0]])
    assert float(DetectionLoss().of_prediction(loud, everywhere, weight, 0).sum()) == 0.0
    assert float(DetectionLoss(doubt=0.3).of_prediction(loud, rows(trust=0.0), torch.ones(1, 1), 0)) == 0.0
    assert float(DetectionLoss(doubt=0.9).of_prediction(loud, rows(trust=0.0), torch.ones(1, 1), 0)) > 1.0


def test_padding_rows_have_no_value_and_no_gradient() -> None:
    presence = torch.zeros(1, 6, 6, requires_grad=True)
    target = torch.cat([rows(HAND), torch.zeros(1, 3, 6)], 1)
    weight = torch.tensor([[1.0, 1.0, 0.0, 0.0, 0.0]])
    values = DetectionLoss().of_prediction(maps()._replace(presence=presence), target, weight, 0)
    assert values[0, 2:].tolist() == [0.0, 0.0, 0.0]
    values.sum().backward()
    assert presence.grad is not None
    assert presence.grad.isfinite().all()


def test_descent_finds_two_overlapping_hands() -> None:
    hands = ((4.0, 4.0, 36.0, 36.0), (12.0, 20.0, 44.0, 44.0))
    target, weight = rows(*hands), torch.ones(1, 3)
    target[0, 2, 4] = 0.0
    free = [t.clone().requires_grad_() for t in maps()[:4]]
    optimizer = torch.optim.Adam(free, lr=0.1)
    for _ in range(160):
        prediction = BoxMaps(free[0], free[1], free[2].clamp(-5, 3), free[3], 8)
        optimizer.zero_grad()
        DetectionLoss().of_prediction(prediction, target, weight, 0).sum().backward()
        optimizer.step()
    boxes = decode(free[1].detach(), grid_centres((6, 6), 8))[0]
    chance, right = free[0].detach().sigmoid()[0], free[3].detach().sigmoid()[0]
    for hand, cell, side in ((hands[0], (2, 2), 1.0), (hands[1], (4, 3), 0.0)):
        assert float(chance[cell]) > 0.8
        torch.testing.assert_close(boxes[cell], torch.tensor(hand), atol=1.0, rtol=0)
        assert abs(float(right[cell]) - side) < 0.2
    assert int((chance > 0.5).sum()) == 2
