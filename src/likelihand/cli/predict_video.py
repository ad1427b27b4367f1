"""The part of `likelihand predict` for films and cameras: JSON Lines with frame times, and an overlay film."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from likelihand.cli.formats import hand_json
from likelihand.cli.plain import Namespace, PlainParser
from likelihand.cli.sources import pictures, unique_name

if TYPE_CHECKING:
    from likelihand.predictor import Predictor
    from likelihand.tracking import TrackedHand
    from likelihand.video import Camera, TrackedFrame, VideoReader


def add_options(p: PlainParser) -> None:
    """Describe the options for films and cameras."""
    p.add_argument("--camera", type=int, help="number of a camera to follow until Ctrl-C, as 0")
    p.add_argument("--detect-every", type=int, default=15, help="frames between two looks for new hands in a film")
    p.add_argument("--no-smoothing", dest="smoothing", action="store_false", help="films: the model's own points")


def is_video(arguments: Namespace) -> bool:
    """Tell whether a request is about a camera or films.

    Raises:
        ValueError: it asks for nothing, or for films and something else.
    """
    from likelihand.video import SUFFIXES

    if arguments.camera is not None and arguments.sources:
        raise ValueError("--camera and SOURCE exclude each other; give one of them")
    if arguments.camera is None and not arguments.sources:
        raise ValueError("nothing to look at; give a SOURCE or --camera 0")
    found = pictures([s for s in arguments.sources if not Path(s).is_dir()])[0]
    films = [Path(source).suffix.lower() in SUFFIXES for source in found]
    if any(films) and not (all(films) and not any(Path(s).is_dir() for s in arguments.sources)):
        raise ValueError("films and pictures in one request; ask for the one, then for the other")
    return arguments.camera is not None or any(films)


def run(arguments: Namespace, predictor: Callable[[], "Predictor"]) -> int:
    """Follow the hands of a camera or of film after film; a damaged one keeps what was read.

    Args:
        arguments: the command's.
        predictor: makes the model, once the request is known to make sense.
    """
    from likelihand.video import Camera, VideoReader

    if arguments.boxes or arguments.format != "jsonl":
        raise ValueError("--boxes and --format are for pictures; leave them out for films and cameras")
    if arguments.overlay:
        import av  # noqa: F401  (says that it is missing before any work is done)
    if arguments.camera is not None:
        camera = Camera(arguments.camera)
        try:
            _follow(camera, f"camera-{arguments.camera}", predictor(), arguments)
        except KeyboardInterrupt:  # the way to stop a camera
            return 0
    found, problems = pictures(arguments.sources)
    predict = predictor()
    taken: set[str] = set()
    for film in found:
        try:
            _follow(VideoReader(film, arguments.threads), unique_name(film, taken), predict, arguments)
        except (ValueError, OSError) as error:
            problems.append(" ".join(str(error).split()))
    for problem in problems:
        print(f"likelihand: {problem}", file=sys.stderr)
    return 2 if problems else 0


def _follow(source: "Camera | VideoReader", name: str, predict: "Predictor", arguments: Namespace) -> None:
    """Write a line and an overlay frame for each frame; say at the end how much there was, however it ends."""
    from tqdm import tqdm

    from likelihand.filters import Smoothing
    from likelihand.tracking import Tracking
    from likelihand.video import VideoWriter, draw_tracks, track

    settings = Tracking(every=arguments.detect_every, most=None if predict.detector else 1)
    arguments.out.mkdir(parents=True, exist_ok=True)
    lines = arguments.out / f"{name}.jsonl"
    overlay = arguments.out / f"{name}.overlay.mp4"
    count = 0
    tracks: set[int] = set()
    with ExitStack() as files:
        files.callback(lambda: print(f"{len(tracks)} hands in {count} frames -> {lines}", file=sys.stderr))
        text = files.enter_context(lines.open("w", encoding="utf-8"))
        film = files.enter_context(VideoWriter(overlay, threads=arguments.threads)) if arguments.overlay else None
        frames = track(source, predict, settings=settings, smoothing=Smoothing() if arguments.smoothing else None)
        for frame in _with_progress(frames, tqdm(total=source.frames, unit="frame", disable=None)):
            text.write(json.dumps(frame_json(frame), allow_nan=False) + "\n")
            text.flush()
            count += 1
            tracks |= {hand.track for hand in frame.hands}
            if film is not None:
                film.write(draw_tracks(frame.image, frame.hands), frame.seconds)


def _with_progress(frames: Iterator["TrackedFrame"], bar: Any) -> Iterator["TrackedFrame"]:  # noqa: ANN401
    with bar:
        for frame in frames:
            yield frame
            bar.update()


def frame_json(frame: "TrackedFrame") -> dict[str, Any]:
    """Give a frame as JSON: its number, its time in seconds, and its hands in image pixels."""
    return {
        "frame": frame.index,
        "time": round(frame.seconds, 6),
        "hands": [_tracked_json(hand) for hand in frame.hands],
    }


def _tracked_json(hand: "TrackedHand") -> dict[str, Any]:
    return {"track": hand.track, "seen": hand.seen, **hand_json(hand)}
