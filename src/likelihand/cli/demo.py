"""`likelihand demo`: the whole road on hands drawn on the spot."""

from pathlib import Path

from likelihand.cli.parsing import Namespace, Parser, command_parser


def parser() -> Parser:
    """Describe the command's options."""
    p = command_parser(
        "demo", "Train, score, export and use a small network on drawn hands, in about two CPU minutes."
    )
    p.add_argument("--out", type=Path, default=Path("demo-out"), help="folder of the results")
    p.add_argument("--steps", type=int, default=250, help="training steps of 16 hands")
    p.add_argument("--hands", type=int, default=24, help="unseen hands to score")
    return p


def run(arguments: Namespace) -> int:
    """Run the demonstration; its last part is `likelihand predict` itself."""
    from likelihand.apps.demo import demo
    from likelihand.cli import predict

    out: Path = arguments.out
    demo(out, steps=arguments.steps, hands=arguments.hands)
    print(f"4/4  likelihand predict {out / 'pictures'} --boxes {out / 'boxes.json'} --model {out / 'hand.onnx'}")
    options = ["--boxes", str(out / "boxes.json"), "--model", str(out / "hand.onnx"), "--out", str(out)]
    return predict.run(predict.parser().parse_args([str(out / "pictures"), *options]))
