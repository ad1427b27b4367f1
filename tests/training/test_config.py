"""The schedule and the data order in closed form."""

import math

import pytest
from hypothesis import given, strategies as st

from likelihand.training.config import Plan, TrainConfig, step_seed


def test_the_papers_schedule() -> None:
    plan = Plan(TrainConfig(), samples=130_240, batch=128)
    per_epoch = 130_240 / 128
    assert plan.steps == math.ceil(120 * per_epoch)
    last = math.ceil(90 * per_epoch)
    assert [plan.learning_rate(s) for s in (0, last - 1)] == [1e-3, 1e-3]
    assert plan.learning_rate(last) == pytest.approx(1e-4)


def test_warm_up_and_cosine() -> None:
    plan = Plan(TrainConfig(steps=100, warm_up=10, cosine=True, milestones=()), samples=10, batch=1)
    assert plan.learning_rate(0) == pytest.approx(1e-4)
    assert plan.learning_rate(50) == pytest.approx(5e-4)
    assert 0 < plan.learning_rate(99) < 1e-6


@given(st.integers(1, 40), st.integers(1, 5), st.integers(1, 3), st.integers(0, 9))
def test_every_epoch_holds_every_sample_once(samples: int, share: int, world: int, seed: int) -> None:
    plan = Plan(TrainConfig(epochs=3, seed=seed), samples, share * world)
    row = [p for step in range(plan.steps) for rank in range(world) for p in plan.positions(step, rank, world)]
    for epoch in range(3):
        assert sorted(index for e, index in row if e == epoch) == list(range(samples))


def test_processes_share_the_batch_of_one() -> None:
    plan = Plan(TrainConfig(), samples=50, batch=8)
    assert plan.positions(9, 0, 1) == plan.positions(9, 0, 2) + plan.positions(9, 1, 2)


def test_orders_differ_between_epochs_and_seeds() -> None:
    orders = [
        [i for _, i in Plan(TrainConfig(seed=seed), samples=30, batch=30).positions(step, 0, 1)]
        for seed in (0, 1)
        for step in (0, 1)
    ]
    assert len({tuple(order) for order in orders}) == 4


def test_validations_fall_on_epochs_or_on_steps() -> None:
    by_epoch = Plan(TrainConfig(epochs=2), samples=10, batch=4)
    assert [s for s in range(1, 6) if by_epoch.validates(s)] == [3, 5]
    by_steps = Plan(TrainConfig(steps=7, validate_every=3), samples=10, batch=4)
    assert [s for s in range(1, 8) if by_steps.validates(s)] == [3, 6, 7]


def test_step_seeds_differ() -> None:
    seeds = {step_seed(a, b, c) for a in range(3) for b in range(3) for c in range(3)}
    assert len(seeds) == 27
    assert all(0 <= s < 2**63 for s in seeds)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"learning_rate": 0.0}, "learning_rate is 0.0: expected more than 0"),
        ({"learning_rate": math.nan}, "learning_rate is nan"),
        ({"average": 1.0}, "average is 1.0: expected less than 1"),
        ({"steps": 0}, "steps is 0"),
        ({"workers": -1}, "workers is -1"),
        ({"accumulate": 0}, "accumulate is 0: expected at least 1"),
        ({"total_batch": 0}, "total_batch is 0: expected more than 0"),
        ({"total_batch": 8, "accumulate": 2}, "accumulate is 2 and total_batch 8: give one of them"),
        ({"hold_out": 0.0}, "hold_out is 0.0: expected a share"),
    ],
)
def test_settings_out_of_range(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TrainConfig(**changes)  # type: ignore[arg-type]


def test_length_and_workers_may_change_on_resume_unless_the_rate_depends_on_it() -> None:
    earlier = TrainConfig(epochs=3, workers=1).to_json()
    TrainConfig(epochs=5, workers=4).check_continues(earlier)
    told = r"epochs was 3 and is 5, on which the cosine of the rate depends; .* \(--start OUT --out ANOTHER"
    with pytest.raises(ValueError, match=told):
        TrainConfig(epochs=5, cosine=True).check_continues(TrainConfig(epochs=3, cosine=True).to_json())


@pytest.mark.parametrize(
    ("settings", "processes", "batches"),
    [
        ({"batch_size": 32}, 4, (128, 1)),
        ({"batch_size": 32, "accumulate": 4}, 1, (128, 4)),
        ({"batch_size": 32, "accumulate": 4}, 2, (256, 4)),
        *(
            ({"batch_size": 32, "total_batch": 128}, n, (128, passes))
            for n, passes in ((1, 4), (2, 2), (4, 1), (8, 1))
        ),
        ({"batch_size": 48, "total_batch": 128}, 1, (128, 3)),
        ({"batch_size": 5, "total_batch": 12}, 2, (12, 2)),
    ],
)
def test_a_step_takes_the_same_batch_on_any_number_of_processes(
    settings: dict[str, int], processes: int, batches: tuple[int, int]
) -> None:
    assert TrainConfig(**settings).batches(processes) == batches  # type: ignore[arg-type]


def test_a_batch_that_cannot_be_dealt_out_is_refused() -> None:
    with pytest.raises(ValueError, match="total_batch is 128: expected a multiple of the 3 processes, say 129"):
        TrainConfig(total_batch=128).batches(3)


def test_the_plan_counts_steps_not_passes() -> None:
    whole, passes = TrainConfig(batch_size=8, epochs=3), TrainConfig(batch_size=2, accumulate=4, epochs=3)
    plans = [Plan(c, 50, c.batches(1)[0]) for c in (whole, passes)]
    assert plans[0].steps == plans[1].steps == 19
    assert [p.learning_rate(7) for p in plans] == [plans[0].learning_rate(7)] * 2
    assert plans[0].positions(7, 0, 1) == plans[1].positions(7, 0, 1)
