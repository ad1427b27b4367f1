"""`likelihand export`: write a checkpoint as one self-describing ONNX file."""

from pathlib import Path

from likelihand.cli.parsing import Namespace, Parser, command_parser


def parser() -> Parser:
    """Describe the command's options."""
    p = command_parser("export", "Export a trained network as one ONNX file, and check it against PyTorch.")
    p.add_argument("run", type=Path, metavar="RUN", help="folder of a training run, or a .safetensors checkpoint")
    p.add_argument("--out", type=Path, default=Path("hand.onnx"), help="file to write")
    p.add_argument("--stages", type=int | None, help="cut the network after this stage")
    p.add_argument(
        "--half", action="store_true", help="store the weights in half precision, which halves the file"
    )
    p.add_argument("--name", default="", help="name of the model")
    p.add_argument(
        "--threshold", type=float, default=0.5, help="minimum score of a detection, for a hand detector"
    )
    p.add_argument("--size", type=int | None, help="side of the input in pixels; by default that of the training")
    p.add_argument("--licence", default="", help="licence of the weights, stored in the file")
    return p


def run(arguments: Namespace) -> int:
    """Export and say what was written."""
    from dataclasses import replace

    from likelihand.inference import metadata_of, model_file
    from likelihand.inference.export import export
    from likelihand.models.checkpoint import load_checkpoint

    checkpoint = model_file(arguments.run)
    network, info = load_checkpoint(checkpoint)
    metadata = replace(
        metadata_of(network, info),
        **{name: getattr(arguments, name) for name in ("licence", "name", "threshold")},
    )
    if arguments.size is not None:
        metadata = replace(metadata, size=(arguments.size, arguments.size))
    difference = export(network, arguments.out, metadata, stages=arguments.stages, half=arguments.half)
    size = arguments.out.stat().st_size / 1e6
    print(f"{arguments.out}: {size:.1f} MB, at most {difference:.1e} crop pixels from PyTorch")
    return 0
