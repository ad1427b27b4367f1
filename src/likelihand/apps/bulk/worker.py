"""A worker: keeps the models loaded and turns chunks into parts."""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from likelihand.apps.bulk.inputs import Input
from likelihand.apps.bulk.plan import Chunk, inputs_of, open_list
from likelihand.apps.bulk.reading import pictures_of
from likelihand.apps.bulk.settings import BulkSettings
from likelihand.data.images import LARGEST
from likelihand.utils.storage import Folder, is_address, opened
from likelihand.utils.validation import one_line

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from likelihand.geometry import Image
    from likelihand.inference import Predictor


Row: TypeAlias = dict[str, Any]


def schema() -> "pa.Schema":
    """Return the columns.

    ===========  ======================  =====================================================================
    path         string                  the picture or film; in a tar `shard.tar/name`, in a table `file#row`
    frame        int64                   number of a film's frame, from 0; null of a picture
    time         float64                 its time in seconds; null of a picture
    height       int32                   of picture or frame in pixels; null where it was not read
    width        int32                   the same
    hand         int32                   place of the hand in its picture; in a film its track; null: no hand
    seen         bool                    false where a film's hand is hidden in this frame; null of a picture
    side         string                  "left", "right" or null
    score        float64                 chance in 0..1 that this is a hand
    box          float64 [4]             (x0, y0, x1, y1) that was looked at, image pixels
    points       float64 [21][2]         (x, y) in image pixels, corner origin, as `structures.KEYPOINTS`
    covariance   float64 [21][2][2]      square image pixels
    confidence   float64 [21]            chance to be within 10 % of the hand's size of the truth
    model        string                  the model's hash (16 hexadecimal digits)
    error        string                  why the input gave nothing, or no more; null else
    ===========  ======================  =====================================================================

    Numbers are those of `Hand.to_json`: rounded to a thousandth of a pixel.
    """
    import pyarrow as pa

    number, point = pa.float64(), pa.list_(pa.float64(), 2)
    fields = [
        ("path", pa.string()),
        ("frame", pa.int64()),
        ("time", number),
        ("height", pa.int32()),
        ("width", pa.int32()),
        ("hand", pa.int32()),
        ("seen", pa.bool_()),
        ("side", pa.string()),
        ("score", number),
        ("box", pa.list_(number, 4)),
        ("points", pa.list_(point, 21)),
        ("covariance", pa.list_(pa.list_(point, 2), 21)),
        ("confidence", pa.list_(number, 21)),
        ("model", pa.string()),
        ("error", pa.string()),
    ]
    return pa.schema(fields)


def rows_of(path: str, line: Row, model: str) -> list[Row]:
    """Return the rows of a `Hand.to_json` line of a picture or frame; one without hands has a row that says so.

    Example:
        >>> rows_of("a.jpg", {"size": [4, 5], "hands": []}, "0f")
        [{'path': 'a.jpg', 'frame': None, 'time': None, 'height': 4, 'width': 5, 'model': '0f'}]
    """
    height, width = line["size"]
    head = {"path": path, "frame": line.get("frame"), "time": line.get("time"), "height": height, "width": width}
    head |= {"model": model}
    return [head | _hand(place, hand) for place, hand in enumerate(line["hands"])] or [head]


def _hand(place: int, hand: Row) -> Row:
    columns = ("seen", "side", "score", "box", "covariance", "confidence")
    told = {name: hand.get(name) for name in columns}
    return {"hand": hand.get("track", place), "points": hand["keypoints"], **told}


def failure(path: str, error: Exception, model: str) -> Row:
    """Return the row of an input that could not be read.

    Example:
        >>> failure("a.jpg", ValueError("a.jpg: the file is empty"), "0f")
        {'path': 'a.jpg', 'model': '0f', 'error': 'a.jpg: the file is empty'}
    """
    return {"path": path, "model": model, "error": one_line(error, 500) or type(error).__name__}


_ROWS: Final = 1024
"""Rows that wait in memory before they are written: a film may have a million."""


class Worker:
    """Processes the inputs of chunks and writes their rows.

    Args:
        folder: address of the run.
        settings: how to look.
        model: the model's hash, which that of this machine's file must be.
    """

    def __init__(self, folder: str, settings: BulkSettings, model: str) -> None:
        self.folder, self.settings, self.model = Folder(folder), settings, model
        self._lists: dict[int, pq.ParquetFile] = {}

    @cached_property
    def _photos(self) -> "Predictor":
        return self._loaded(films=False)

    @cached_property
    def _films(self) -> "Predictor":
        return self._loaded(films=True)

    def _loaded(self, films: bool) -> "Predictor":
        import PIL.Image

        PIL.Image.MAX_IMAGE_PIXELS = LARGEST
        if (found := self.settings.model_hash()) != self.model:
            raise ValueError(
                f"this machine's model has the hash {found}, not {self.model}; "
                "give all machines the same package and --model"
            )
        return self.settings.predictor(films)

    def work(self, chunk: Chunk) -> dict[str, int]:
        """Write the part of a chunk, unless it exists; count its `pictures` (and films), `hands` and `failed`.

        Raises:
            ValueError: the model cannot be used.
            OSError: the list cannot be read, or the part not be written.
        """
        counts = {"pictures": 0, "hands": 0, "failed": 0}
        if self.folder.has(chunk.part):
            return counts
        if chunk.inputs not in self._lists:
            self._lists[chunk.inputs] = open_list(self.folder, chunk.inputs)
        inputs = inputs_of(self._lists[chunk.inputs], chunk)
        with self.folder.writing(chunk.part) as path, _Part(path) as part:
            for rows in self._rows(inputs):
                part.add(rows)
                good = "error" not in rows[0]
                counts["pictures"] += good and rows[0]["frame"] in (None, 0)
                counts["failed"] += not good
                counts["hands"] += sum("hand" in row for row in rows)
        return counts

    def _rows(self, inputs: list[Input]) -> Iterator[list[Row]]:
        films = [each for each in inputs if each.kind == "film"]
        for path, image in pictures_of([each for each in inputs if each.kind != "film"], self.settings.column):
            yield self._of_picture(path, image)
        for film in films:
            yield from self._of_film(film.path)

    def _of_picture(self, path: str, image: "Image | Exception") -> list[Row]:
        if isinstance(image, Exception):
            return [failure(path, image, self.model)]
        predict = self._photos
        try:
            hands = predict.crop(image) if self.settings.crop else predict(image)
            line = {"size": image.shape[:2], "hands": [hand.to_json() for hand in hands]}
        except ValueError as error:
            return [failure(path, error, self.model)]
        return rows_of(path, line, self.model)

    def _of_film(self, path: str) -> Iterator[list[Row]]:
        predict = self._films
        try:
            with ExitStack() as files:
                for line in _frames(_local(path, files), predict, self.settings):
                    yield rows_of(path, line, self.model)
        except Exception as error:  # those of file systems on a network are of many kinds
            yield [failure(path, error, self.model)]


class _Part:
    """Writes the rows of a part, some at a time."""

    def __init__(self, path: Path) -> None:
        import pyarrow.parquet as pq

        self._schema = schema()
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")
        self._waiting: list[Row] = []

    def __enter__(self) -> "_Part":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._write()
        self._writer.close()

    def add(self, rows: list[Row]) -> None:
        self._waiting += rows
        if len(self._waiting) >= _ROWS:
            self._write()

    def _write(self) -> None:
        import pyarrow as pa

        self._writer.write_table(pa.Table.from_pylist(self._waiting, self._schema))
        self._waiting = []


def _local(path: str, files: ExitStack) -> str:
    """Return the path of a film on this machine, to which one of a network is copied first."""
    if not is_address(path):
        return path
    system, place = opened(path)
    local = Path(files.enter_context(TemporaryDirectory()), place.rpartition("/")[2])
    system.get_file(place, str(local))
    return str(local)


def _frames(film: str, predict: "Predictor", settings: BulkSettings) -> Iterator[dict[str, Any]]:
    from likelihand.tracking import EVERY, Tracking, VideoReader, track
    from likelihand.tracking.filters import Smoothing
    from likelihand.tracking.times import LONGEST_GAP

    gap = LONGEST_GAP if settings.longest_gap is None else settings.longest_gap
    every = EVERY if settings.detect_every is None else settings.detect_every
    tracking = Tracking(every=every, most=None if predict.detector else 1)
    frames = VideoReader(film, settings.threads, longest_gap=gap)
    for frame in track(frames, predict, settings=tracking, smoothing=Smoothing() if settings.smoothing else None):
        yield frame.to_json()
