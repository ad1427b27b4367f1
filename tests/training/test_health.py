"""Values that are not finite are named one step later, and no later than that."""

import pytest
import torch

from likelihand.training.health import Health, NonFiniteLossError


def watched() -> Health:
    return Health(lambda index: f"hand {index}")


def step(health: Health, number: int, good: list[bool], norm: float = 1.0, asked: bool = False) -> torch.Tensor:
    """Do what a run does in one step, with samples from 10 on."""
    counts = health.exchange(torch.tensor([21.0, 2.0]), asked)
    health.note(number, torch.arange(10, 10 + len(good)), torch.tensor(good))
    health.note_gradient(torch.tensor(norm))
    return counts


def test_a_bad_sample_is_named_when_it_is_looked_at() -> None:
    health = watched()
    step(health, 7, [True, False, True])
    with pytest.raises(
        NonFiniteLossError, match=r"step 7: the loss is not finite for samples hand 11 \(index 11\);"
    ):
        health.look()
    health.look()  # it is told once


@pytest.mark.parametrize("norm", [float("nan"), float("inf")])
def test_a_gradient_that_is_not_finite_blames_the_whole_step(norm: float) -> None:
    health = watched()
    step(health, 3, [True, True], norm)
    message = r"step 3: a gradient is not finite for samples hand 10 \(index 10\), hand 11 \(index 11\);"
    with pytest.raises(NonFiniteLossError, match=message):
        health.look()


def test_what_nobody_looked_at_is_told_two_exchanges_later() -> None:
    """The numbers of a step travel with the next step's and are read with the one after."""
    health = watched()
    step(health, 0, [False])
    step(health, 1, [True])
    with pytest.raises(NonFiniteLossError, match="step 0: the loss"):
        step(health, 2, [True])


def test_counts_come_back_and_a_wish_to_stop_is_known_after_the_next_exchange() -> None:
    health = watched()
    assert step(health, 0, [True]).tolist() == [21.0, 2.0]
    step(health, 1, [True], asked=True)
    assert not health.asked
    step(health, 2, [True])
    assert health.asked
    step(health, 3, [True])
    assert health.asked  # it stays asked


def test_many_bad_samples_are_told_in_part() -> None:
    health = watched()
    step(health, 0, [False] * 20)
    with pytest.raises(NonFiniteLossError, match=r"hand 25 \(index 25\) and 4 more; the last good checkpoint"):
        health.look()
