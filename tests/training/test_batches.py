"""A batch is a pure function of the step."""

import torch

from likelihand.data.augment import Augmentation
from likelihand.losses import Batch
from likelihand.training.batches import Batches, load
from likelihand.training.config import Plan
from tests.training import tiny_run

PLAN = Plan(tiny_run.config(augmentation=Augmentation(), steps=7), 18, 4)


def tensors(batch: Batch | str) -> list[torch.Tensor]:
    assert not isinstance(batch, str), batch
    return [batch.crops, batch.labels.target, batch.labels.weight, batch.indices]  # type: ignore[union-attr]


def test_a_step_is_the_same_whenever_it_is_made_and_by_whom() -> None:
    batches = Batches(tiny_run.held(18), PLAN)
    straight = list(load(batches, 0, 0, pin=False))
    assert len(straight) == 7
    for workers, first in ((2, 0), (1, 3), (0, 5)):
        for expected, found in zip(straight[first:], load(batches, first, workers, pin=False), strict=True):
            assert all(torch.equal(a, b) for a, b in zip(tensors(expected), tensors(found), strict=True))


def test_epochs_augment_anew() -> None:
    batches = Batches(tiny_run.held(18), Plan(tiny_run.config(augmentation=Augmentation()), 18, 18))
    first, second = batches[0], batches[1]
    assert not isinstance(first, str)
    assert not isinstance(second, str)
    assert first.indices.sort().values.equal(second.indices.sort().values)
    one, other = ((b.indices == 5).nonzero().item() for b in (first, second))
    assert not torch.equal(first.crops[one], second.crops[other])


def test_two_processes_share_the_batch_of_one() -> None:
    data = tiny_run.held(18)
    whole, parts = Batches(data, PLAN)[2], [Batches(data, PLAN, rank, 2)[2] for rank in range(2)]
    for expected, *shares in zip(tensors(whole), *map(tensors, parts), strict=True):
        torch.testing.assert_close(expected, torch.cat(shares), rtol=0, atol=0, equal_nan=True)
