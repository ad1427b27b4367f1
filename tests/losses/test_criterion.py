"""Batches are cut and sent whole, labels and all."""

import torch

from likelihand.losses import Batch, Criterion, DetectionLoss, IntegralLoss
from likelihand.structures import KeypointLabels, SceneLabels


def hands(count: int) -> Batch:
    target = torch.arange(count * 42.0).reshape(count, 21, 2)
    labels = KeypointLabels(target, torch.ones(count, 21), torch.full((count, 2), torch.nan))
    return Batch(torch.zeros(count, 8, 8, 3, dtype=torch.uint8), labels, torch.arange(count))


def test_parts_are_of_one_size_or_one_apart_and_make_the_whole() -> None:
    batch = hands(7)
    parts = batch.split(3)
    assert [len(part.crops) for part in parts] == [3, 2, 2]
    assert torch.cat([part.indices for part in parts]).tolist() == list(range(7))
    assert torch.equal(torch.cat([part.labels.target for part in parts]), batch.labels.target)  # type: ignore[union-attr]
    assert all(type(part.labels) is KeypointLabels for part in parts)


def test_scenes_travel_like_hands() -> None:
    labels = SceneLabels(torch.zeros(2, 3, 4), torch.zeros(2, 3), torch.ones(2, 3), torch.ones(2))
    batch = Batch(torch.zeros(2, 8, 8, 3, dtype=torch.uint8), labels, torch.arange(2)).to(torch.device("meta"))
    assert type(batch.labels) is SceneLabels
    assert batch.crops.is_meta and batch.labels.asked.is_meta and not batch.indices.is_meta


def test_keypoint_losses_and_the_detectors_are_criteria() -> None:
    assert isinstance(IntegralLoss(), Criterion) and isinstance(DetectionLoss(), Criterion)
    assert not isinstance(torch.nn.L1Loss(), Criterion)
