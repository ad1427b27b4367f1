"""`likelihand demo`: the bundled models on the pictures and the film that come with the package."""

import sys
from importlib.util import find_spec
from pathlib import Path

from likelihand.cli.plain import Namespace, PlainParser


def parser() -> PlainParser:
    """Describe the command's options."""
    p = PlainParser("demo", "Find hands in the sample pictures and the film that come with the package.")
    p.add_argument("--out", type=Path, default=Path("demo-out"), help="output folder")
    p.add_argument(
        "--train",
        action="store_true",
        help="instead train, score, export and run a small network on drawn hands; two minutes on a CPU",
    )
    p.add_argument("--steps", type=int, default=250, help="with --train: training steps, each on 16 hands")
    p.add_argument("--hands", type=int, default=24, help="with --train: unseen hands to evaluate on")
    return p


def run(arguments: Namespace) -> int:
    """Run the demonstration; each ends with `likelihand predict` itself."""
    return _train(arguments) if arguments.train else _look(arguments.out)


def _look(out: Path) -> int:
    from likelihand.data.samples import FILM, PICTURES

    film = find_spec("av") is not None
    if not film:
        print("the film is left out: it needs pip install 'likelihand[video]'", file=sys.stderr)
    sources = [str(PICTURES), *([str(FILM)] if film else [])]
    code = _predict([*sources, "--calibration", "rendered", "--out", str(out)])
    print(_summary(out))
    return code


def _summary(out: Path) -> str:
    """List what was written, and what to try next."""
    command = Path(sys.argv[0]).with_name("likelihand") if sys.argv[0].endswith("likelihand") else "likelihand"
    rows = [("overlays", sorted(out.glob("*.overlay.png"))), ("films", sorted(out.glob("*.overlay.mp4")))]
    rows.append(("points", sorted(out.glob("*.jsonl"))))
    lines = [f"{title:<9} {file}" for title, files in rows for file in files]
    lines.append(f"next      {command} predict PHOTO.jpg    hands of your own")
    lines.append(f"          {command} web                  the same in your browser; pictures stay there")
    return "\n".join(lines)


def _train(arguments: Namespace) -> int:
    from likelihand.apps.demo import demo

    out: Path = arguments.out
    demo(out, steps=arguments.steps, hands=arguments.hands)
    options = ["--boxes", str(out / "boxes.json"), "--model", str(out / "hand.onnx"), "--out", str(out)]
    return _predict([str(out / "pictures"), *options], "4/4  ")


def _predict(words: list[str], before: str = "") -> int:
    from likelihand.cli import predict

    print(f"{before}likelihand predict {' '.join(words)}")
    return predict.run(predict.parser().parse_args(words))
