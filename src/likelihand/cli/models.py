"""`likelihand models`: the models that come with the package, and what their files say of themselves."""

import json
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from likelihand.cli.parsing import Namespace, Parser, command_parser
from likelihand.cli.plain import DEVICE_HELP

if TYPE_CHECKING:
    from likelihand.inference.metadata import ModelMetadata

KINDS: Final = {
    "hand": "finds the 21 keypoints of the hand in a crop",
    "detect": "finds the hands of a picture",
}

DESCRIBED: Final = ("name", "licence", "training_data", "recipe", "speed")
"""Fields that `--describe` changes."""


def parser() -> Parser:
    """Describe the command's options."""
    p = command_parser("models", "List the bundled models, or describe model files.")
    p.add_argument("files", nargs="*", type=Path, metavar="FILE", help=".onnx files; by default the bundled ones")
    p.add_argument("--device", type=str | None, help=DEVICE_HELP)
    p.add_argument("--json", action="store_true", help="print all metadata as JSON")
    p.add_argument(
        "--describe", action="store_true", help="write the texts below into the metadata of the given file"
    )
    for name in DESCRIBED:
        p.add_argument(f"--{name.replace('_', '-')}", type=str | None, help=f"{name} to store in the file")
    p.add_argument(
        "--scores", type=Path | None, help="JSON file: {name of the score, with data and protocol: value}"
    )
    return p


def run(arguments: Namespace) -> int:
    """Print a card a model."""
    if arguments.describe:
        _describe(arguments)
    files = arguments.files or _bundled()
    cards = [_card(file, arguments.device) for file in files]
    if arguments.json:
        print(json.dumps(cards, indent=2))
    else:
        print("\n\n".join(_text(card) for card in cards))
    return 0


def _bundled() -> list[Path]:
    from likelihand.inference import bundled

    return sorted(bundled().parent.glob("*.onnx"), reverse=True)


def _card(file: Path, device: str | None) -> dict[str, Any]:
    from likelihand.inference.runtimes import OnnxRuntime

    runtime = OnnxRuntime(file, threads=1, device=device)
    size = round(file.stat().st_size / 1e6, 1)
    return {
        "file": str(file),
        "megabytes": size,
        "runs_on": runtime.device,
        **json.loads(runtime.metadata.to_json()),
    }


def _text(card: dict[str, Any]) -> str:
    import onnxruntime

    height, width = card["size"]
    stages = "" if card["kind"] != "hand" else f", {card['stages']} stages"
    rows = [
        ("what", f"{KINDS[card['kind']]}{stages}"),
        ("input", f"{height} x {width} {card['dtype']} {card['colour']}"),
        ("outputs", ", ".join(card["outputs"])),
        ("file", f"{card['file']}, {card['megabytes']} MB"),
        ("runs on", f"{card['runs_on']} of ONNX Runtime {onnxruntime.__version__}"),
        ("licence", card["licence"]),
        ("trained on", _folded(card["training_data"])),
        ("recipe", _folded(card["recipe"])),
        ("speed", card["speed"]),
        ("scores", [line for name, value in card["scores"].items() for line in _folded(name, f"{value:<6.4g}  ")]),
    ]
    title = Path(card["file"]).stem + (f" ({card['name']})" if card["name"] else "")
    lines = [title]
    for name, text in rows:
        first, *rest = [text] if isinstance(text, str) else text or [""]
        lines += [f"  {name:<10}  {first}", *(f"  {'':<10}  {line}" for line in rest)] if first else []
    return "\n".join(lines)


def _folded(text: str, first: str = "") -> list[str]:
    lines = textwrap.wrap(text, 86 - len(first), break_long_words=False, break_on_hyphens=False)
    return [f"{' ' * len(first) if i else first}{line}" for i, line in enumerate(lines)]


def _describe(arguments: Namespace) -> "ModelMetadata":
    from likelihand.inference.metadata import describe

    if len(arguments.files) != 1:
        raise ValueError(f"--describe changes one file and {len(arguments.files)} were given; give one")
    changes: dict[str, Any] = {n: arguments[n] for n in DESCRIBED if arguments[n] is not None}
    if arguments.scores is not None:
        changes["scores"] = _scores(arguments.scores)
    if not changes:
        raise ValueError("--describe has nothing to write; give --recipe or another text")
    return describe(arguments.files[0], **changes)


def _scores(file: Path) -> dict[str, float]:
    from likelihand.utils.validation import as_mapping, as_numbers, read_json

    values = as_mapping(read_json(file, "a JSON object of numbers"), str(file))
    return {name: float(as_numbers(value, f"{file}, field {name}", ())) for name, value in values.items()}
