"""The part of `likelihand predict` for films and cameras: lines with frame times, and an overlay film."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from likelihand.cli import explain
from likelihand.cli.fits import TrackFits, add_fits
from likelihand.cli.formats import NAME, Results
from likelihand.cli.plain import Namespace, PlainParser, counted
from likelihand.cli.sources import OVERLAY, STDIN, Request, unique_name

if TYPE_CHECKING:
    from likelihand.inference import Predictor
    from likelihand.tracking import Camera, TrackedFrame, VideoReader


def add_options(p: PlainParser) -> None:
    """Describe the options for films and cameras."""
    p.add_argument("--camera", type=int, help="camera index, e.g. 0; runs until Ctrl-C")
    p.add_argument(
        "--detect-every", type=int, help="films: frames between two runs of the hand detector (default: 15)"
    )
    p.add_argument(
        "--longest-gap",
        type=float,
        help="films: largest gap between timestamps that is accepted, in seconds (default: 10)",
    )
    p.add_argument(
        "--show",
        action="store_true",
        help="films, cameras: show a live window, or a browser page if there is no display",
    )
    p.add_argument("--osc", metavar="HOST:PORT", help="films, cameras: also send the hands as OSC messages")
    p.add_argument(
        "--no-smoothing", dest="smoothing", action="store_false", help="films: do not smooth the points over time"
    )


def run(request: Request, arguments: Namespace, predictor: Callable[[], "Predictor"]) -> int:
    """Follow the hands of a camera or of film after film; a damaged one keeps what was read.

    Returns:
        0, or 2 where a film could not be read, or not to its end, or has no hands to animate.
    """
    from likelihand.tracking import Camera, VideoReader
    from likelihand.tracking.times import LONGEST_GAP

    if arguments.overlay:
        import av  # noqa: F401  (says that it is missing before any work is done)
    camera = None if arguments.camera is None else Camera(arguments.camera)
    predict = predictor()
    if camera is not None:
        return _live(camera, f"camera-{arguments.camera}", predict, arguments)
    taken, failed = {NAME} if request.pictures else set(), False
    for film in request.films:
        try:
            opened = request.stdin if film == STDIN and request.stdin else film
            gap = LONGEST_GAP if arguments.longest_gap is None else arguments.longest_gap
            source = VideoReader(opened, arguments.threads, longest_gap=gap)
            (_live if source.live else _follow)(source, unique_name(film, taken), predict, arguments)
        except (ValueError, OSError) as error:
            print(f"likelihand: {explain(error)}", file=sys.stderr)
            failed = True
    return 2 if failed else 0


def _live(source: "Camera | VideoReader", name: str, predict: "Predictor", arguments: Namespace) -> int:
    """Follow what has no end: an interruption is the way to stop it."""
    try:
        _follow(source, name, predict, arguments)
    except KeyboardInterrupt:
        return 0
    return 0


def _follow(source: "Camera | VideoReader", name: str, predict: "Predictor", arguments: Namespace) -> None:
    """Write a line and an overlay frame for each frame; say at the end how much there was, however it ends."""
    from tqdm import tqdm

    count, tracks = 0, set[int]()
    frames, fits = _tracked(source, predict, arguments), TrackFits() if arguments.fit else None
    with ExitStack() as files:
        results = files.enter_context(
            Results(arguments.out, arguments.format, name, film=True, fitted=arguments.fit)
        )
        files.push(lambda kind, *_: _close(results, len(tracks), count, source, broken=kind is not None))
        overlay = arguments.out / f"{name}{OVERLAY}.mp4"
        draw = files.enter_context(_overlay(overlay, arguments.threads)) if arguments.overlay else None
        live = files.enter_context(_shown(arguments))
        for frame in _with_progress(frames, tqdm(total=source.frames, unit="frame", disable=None)):
            line = frame.to_json()
            if fits is not None:
                add_fits(line["hands"], fits(frame.hands))
            results.add(line)
            count += 1
            tracks |= {hand.track for hand in frame.hands}
            if draw is not None:
                draw(frame)
            if not live(frame):
                break


@contextmanager
def _shown(arguments: Namespace) -> Iterator[Callable[["TrackedFrame"], bool]]:
    """Lend what shows a frame and sends its hands, as asked; it returns False once the window is closed."""
    from likelihand.apps.live.osc import OscSender
    from likelihand.apps.live.preview import PagePreview, preview
    from likelihand.tracking import draw_tracks

    osc = OscSender(arguments.osc) if arguments.osc else None
    with ExitStack() as files:
        window = files.enter_context(preview()) if arguments.show else None
        if isinstance(window, PagePreview):
            print(f"{window.url} (stop with Ctrl-C)", file=sys.stderr)

        def live(frame: "TrackedFrame") -> bool:
            if osc is not None:
                osc.send(frame.index, frame.seconds, frame.hands)
            return window is None or window.show(draw_tracks(frame.image, frame.hands))

        yield live


@contextmanager
def _overlay(path: Path, threads: int | None) -> Iterator[Callable[["TrackedFrame"], None]]:
    """Lend what draws a frame into a film; frames of another size than the first, as in broadcasts, are fitted."""
    from likelihand.geometry import crop_matrix, warp_image
    from likelihand.tracking import VideoWriter, draw_tracks

    size: tuple[int, int] | None = None

    def draw(frame: "TrackedFrame") -> None:
        nonlocal size
        image = draw_tracks(frame.image, frame.hands)
        height, width = image.shape[:2]
        size = size or (height, width)
        if size != (height, width):
            image = warp_image(image, crop_matrix([0, 0, width, height], size, padding=1.0), size)
        film.write(image, frame.seconds)

    with VideoWriter(path, threads=threads) as film:
        yield draw


def _tracked(
    source: "Camera | VideoReader", predict: "Predictor", arguments: Namespace
) -> Iterator["TrackedFrame"]:
    from likelihand.tracking import EVERY, Tracking, track, unmirrored
    from likelihand.tracking.filters import Smoothing

    every = EVERY if arguments.detect_every is None else arguments.detect_every
    settings = Tracking(every=every, most=None if predict.detector else 1)
    frames = unmirrored(source) if arguments.unmirror else source
    return track(frames, predict, settings=settings, smoothing=Smoothing() if arguments.smoothing else None)


def _close(results: Results, hands: int, frames: int, source: "Camera | VideoReader", *, broken: bool) -> None:
    """Say how much there was.

    Raises:
        ValueError: the film went to its end without a hand, and an animation was asked for.
    """
    if not frames and broken:
        return
    told = f"{counted(hands, 'hand')} in {counted(frames, 'frame')}"
    if not results.whole and not broken:
        raise ValueError(f"{source.name}: {told}, so no {results.path.name}; the frames are in {results.lines}")
    _tell(f"{told} -> {results.path if results.whole else results.lines}", source)


def _tell(summary: str, source: "Camera | VideoReader") -> None:
    """Say what was done, and where the film's clock was not believed."""
    print(summary, file=sys.stderr)
    for jump in source.jumps:
        told = f"the clock jumps by {jump.seconds:+.3f} s at frame {jump.frame}; times go on by the frame rate"
        hint = "; if it is a pause, raise --longest-gap" if jump.seconds > 0 else ""
        print(f"{source.name}: {told}{hint}", file=sys.stderr)


def _with_progress(frames: Iterator["TrackedFrame"], bar: Any) -> Iterator["TrackedFrame"]:  # noqa: ANN401
    with bar:
        for frame in frames:
            yield frame
            bar.update()
