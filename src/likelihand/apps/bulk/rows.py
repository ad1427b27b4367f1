"""Rows of a bulk run's Parquet files: one per hand, and one per input without any."""

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import pyarrow as pa

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
    points       float64 [21][2]         (x, y) in image pixels, corner origin, in the order of `likelihand.hand`
    covariance   float64 [21][2][2]      square image pixels
    confidence   float64 [21]            chance to be within 10 % of the hand's size of the truth
    model        string                  the model's hash (16 hexadecimal digits)
    error        string                  why the input gave nothing, or no more; null else
    ===========  ======================  =====================================================================

    Numbers are those of `Hand.to_json`: rounded to a thousandth of a pixel.

    Example:
        >>> schema().names[:4]
        ['path', 'frame', 'time', 'height']
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
    """Return the rows of a picture or of a film's frame; one without hands has a row that says so.

    Args:
        path: of the picture or film.
        line: its `size` and `hands` as JSON; of a frame its `frame` and `time` too.
        model: the model's hash.

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
    text = " ".join(str(error).split())[:500] or type(error).__name__
    return {"path": path, "model": model, "error": text}
