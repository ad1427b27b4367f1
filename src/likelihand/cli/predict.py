"""`likelihand predict`: pictures in; JSON Lines, COCO JSON or CSV and overlay pictures out."""

import atexit
import gc
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from likelihand.cli import explain, predict_bulk, predict_video
from likelihand.cli.fits import add_fits, fits_json
from likelihand.cli.formats import FORMATS, Results, check_format
from likelihand.cli.plain import DEVICE_HELP, MODEL_HELP, THREADS_HELP, Namespace, PlainParser, counted
from likelihand.cli.sources import OVERLAY, Boxes, Request, read_picture, requested, unique_name
from likelihand.tracking.addresses import shown
from likelihand.utils.storage import is_address

if TYPE_CHECKING:
    from likelihand.inference import Predictor


def parser() -> PlainParser:
    """Describe the command's options."""
    p = PlainParser(
        "predict", "Find hand keypoints in pictures, films and camera streams; write JSON Lines and overlays."
    )
    p.add_argument(
        "sources",
        nargs="*",
        metavar="SOURCE",
        help="picture, film, folder, glob, URL (e.g. rtsp://...), or - for standard input",
    )
    p.add_argument(
        "--boxes",
        type=Path,
        help="JSON file with the boxes of hands: {file name: [[x0, y0, x1, y1], ...]}, or COCO JSON",
    )
    p.add_argument("--crop", action="store_true", help="treat each picture as the crop of one hand")
    p.add_argument(
        "--tiles",
        type=str,
        help="detect small hands in tiles too: always (default), empty (where no hand was found) or never (films)",
    )
    p.add_argument("--passes", type=int, help="refinement passes per hand, each with a tighter crop (default: 1)")
    p.add_argument(
        "--tta",
        type=int,
        help="test-time augmentation: rotated and mirrored crops per hand (default: 4 for pictures, 1 for films)",
    )
    p.add_argument(
        "--beyond",
        type=float,
        help="how far crops extend beyond an edge that their box touches, relative to it (default: 0.3; films: 0)",
    )
    p.add_argument(
        "--calibration",
        type=str,
        help="calibration to use: photos or rendered (default: photos if the model has it)",
    )
    p.add_argument("--model", type=Path, help=f"{MODEL_HELP} (default: the bundled model)")
    p.add_argument("--runtime", type=str, help="onnx, openvino or torch (default: by the type of the model file)")
    p.add_argument("--threads", type=int, help=THREADS_HELP)
    p.add_argument("--device", type=str, help=DEVICE_HELP)
    p.add_argument("--batch-size", type=int, help="crops in a batch (default: 4)")
    p.add_argument("--out", type=_folder, default=Path("predictions"), help="output folder")
    p.add_argument(
        "--format", type=str, default="jsonl", help=f"{', '.join(FORMATS)}; JSON Lines are always written"
    )
    p.add_argument(
        "--mirrored",
        action="store_true",
        help="the input is mirrored, as from a selfie camera: swap left and right",
    )
    p.add_argument(
        "--unmirror", action="store_true", help="like --mirrored, and also flip the written pictures back"
    )
    p.add_argument("--fit", action="store_true", help="also fit a 3D hand model: joints in space and joint angles")
    p.add_argument("--no-overlay", dest="overlay", action="store_false", help="do not write overlays")
    predict_video.add_options(p)
    predict_bulk.add_options(p)
    return p


def _folder(text: str) -> Path | str:
    """Return a path; an address, as s3://bucket/folder, stays text."""
    return text if is_address(text) else Path(text)


def run(arguments: Namespace) -> int:
    """Predict every picture and film; a bad one is reported and does not stop the others."""
    atexit.register(gc.freeze)  # else Python searches all that is left for cycles before it ends
    _check(arguments)
    if arguments.engine is not None:
        return predict_bulk.run(arguments)
    request = requested(arguments.sources, arguments.out)
    films = bool(request.films) or arguments.camera is not None
    if arguments.boxes and films:
        raise ValueError("--boxes is for pictures; leave it out for films and cameras")
    for option in () if films else ("show", "osc"):
        if getattr(arguments, option):
            raise ValueError(f"--{option} is for films and cameras; leave it out for pictures")
    codes = []
    if request.pictures or not films:
        codes.append(_run_pictures(request, arguments))
    else:
        for problem in request.problems:
            _tell(problem)
    if films:
        codes.append(predict_video.run(request, arguments, lambda: _predictor(arguments, films=True)))
    return max(codes) or (2 if request.problems else 0)


def _check(arguments: Namespace) -> None:
    """Check what no file must be opened for.

    Raises:
        ValueError: it asks for nothing, or for what cannot be had together.
    """
    if arguments.crop and arguments.boxes:
        raise ValueError("--crop and --boxes exclude each other; give one of them")
    if arguments.fit and arguments.mirrored and not arguments.unmirror:
        raise ValueError("--fit would mirror hands in depth with --mirrored; give --unmirror instead")
    if arguments.camera is not None and arguments.sources:
        raise ValueError("--camera and SOURCE exclude each other; give one of them")
    if arguments.camera is None and not arguments.sources:
        raise ValueError("no input; give a SOURCE or --camera 0")
    if arguments.detect_every is not None and arguments.detect_every < 1:
        raise ValueError(f"--detect-every is {arguments.detect_every}; give 1 or more")
    check_format(arguments.format)
    if arguments.engine is None:
        predict_bulk.check_absent(arguments)


def _run_pictures(request: Request, arguments: Namespace) -> int:
    boxes = Boxes(arguments.boxes) if arguments.boxes else None
    predict = _predictor(arguments)
    for problem in request.problems:
        _tell(problem)
    taken: set[str] = set()
    hands, done, failed = 0, 0, len(request.problems)
    results = Results(arguments.out, arguments.format, fitted=arguments.fit)
    try:
        with results:
            for picture in _with_progress(request.pictures):
                try:
                    line = _predict(picture, request, predict, boxes, arguments, taken)
                except (ValueError, OSError) as error:
                    _tell(_named(shown(picture), error))
                    failed += 1
                    continue
                results.add(line)
                hands, done = hands + len(line["hands"]), done + 1
    except KeyboardInterrupt:
        _tell(f"{counted(hands, 'hand')} in {done} of {len(request.pictures)} pictures -> {results.path}")
        raise
    if not done and failed:
        return 2  # each problem was told, and older results are as they were
    told = f"{counted(hands, 'hand')} in {counted(len(request.pictures), 'picture')} -> {results.path}"
    print(f"{told}; {failed} failed, see above" if failed else told, file=sys.stderr)
    return 1 if failed else 0


def _with_progress(found: Sequence[str]) -> Iterable[str]:
    """Show a bar, but for a single picture: importing the bar would only delay it."""
    if len(found) == 1:
        return found
    from tqdm import tqdm

    return tqdm(found, unit="picture", disable=None)


def _predictor(arguments: Namespace, films: bool = False) -> "Predictor":
    from likelihand.inference import FILMS, PHOTOS, load

    defaults = FILMS if films else PHOTOS
    given: Any = {name: value for name in defaults if (value := getattr(arguments, name)) is not None}
    return load(
        arguments.model,
        runtime=arguments.runtime,
        threads=arguments.threads,
        device=arguments.device,
        detector=not (arguments.crop or arguments.boxes),
        calibration=arguments.calibration,
        mirrored=arguments.mirrored and not arguments.unmirror,
        **(defaults | given),
    )


def _predict(
    picture: str,
    request: Request,
    predict: "Predictor",
    boxes: Boxes | None,
    arguments: Namespace,
    taken: set[str],
) -> dict[str, Any]:
    """Read and predict one picture, write its overlay, and give its line."""
    given = None if boxes is None else boxes.of(picture)
    image = read_picture(picture, request.stdin)
    if arguments.unmirror:
        image = image[:, ::-1].copy()
        given = given and [[image.shape[1] - x1, y0, image.shape[1] - x0, y1] for x0, y0, x1, y1 in given]
    hands = predict.crop(image) if arguments.crop else predict(image, given)
    line: dict[str, Any] = {"file": shown(picture), "size": list(image.shape[:2])}
    line["hands"] = [hand.to_json() for hand in hands]
    if arguments.fit:
        add_fits(line["hands"], fits_json(hands))
    if arguments.overlay:
        from likelihand.visualization.drawing import draw

        path = arguments.out / f"{unique_name(picture, taken)}{OVERLAY}.png"
        draw(image, hands).save(path)
        line["overlay"] = path.name
    return line


def _named(picture: str, error: Exception) -> str:
    """Put an error on one line that begins with the picture."""
    text = explain(error)
    return text if text.startswith(picture) else f"{picture}: {text}"


def _tell(problem: str) -> None:
    """Print a problem at once, above the progress bar: an interruption must not hide it."""
    from tqdm import tqdm

    tqdm.write(f"likelihand: {problem}", file=sys.stderr)
