"""`likelihand predict`: pictures in; JSON Lines, COCO JSON or CSV and overlay pictures out."""

import atexit
import gc
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from likelihand.cli import predict_video
from likelihand.cli.formats import FORMATS, Results, hand_json
from likelihand.cli.plain import Namespace, PlainParser
from likelihand.cli.sources import Boxes, pictures, read_picture, unique_name

if TYPE_CHECKING:
    from likelihand.detection import Closer
    from likelihand.predictor import Predictor


def parser() -> PlainParser:
    """Describe the command's options."""
    p = PlainParser("predict", "Find the keypoints of hands in pictures; write JSON Lines and overlay pictures.")
    p.add_argument(
        "sources", nargs="*", metavar="SOURCE", help="file, film, folder, glob, or - for standard input"
    )
    p.add_argument("--boxes", type=Path, help="JSON: {file name: [[x0, y0, x1, y1], ...]}, or COCO JSON")
    p.add_argument("--crop", action="store_true", help="each picture is one hand that fills it")
    p.add_argument(
        "--closer",
        type=str,
        help="look for small hands in parts of a picture: always (pictures), empty or never (films)",
    )
    p.add_argument("--passes", type=int, default=1, help="times to look at a hand, each closer than the last")
    p.add_argument("--looks", type=int, help="crops of a hand, turned and mirrored; 4 (pictures), 1 (films)")
    p.add_argument("--calibration", type=str, help="what regions are to hold on: photos (where known) or rendered")
    p.add_argument("--model", type=Path, help=".onnx file, .safetensors checkpoint or run folder")
    p.add_argument("--runtime", type=str, help="onnx, openvino or torch; goes by the model where absent")
    p.add_argument("--threads", type=int, help="threads of one prediction")
    p.add_argument("--batch-size", type=int, default=4, help="crops in one call of the model")
    p.add_argument("--out", type=Path, default=Path("predictions"), help="folder of the results")
    p.add_argument("--format", type=str, default="jsonl", help=f"{', '.join(FORMATS)}; JSON Lines in any case")
    p.add_argument("--no-overlay", dest="overlay", action="store_false", help="write no overlay pictures")
    predict_video.add_options(p)
    return p


def run(arguments: Namespace) -> int:
    """Predict every picture; a bad one is reported and does not stop the others."""
    atexit.register(gc.freeze)  # else Python searches all that is left for cycles before it ends
    if arguments.crop and arguments.boxes:
        raise ValueError("--crop and --boxes exclude each other; give one of them")
    if predict_video.is_video(arguments):
        return predict_video.run(arguments, lambda: _predictor(arguments, "never", 1))
    boxes = Boxes(arguments.boxes) if arguments.boxes else None
    predict = _predictor(arguments, "always", 4)
    found, problems = pictures(arguments.sources, arguments.out)
    for problem in problems:
        _tell(problem)
    taken: set[str] = set()
    hands, done, failed = 0, 0, len(problems)
    with Results(arguments.out, arguments.format) as results:
        for picture in _with_progress(found):
            try:
                line = _predict(picture, predict, boxes, arguments, taken)
            except (ValueError, OSError) as error:
                _tell(_named(picture, error))
                failed += 1
                continue
            hands, done = hands + len(line["hands"]), done + 1
            results.add(line)
    told = f"; {failed} failed, see above" if failed else ""
    print(f"{hands} hands in {len(found)} pictures -> {results.path}{told}", file=sys.stderr)
    return (1 if done else 2) if failed else 0


def _with_progress(found: Sequence[str]) -> Iterable[str]:
    """Show a bar, but for a single picture: whoever waits for one would wait for the bar's import."""
    if len(found) == 1:
        return found
    from tqdm import tqdm

    return tqdm(found, unit="picture", disable=None)


def _predictor(arguments: Namespace, closer: "Closer", looks: int) -> "Predictor":
    from likelihand.predictor import load

    return load(
        arguments.model,
        runtime=arguments.runtime,
        threads=arguments.threads,
        detector=not (arguments.crop or arguments.boxes),
        closer=arguments.closer or closer,
        batch_size=arguments.batch_size,
        passes=arguments.passes,
        looks=looks if arguments.looks is None else arguments.looks,
        calibration=arguments.calibration,
    )


def _predict(
    picture: str, predict: "Predictor", boxes: Boxes | None, arguments: Namespace, taken: set[str]
) -> dict[str, Any]:
    """Read and predict one picture, write its overlay, and give its line."""
    from likelihand.drawing import draw

    given = None if boxes is None else boxes.of(picture)
    image = read_picture(picture)
    hands = predict.crop(image) if arguments.crop else predict(image, given)
    line: dict[str, Any] = {"file": picture, "size": list(image.shape[:2]), "hands": [hand_json(h) for h in hands]}
    if arguments.overlay:
        path = arguments.out / f"{unique_name(picture, taken)}.png"
        draw(image, hands).save(path)
        line["overlay"] = path.name
    return line


def _named(picture: str, error: Exception) -> str:
    """Put an error on one line that begins with the picture."""
    text = " ".join(str(error).split())
    return text if text.startswith(picture) else f"{picture}: {text}"


def _tell(problem: str) -> None:
    """Print a problem at once, above the progress bar: an interruption must not hide it."""
    from tqdm import tqdm

    tqdm.write(f"likelihand: {problem}", file=sys.stderr)
