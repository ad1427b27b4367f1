"""What a run says of itself."""

import json

import torch

from likelihand.data import Concatenated, DrawnHands, Repeated, Subset
from likelihand.losses import ResidualLogLikelihood
from likelihand.training.describe import describe_data, describe_run
from likelihand.training.state import Trainee
from tests.tiny import tiny_network


def test_parts_are_described_to_the_bottom() -> None:
    data = Concatenated([Subset(DrawnHands(6, seed=3), [0, 2]), Repeated(DrawnHands(2), 4)])
    told = describe_data(data)
    assert told is not None
    assert (told["class"], told["samples"]) == ("Concatenated", 10)
    parts = [(part["class"], part["samples"], part["parts"][0]["class"]) for part in told["parts"]]
    assert parts == [("Subset", 2, "DrawnHands"), ("Repeated", 8, "DrawnHands")]
    assert told["parts"][0]["parts"][0]["seed"] == 3
    assert json.loads(json.dumps(told, allow_nan=False)) == told


def test_what_was_left_out_is_told() -> None:
    data = DrawnHands(1)
    data.left_out = {"crowds": 3}  # type: ignore[attr-defined]
    told = describe_data(data)
    assert told is not None and told["left_out"] == {"crowds": 3}
    assert describe_data(None) is None


def test_a_run_tells_its_parts_and_what_it_ran_on() -> None:
    network, loss = tiny_network(), ResidualLogLikelihood(2)
    told = json.loads(json.dumps(describe_run(Trainee(network, loss), {"training": None}, {"steps": 2}, 4, "cpu")))
    assert (told["processes"], told["device"], told["config"]) == (4, "cpu", {"steps": 2})
    assert told["network_parameters"] == sum(p.numel() for p in network.parameters())
    assert told["versions"]["torch"] == torch.__version__
    assert {"python", "numpy", "opencv", "likelihand"} <= told["versions"].keys()


def test_a_network_without_a_configuration_is_told_by_its_representation() -> None:
    told = describe_run(Trainee(torch.nn.Linear(2, 3), ResidualLogLikelihood()), {}, {}, 1, "cpu")
    assert "Linear(in_features=2" in told["network"] and told["network_parameters"] == 9
