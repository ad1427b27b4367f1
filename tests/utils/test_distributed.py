"""One process here; two in tests/training/test_processes.py."""

import torch

from likelihand.utils import distributed


def test_one_process_gives_everything_back_unchanged() -> None:
    assert (distributed.rank(), distributed.world_size()) == (0, 1)
    assert distributed.gather_json({"a": [1, None]}) == [{"a": [1, None]}]
    assert distributed.gather_bytes(b"") == [b""]
    tensor = torch.arange(3.0)
    assert distributed.sum_over_processes(tensor) is tensor
    distributed.wait()
