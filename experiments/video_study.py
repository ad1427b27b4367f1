"""Measure tracking: jitter, lag, lost and swapped hands, and what a frame costs.

    python -m experiments.video_study                        # every clip, figure, docs/notes/video.md and .csv
    python -m experiments.video_study --overlays work/frames # and some overlay frames as pictures

Rendered clips are kept in `--work`; photo sequences are used where `--labelled` is there.
"""

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from experiments.report import write_document, write_rows
from experiments.video_clips import RATE, Clip, cast, rendered, sequence
from likelihand.geometry import Image, box_of_points
from likelihand.inference import FILMS, Predictor, load
from likelihand.inference.runtimes import Outputs, Runtime
from likelihand.tracking import Region, TrackedHand, Tracker, Tracking, VideoReader, VideoWriter, draw_tracks
from likelihand.tracking.filters import Smoothing
from likelihand.utils.tables import markdown
from likelihand.visualization.drawing import Drawing

ROOT = Path(__file__).resolve().parents[1]
MATCHED = 0.5
"""Mean error over the hand's size (longer side of its box) below which a track is on a hand."""
SETTLED = 10
"""Frames after which jitter counts."""
Array = Any


@dataclass(frozen=True)
class Row:
    """One line of the table; lengths in % of the hand's size.

    Attributes:
        clip: its name.
        smoothing: whether points are smoothed.
        error: mean distance from the truth, over hands that are tracked.
        jitter: root mean square change of the error from frame to frame, from the tenth frame on.
        lag_ms: the delay of the truth that the points fit best.
        lost: share of frames in which a visible hand has no track, %.
        swaps: how often a hand changes its track.
        false: tracks on no hand, a frame.
        side: share of frames with the right side, %; NaN where it is not known.
    """

    clip: str
    smoothing: bool
    error: float
    jitter: float
    lag_ms: float
    lost: float
    swaps: int
    false: float
    side: float


@dataclass
class Run:
    """What a tracker gave on a clip: by frame and true hand the smoothed and raw points, and tracks."""

    smooth: Array
    raw: Array
    number: Array
    side: list[list[Any]]
    false: int


class Truth:
    """A detector that knows where the hands are: stands in where no detector comes with the package."""

    def __init__(self, clip: Clip) -> None:
        self.clip, self.frame = clip, 0

    def __call__(self, image: Image) -> list[Region]:
        """Return the boxes of the frame that `frame` says."""
        hands = zip(self.clip.points[self.frame], self.clip.shown[self.frame], self.clip.sides, strict=True)
        return [Region(box_of_points(points), side) for points, shown, side in hands if shown]


def follow(
    clip: Clip,
    predict: Predictor,
    smoothing: Smoothing | None = Smoothing(),  # noqa: B008
) -> Iterator[tuple[int, Image, list[TrackedHand]]]:
    truth = Truth(clip)
    track = Tracker(predict, predict.detector or truth, Tracking(), smoothing)
    for frame in VideoReader(clip.file, threads=1):
        truth.frame = frame.index
        yield frame.index, frame.image, track(frame.image, clip.seconds[frame.index])


def run(clip: Clip, predict: Predictor, look: Callable[..., None] | None = None) -> Run:
    count, hands = clip.points.shape[:2]
    empty = np.full((count, hands, 21, 2), np.nan)
    result = Run(empty, empty.copy(), np.full((count, hands), -1), [[None] * hands for _ in range(count)], 0)
    for index, image, found in follow(clip, predict):
        left = list(found)
        for h in np.flatnonzero(clip.shown[index]):
            size = np.ptp(clip.points[index, h], axis=0).max()
            away = [np.linalg.norm(f.points - clip.points[index, h], axis=1).mean() / size for f in left]
            if not away or min(away) > MATCHED:
                continue
            best = left.pop(int(np.argmin(away)))
            result.smooth[index, h] = best.points
            result.raw[index, h] = best.points if best.observed is None else best.observed
            result.number[index, h], result.side[index][h] = best.track, best.side
        result.false += sum(f.seen and not _on_hidden(f, clip, index) for f in left)
        if look is not None:
            look(clip, index, image, found)
    return result


def _on_hidden(found: TrackedHand, clip: Clip, index: int) -> bool:
    """Tell whether a track is on a hand that is there, though too hidden to be asked for."""
    sizes = np.ptp(clip.points[index], axis=1).max(1)
    away = np.linalg.norm(found.points - clip.points[index], axis=2).mean(1) / sizes
    return bool((away[~clip.shown[index]] < MATCHED).any())


def score(clip: Clip, result: Run, smoothing: bool) -> Row:
    points = result.smooth if smoothing else result.raw
    size = np.ptp(clip.points, axis=2).max(2)
    error = (points - clip.points) / size[..., None, None]
    change = np.diff(error[SETTLED:], axis=0)
    tracked = result.number >= 0
    swaps = sum(_changes(result.number[:, h]) for h in range(tracked.shape[1]))
    right = [
        result.side[f][h] == clip.sides[h] for f, h in zip(*np.nonzero(tracked), strict=True) if clip.sides[h]
    ]
    return Row(
        clip=clip.name,
        smoothing=smoothing,
        error=100 * float(np.nanmean(np.linalg.norm(error, axis=-1))),
        jitter=100 * float(np.sqrt(np.nanmean((change**2).sum(-1)))),
        lag_ms=1000 * lag(points, clip.points, clip.seconds),
        lost=100 * float(1 - tracked[clip.shown].mean()),
        swaps=swaps,
        false=result.false / len(points),
        side=100 * float(np.mean(right)) if right else float("nan"),
    )


def _changes(numbers: Array) -> int:
    seen = numbers[numbers >= 0]
    return int((np.diff(seen) != 0).sum())


def lag(points: Array, truth: Array, seconds: Array) -> float:
    """Return the delay of the truth, in seconds, that the points fit best, each point's mean error set aside."""
    delays = np.arange(-0.1, 0.2, 0.0005)
    step = float(np.median(np.diff(seconds)))
    usable = np.isfinite(points).all((1, 2, 3))
    if np.ptp(truth, axis=0).max() < 1 or usable.sum() < 8:
        return float("nan")
    flat, exact = points.reshape(len(points), -1), truth.reshape(len(truth), -1)
    inner = usable & (seconds > 0.2) & (seconds < seconds[-1] - 0.1) & (np.gradient(seconds) < 1.5 * step)
    cost = []
    for delay in delays:
        moved = np.stack([np.interp(seconds[inner] - delay, seconds, column) for column in exact.T], 1)
        error = flat[inner] - moved
        cost.append(((error - error.mean(0)) ** 2).mean())
    return float(delays[int(np.argmin(cost))])


def timed(work: Callable[..., Any], spent: dict[str, float], name: str) -> Callable[..., Any]:
    def inner(*arguments: Any) -> Any:  # noqa: ANN401
        start = time.process_time()
        result = work(*arguments)
        spent[name] = spent.get(name, 0.0) + time.process_time() - start
        return result

    return inner


def speed(clip: Clip, predict: Predictor, out: Path) -> dict[str, float]:
    """Return milliseconds of one core a frame, part by part, of a clip with one hand."""
    spent: dict[str, float] = {}
    truth = Truth(clip)
    runtime = predict.runtime
    watched = Predictor(_Watched(runtime, spent), predict.batch_size, tta=predict.tta)
    detect = timed(predict.detector or truth, spent, "detector")
    track = Tracker(timed(watched, spent, "predict"), detect, Tracking())
    step, draw = timed(track, spent, "track"), timed(draw_tracks, spent, "draw")
    count = 0
    with VideoWriter(out, threads=1) as film:
        write = timed(film.write, spent, "encode")
        frames = iter(VideoReader(clip.file, threads=1))
        while (frame := timed(lambda: next(frames, None), spent, "decode")()) is not None:
            truth.frame = frame.index
            write(draw(frame.image, step(frame.image, frame.seconds)), frame.seconds)
            count += 1
    parts = {
        "decode": spent["decode"],
        "detector, now and then": spent["detector"],
        "crop and back": spent["predict"] - spent["model"],
        "model": spent["model"],
        "filter and tracks": spent["track"] - spent["predict"] - spent["detector"],
        "draw": spent["draw"],
        "encode": spent["encode"],
    }
    return {name: 1000 * seconds / count for name, seconds in parts.items()}


class _Watched:
    """A runtime whose time is taken."""

    def __init__(self, runtime: Runtime, spent: dict[str, float]) -> None:
        self.metadata = runtime.metadata
        self._run = timed(runtime, spent, "model")

    def __call__(self, crops: Array, /) -> Outputs:
        outputs: Outputs = self._run(crops)
        return outputs


def figure(clips: Sequence[Clip], runs: dict[str, Run], file: Path) -> None:
    """Draw the path of a fingertip: truth, model, smoothed."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    chosen = [c for c in clips if c.name in ("still", "slow", "fast")]
    picture, axes = pyplot.subplots(len(chosen), 1, figsize=(9, 2.6 * len(chosen)), constrained_layout=True)
    for axis, clip in zip(np.atleast_1d(axes), chosen, strict=True):
        result = runs[clip.name]
        size = np.ptp(clip.points, axis=2).max(2).mean()
        part = slice(0, 60)
        for points, name, style in (
            (clip.points, "truth", "k-"),
            (result.raw, "model", "C1."),
            (result.smooth, "smoothed", "C0-"),
        ):
            axis.plot(
                clip.seconds[part],
                100 * (points[part, 0, 8, 0] - clip.points[0, 0, 8, 0]) / size,
                style,
                label=name,
            )
        axis.set(title=clip.name, ylabel="index tip x, % of size")
    picture.legend(*axes[0].get_legend_handles_labels(), loc="outside upper right", ncols=3)
    axes[-1].set_xlabel("seconds")
    picture.savefig(file, dpi=110)


def report(rows: Sequence[Row], parts: dict[str, float], source: str, out: Path) -> None:
    write_rows(out / "video.csv", [asdict(row) for row in rows])
    names = [
        "clip",
        "smoothing",
        "error %",
        "jitter %",
        "lag ms",
        "lost %",
        "swaps",
        "false a frame",
        "side right %",
    ]
    lines = [
        f"{r.clip};{'yes' if r.smoothing else 'no'};{r.error:.2f};{r.jitter:.2f};{r.lag_ms:.0f};"
        f"{r.lost:.1f};{r.swaps};{r.false:.2f};{r.side:.0f}".split(";")
        for r in rows
    ]
    work = sum(v for k, v in parts.items() if k not in ("decode", "draw", "encode"))
    costs = [[name, f"{value:.2f}"] for name, value in parts.items()]
    costs.append(["**tracking: detector to tracks**", f"**{work:.2f}**"])
    text = TEXT.format(
        table=markdown(names, lines).replace("nan", "-"),
        costs=markdown(["part", "ms a frame"], costs),
        source=source,
        rate=1000 / sum(parts.values()),
    )
    write_document(out / "video.md", [text])


TEXT = """# Video: how calm, how late, how faithful

Made by `python -m experiments.video_study`. Lengths are in % of the hand's size (the longer side of its true box).
*Jitter* is the root mean square change of the error from one frame to the next, from the tenth on: of a hand
that does not move, the motion that is seen. *Lag* is the delay of the truth that the points fit best. *Lost*: a
visible hand (7 keypoints or more that neither another hand nor the picture's edge hides) has no track within
half its size. *Swaps*: a hand changes its number. The rows without smoothing are the model's own points of the
same frames.

{table}

`still`, `slow`, `fast` (a waving hand with moving fingers) and `crossing` (two hands that pass each other
twice) are rendered: 120 frames of 960 x 540 at 30 frames a second with exact labels, film grain and H.264,
without motion blur. `hand-graph` and `handpose-x` are photo sequences with their frames' own times; of the
first every second half dozen frames is missing. The side of their hand is a guess. {source}

![index fingertip: truth, model, smoothed](video.png)

## What a frame costs

Milliseconds of one core for a 960 x 540 clip with one hand (CPU time, one thread).

{costs}

With decoding, drawing and encoding: {rate:.0f} frames a second of one core.
"""


def arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--work", type=Path, default=ROOT / "runs" / "video")
    p.add_argument("--labelled", type=Path, default=ROOT / "data" / "labelled")
    p.add_argument("--out", type=Path, default=ROOT / "docs" / "notes")
    p.add_argument("--model", type=Path)
    p.add_argument("--seed", type=int, default=0, help="of the rendered clips; the defaults were chosen on 100")
    p.add_argument("--overlays", type=Path, help="folder for every tenth overlay frame")
    return p.parse_args()


def main() -> None:
    a = arguments()
    a.work.mkdir(parents=True, exist_ok=True)
    clips = [rendered(name, a.work, a.seed) for name in cast(a.seed)]
    if (a.labelled / "annotations.json").is_file():
        clips.append(sequence("hand-graph", "ge_rw_", RATE, a.work, a.labelled))
        clips.append(sequence("handpose-x", "hpxplus_", 1e6, a.work, a.labelled))
    predict = load(a.model, threads=1, **FILMS)
    source = (
        "" if predict.detector else "The true box stands in for the detector, which looks at every 15th frame."
    )

    def save(clip: Clip, index: int, image: Image, found: list[TrackedHand]) -> None:
        if a.overlays and index % 10 == 0:
            Drawing(draw_tracks(image, found)).save(a.overlays / f"{clip.name}-{index:03d}.jpg")

    runs = {clip.name: run(clip, predict, save) for clip in clips}
    rows = [score(clip, runs[clip.name], smoothing) for clip in clips for smoothing in (True, False)]
    a.out.mkdir(parents=True, exist_ok=True)
    figure(clips, runs, a.out / "video.png")
    parts = speed(next(c for c in clips if c.name == "slow"), predict, a.work / "speed.mp4")
    report(rows, parts, source, a.out)
    print((a.out / "video.md").read_text("utf-8"))


if __name__ == "__main__":
    main()
