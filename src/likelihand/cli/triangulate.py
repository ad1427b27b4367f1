"""`likelihand triangulate`: hands in space from films of two or more calibrated cameras."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import cache
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from likelihand.cli.formats import hand_of, read_lines
from likelihand.cli.plain import DEVICE_HELP, MODEL_HELP, THREADS_HELP, Namespace, PlainParser, counted
from likelihand.cli.space import FORMATS, SpaceResults

if TYPE_CHECKING:
    from likelihand.inference import Predictor
    from likelihand.reconstruction.multiview import Camera
    from likelihand.tracking import VideoReader
    from likelihand.tracking.tracker import TrackedHand

_RATES = 0.01
"""Share by which the frame rates of films that belong together may differ."""


class View(NamedTuple):
    """A frame of one camera: its number, time, (height, width) and hands."""

    frame: int
    seconds: float
    size: tuple[int, int]
    hands: "Sequence[TrackedHand]"


def parser() -> PlainParser:
    """Describe the command's options."""
    p = PlainParser(
        "triangulate",
        "Triangulate hands from two or more calibrated cameras, weighted by the uncertainty of each view.",
    )
    p.add_argument(
        "sources",
        nargs="+",
        metavar="SOURCE",
        help="one per camera, synchronised frame by frame: a film, or the JSON Lines that predict wrote for it",
    )
    p.add_argument(
        "--calibration",
        action="append",
        type=Path,
        required=True,
        help="TOML of anipose or Pose2Sim, or YAML of OpenCV; repeat it if each camera has its own file",
    )
    p.add_argument(
        "--cameras",
        action="append",
        metavar="NAME",
        help="name of each source's camera, in their order (default: from the file names, else by order)",
    )
    p.add_argument("--out", type=Path, default=Path("triangulated"), help="output folder")
    p.add_argument(
        "--format", action="append", default=[], help=f"{', '.join(FORMATS)}, in addition to CSV; may be repeated"
    )
    p.add_argument(
        "--fit",
        action="store_true",
        help="also fit one hand to all views: joints in CSV, TRC and C3D, and joint angles in angles.csv",
    )
    p.add_argument("--unit", default="mm", help="unit of the calibration, needed by trc and c3d: m, dm, cm or mm")
    p.add_argument("--model", type=Path, help=MODEL_HELP)
    p.add_argument("--threads", type=int, help=THREADS_HELP)
    p.add_argument("--device", type=str, help=DEVICE_HELP)
    return p


def run(arguments: Namespace) -> int:
    """Triangulate to the end of the shortest source; finished frames are kept, however it ends."""
    from likelihand.reconstruction.multiview import Reprojection, SpaceTracker, read_cameras

    sources = list(arguments.sources)
    if len(sources) < 2:
        raise ValueError(f"{len(sources)} source; give one per camera, two or more")
    cameras = cameras_of(read_cameras(*arguments.calibration), sources, arguments.cameras)
    predictor = cache(lambda: _predictor(arguments))
    opened = _opened(sources, arguments.threads)
    views = [_of_lines(each) if isinstance(each, Path) else _of_film(each, predictor) for each in opened]
    report = Reprojection([camera.name for camera in cameras])
    follow: SpaceTracker | None = None
    with ExitStack() as files:
        results = files.enter_context(
            SpaceResults(arguments.out, arguments.format, arguments.unit, report, arguments.fit)
        )
        for frame in _with_progress(_together(views, sources)):
            follow = follow or SpaceTracker(
                [c.resized(v.size) for c, v in zip(cameras, frame, strict=True)], fitted=arguments.fit
            )
            results.add(frame[0].frame, frame[0].seconds, follow([view.hands for view in frame]))
    print(report)
    told = f"{counted(report.hands, 'hand')} in {counted(results.frames, 'frame')}"
    print(f"{told} -> {', '.join(map(str, results.paths))}", file=sys.stderr)
    return 0


def cameras_of(
    cameras: "Sequence[Camera]", sources: Sequence[str], names: Sequence[str] | None = None
) -> "list[Camera]":
    """Return the camera of each source.

    Args:
        cameras: of the calibration.
        sources: files.
        names: of the sources' cameras; None takes the camera whose name is in the file's, the longest where
            several are, and where that does not say which, the order.

    Raises:
        ValueError: a name is none, or there are not as many cameras as sources.

    Example:
        >>> import numpy as np
        >>> from likelihand.reconstruction.multiview import Camera
        >>> pair = [Camera(np.eye(3), name="left"), Camera(np.eye(3), name="right")]
        >>> [camera.name for camera in cameras_of(pair, ["run-right.mp4", "run-left.mp4"])]
        ['right', 'left']
    """
    known = {camera.name: camera for camera in cameras}
    if names is not None:
        if lost := [name for name in names if name not in known]:
            raise ValueError(f"--cameras {lost[0]!r} is not in the calibration; it has {', '.join(known)}")
        if len(names) != len(sources):
            raise ValueError(f"{len(names)} names in --cameras for {len(sources)} sources; give one per source")
        return [known[name] for name in names]
    fitting = [[n for n in known if n and n.lower() in Path(source).stem.lower()] for source in sources]
    found = [max(fits, key=len, default="") for fits in fitting]
    if all(found) and len(set(found)) == len(sources):
        return [known[name] for name in found]
    if len(cameras) != len(sources):
        raise ValueError(
            f"{len(sources)} sources for {len(cameras)} cameras ({', '.join(known)}); "
            "say with --cameras which is whose"
        )
    return list(cameras)


def _opened(sources: Sequence[str], threads: int | None) -> "list[VideoReader | Path]":
    """Open the sources first, so that one that is missing, or another's, is told before any work is done."""
    from likelihand.tracking import VideoReader

    opened: list[VideoReader | Path] = []
    for source in sources:
        if source.lower().endswith(".jsonl"):
            if not Path(source).is_file():
                raise FileNotFoundError(
                    f"{source} is missing; give a film, or the JSON Lines that predict made of it"
                )
            opened.append(Path(source))
        else:
            opened.append(VideoReader(source, threads))
    rates = sorted((film.rate, film.name) for film in opened if not isinstance(film, Path))
    if rates and rates[-1][0] > (1 + _RATES) * rates[0][0]:
        told = " and ".join(f"{name} has {rate:g}" for rate, name in (rates[0], rates[-1]))
        raise ValueError(f"{told} frames per second; give films of the same moments, frame by frame")
    return opened


def _of_lines(path: Path) -> Iterator[View]:
    """Yield the frames of JSON Lines."""
    for number, line in enumerate(read_lines(path), 1):
        if not {"frame", "time", "size", "hands"} <= line.keys():
            raise ValueError(f"{path} line {number} is no frame of a film; give what predict made of a film")
        hands = [hand_of(values) for values in line["hands"]]
        height, width = line["size"]
        yield View(line["frame"], line["time"], (height, width), hands)


def _of_film(film: "VideoReader", predictor: Callable[[], "Predictor"]) -> Iterator[View]:
    """Follow the hands of a film; its points are not smoothed: cameras would be late by different times."""
    from likelihand.tracking import track

    for frame in track(film, predictor(), smoothing=None):
        yield View(frame.index, frame.seconds, (frame.image.shape[0], frame.image.shape[1]), frame.hands)


def _predictor(arguments: Namespace) -> "Predictor":
    from likelihand.inference import FILMS, load

    return load(arguments.model, threads=arguments.threads, device=arguments.device, **FILMS)


def _together(views: Sequence[Iterator[View]], sources: Sequence[str]) -> Iterator[tuple[View, ...]]:
    """Yield the frames of all sources; say where one goes on after another has ended."""
    for number, frame in enumerate(zip_longest(*views)):
        ended = [source for source, view in zip(sources, frame, strict=True) if view is None]
        if ended:
            others = ", ".join(source for source in sources if source not in ended)
            print(f"likelihand: {', '.join(ended)} ends after {number} frames, {others} does not", file=sys.stderr)
            return
        yield frame


def _with_progress(frames: Iterator[tuple[View, ...]]) -> Iterator[tuple[View, ...]]:
    from tqdm import tqdm

    yield from tqdm(frames, unit="frame", disable=None)
