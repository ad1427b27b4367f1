"""`likelihand info`: describe a network or a model file, and its cost."""

from pathlib import Path
from typing import TYPE_CHECKING

from likelihand.cli.parsing import Namespace, Parser, command_parser
from likelihand.cli.plain import MODEL_HELP

if TYPE_CHECKING:
    from torch import nn


def parser() -> Parser:
    """Describe the command's options."""
    p = command_parser(
        "info", "Count the parameters and multiply-adds of each part of a network; by default the paper's."
    )
    p.add_argument("model", nargs="?", type=Path | None, help=MODEL_HELP)
    p.add_argument("--run-file", type=Path | None, help="use the network of this run file")
    p.add_argument("--stages", type=int | None, help="count only this many stages")
    p.add_argument("--size", type=int, default=256, help="side of the crop in pixels")
    return p


def run(arguments: Namespace) -> int:
    """Print the table, or an ONNX file's metadata."""
    if arguments.model is not None and arguments.model.suffix.lower() == ".onnx":
        return _describe(arguments.model)
    from likelihand.models import complexity, format_complexity

    network = _network(arguments)
    if arguments.stages is not None:
        network = _cut(network, arguments.stages)
    print(format_complexity(complexity(network, (arguments.size, arguments.size))))
    return 0


def _cut(network: "nn.Module", stages: int) -> "nn.Module":
    from likelihand.models import KeypointNetwork

    if not isinstance(network, KeypointNetwork):
        raise ValueError(f"--stages {stages}: {type(network).__name__} has one stage; leave it out")
    return network.deploy(stages).network


def _network(arguments: Namespace) -> "nn.Module":
    if arguments.model is not None and arguments.run_file is not None:
        raise ValueError("a model and --run-file exclude each other; give one of them")
    if arguments.run_file is not None:
        from likelihand.cli.train import network_of

        return network_of(arguments.run_file)
    if arguments.model is not None:
        from likelihand.inference import model_file
        from likelihand.models.checkpoint import load_checkpoint

        return load_checkpoint(model_file(arguments.model))[0]
    from likelihand.models import SequentialHeatmapNetwork, TimmBackbone

    return SequentialHeatmapNetwork(TimmBackbone("resnet50"), stages=arguments.stages or 5)


def _describe(path: Path) -> int:
    import json

    from likelihand.inference.runtimes import OnnxRuntime

    print(json.dumps(json.loads(OnnxRuntime(path).metadata.to_json()), indent=2))
    return 0
