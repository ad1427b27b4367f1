"""`likelihand predict`: pictures in, JSON Lines and overlay pictures out."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from likelihand.cli.parsing import Namespace, Parser, command_parser
from likelihand.cli.sources import STDIN, Boxes, pictures, unique_name

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from likelihand.geometry import Image
    from likelihand.predictor import Predictor
    from likelihand.structures import Hand

FILE_NAME = "predictions.jsonl"


def parser() -> Parser:
    """Describe the command's options."""
    p = command_parser(
        "predict", "Find the keypoints of hands in pictures; write JSON Lines and overlay pictures."
    )
    p.add_argument("sources", nargs="+", metavar="SOURCE", help="file, folder, glob, or - for standard input")
    p.add_argument("--boxes", type=Path | None, help="JSON: {file name: [[x0, y0, x1, y1], ...]}, or COCO JSON")
    p.add_argument("--crop", action="store_true", help="each picture is one hand that fills it")
    p.add_argument("--model", type=Path | None, help=".onnx file, .safetensors checkpoint or run folder")
    p.add_argument("--runtime", type=str | None, help="onnx or torch; goes by the model's file where absent")
    p.add_argument("--threads", type=int | None, help="threads of one prediction")
    p.add_argument("--out", type=Path, default=Path("predictions"), help="folder of the results")
    p.add_argument("--no-overlay", dest="overlay", action="store_false", help="write no overlay pictures")
    return p


def run(arguments: Namespace) -> int:
    """Predict every picture; a bad one is reported and does not stop the others."""
    from tqdm import tqdm

    from likelihand.predictor import load

    if arguments.crop and arguments.boxes:
        raise ValueError("--crop and --boxes exclude each other; give one of them")
    boxes = Boxes(arguments.boxes) if arguments.boxes else None
    predict = load(arguments.model, runtime=arguments.runtime, threads=arguments.threads)
    found, problems = pictures(arguments.sources)
    arguments.out.mkdir(parents=True, exist_ok=True)
    taken: set[str] = set()
    hands = 0
    with (arguments.out / FILE_NAME).open("w", encoding="utf-8") as file:
        for picture in tqdm(found, unit="picture", disable=None):
            try:
                line = _predict(picture, predict, boxes, arguments, taken)
            except (ValueError, OSError) as error:
                problems.append(_named(picture, error))
                continue
            hands += len(line["hands"])
            file.write(json.dumps(line, allow_nan=False) + "\n")
            file.flush()
    return _summary(len(found), hands, problems, arguments.out)


def _predict(
    picture: str, predict: "Predictor", boxes: Boxes | None, arguments: Namespace, taken: set[str]
) -> dict[str, Any]:
    """Read and predict one picture, write its overlay, and give its line."""
    from likelihand.drawing import draw

    given = None if boxes is None else boxes.of(picture)
    image = _read(picture)
    hands = predict(image, given)
    line: dict[str, Any] = {"file": picture, "size": list(image.shape[:2]), "hands": [hand_json(h) for h in hands]}
    if arguments.overlay:
        path = arguments.out / f"{unique_name(picture, taken)}.png"
        draw(image, hands).save(path)
        line["overlay"] = path.name
    return line


def _read(picture: str) -> "Image":
    from likelihand.data.images import decode_image, read_image

    if picture == STDIN:
        return decode_image(sys.stdin.buffer.read(), name=STDIN)
    return read_image(picture)


def _named(picture: str, error: Exception) -> str:
    """Put an error on one line that begins with the picture."""
    text = " ".join(str(error).split())
    return text if text.startswith(picture) else f"{picture}: {text}"


def hand_json(hand: "Hand") -> dict[str, Any]:
    """Give a hand as JSON: lengths in image pixels, corner origin; covariance in square pixels.

    Raises:
        ValueError: the model gave a number that is not finite.
    """
    import numpy as np

    def rounded(values: "ArrayLike") -> "list[Any]":
        numbers: list[Any] = np.asarray(values, np.float64).round(3).tolist()
        return numbers

    if not all(np.isfinite(v).all() for v in (hand.points, hand.scale, hand.covariance)):
        raise ValueError("the model gave points that are not finite; it is damaged or badly trained")
    return {
        "keypoints": rounded(hand.points),
        "scale": rounded(hand.scale),
        "covariance": rounded(hand.covariance),
        "box": rounded(hand.box),
        "side": hand.side,
        "score": round(hand.score, 4),
    }


def _summary(pictures: int, hands: int, problems: list[str], out: Path) -> int:
    for problem in problems:
        print(f"likelihand: {problem}", file=sys.stderr)
    failed = f"; {len(problems)} failed, see above" if problems else ""
    print(f"{hands} hands in {pictures} pictures -> {out / FILE_NAME}{failed}", file=sys.stderr)
    return 1 if problems else 0
