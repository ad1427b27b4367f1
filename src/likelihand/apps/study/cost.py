"""Measure how fast this machine trains each method."""

import time
from collections.abc import Callable, Iterable

import torch
from tqdm import tqdm

from likelihand.apps.study.methods import Method
from likelihand.apps.study.setting import Setting
from likelihand.data.augment import sample_of, sample_rng
from likelihand.data.drawn import DrawnHands
from likelihand.losses import Batch
from likelihand.structures import KeypointLabels
from likelihand.training.state import Trainee, make_optimizer

_ROUNDS = 3
_PIXELS = 32 * 96**2
"""A CPU is timed on at most so many pixels a step."""


def crop_seconds(methods: Iterable[Method], setting: Setting) -> dict[str, float]:
    """Time a training crop with every method: augmentation, forward, backward, optimiser.

    A CPU is timed on one thread, and its own time is counted, so that a busy machine gives the same.

    Args:
        methods: to be timed.
        setting: of the study.

    Returns:
        Name of the method -> seconds.
    """
    chosen, threads = list(dict.fromkeys(methods)), torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        warp = _warp_seconds(setting)
        bar = tqdm(chosen, desc="timing", unit="network", leave=False, disable=None)
        return {method.name: warp + _step_seconds(method, setting) for method in bar}
    finally:
        torch.set_num_threads(threads)


def _warp_seconds(setting: Setting, crops: int = 64) -> float:
    record = DrawnHands(1, size=setting.train.size).record(0)
    augmentation = setting.config(0, 0.1).augmentation

    def warp() -> None:
        for i in range(crops):
            sample_of(record, i, setting.size, sample_rng(0, 0, i), augmentation)

    return _timed(warp, time.process_time) / crops


def _step_seconds(method: Method, setting: Setting) -> float:
    """Time a step of blank crops, and return the seconds a crop."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = method.network(setting)
        trainee = Trainee(network, method.training_loss(setting, 1000)).train()
    device, size = setting.device, setting.train.size
    optimizer = make_optimizer(trainee.to(device), 1e-3, 1.0, 0.0)
    batch = setting.train.batch_size
    count = batch if device.type == "cuda" else max(2, min(batch, _PIXELS // size**2))
    crops = torch.zeros(count, size, size, 3, dtype=torch.uint8, device=device)
    target = torch.full((count, network.keypoints, 2), size / 2, device=device)
    weight, traits = torch.ones_like(target[..., 0]), torch.full((count, 2), torch.nan, device=device)
    labelled = Batch(crops, KeypointLabels(target, weight, traits), torch.arange(count))

    def step() -> None:
        torch.stack(list(trainee(labelled).values())).sum().backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if device.type == "cuda":
            torch.cuda.synchronize()

    step()
    clock = time.perf_counter if device.type == "cuda" else time.process_time
    return min(_timed(step, clock) for _ in range(_ROUNDS)) / count


def _timed(task: Callable[[], object], clock: Callable[[], float]) -> float:
    start = clock()
    task()
    return clock() - start
