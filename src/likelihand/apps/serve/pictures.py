"""Decode the pictures and boxes of a request, checking sizes before allocating memory."""

import io
import json
import warnings
from typing import Any

from likelihand.apps.serve.limits import Limits, Refusal
from likelihand.data.images import ImageError, decode_image
from likelihand.geometry import Image

Boxes = list[list[float]]


def picture_of(data: bytes, name: str, limits: Limits) -> Image:
    """Decode a picture after checking the size in its header.

    Raises:
        Refusal: it is no picture, or has too many pixels.

    Example:
        >>> picture_of(b"P6 2 1 255 " + bytes(6), "a.ppm", Limits()).shape
        (1, 2, 3)
    """
    width, height = _size(data, name)
    if width * height > limits.pixels:
        raise Refusal(413, f"{name}: {width} x {height} pixels; at most {limits.pixels} are taken")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a decoder's remarks are no business of the log
            return decode_image(data, name)
    except ImageError as error:
        raise Refusal(415, str(error)) from error


def _size(data: bytes, name: str) -> tuple[int, int]:
    import PIL.Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return PIL.Image.open(io.BytesIO(data)).size
    except PIL.Image.DecompressionBombError as error:
        raise Refusal(413, f"{name}: too many pixels") from error
    except Exception as error:  # the decoders' errors are of many kinds
        raise Refusal(415, f"{name}: no picture ({len(data)} bytes); send JPEG, PNG or WebP") from error


def boxes_of(text: str | None, limits: Limits) -> Boxes | None:
    """Read boxes as JSON, [[x0, y0, x1, y1], ...]; None where there are none.

    Raises:
        Refusal: it is something else, or there are too many.

    Example:
        >>> boxes_of("[[0, 0, 9, 9]]", Limits())
        [[0, 0, 9, 9]]
    """
    return None if text is None else _checked(_json(text), limits)


def boxes_by_name(text: str | None, limits: Limits) -> dict[str, Boxes]:
    """Read boxes of several pictures as JSON, {"a.jpg": [[x0, y0, x1, y1], ...]}.

    Raises:
        Refusal: it is something else, or there are too many.
    """
    values = {} if text is None else _json(text)
    if not isinstance(values, dict):
        raise Refusal(422, 'boxes are no JSON object; send {"a.jpg": [[x0, y0, x1, y1], ...]}')
    return {name: _checked(boxes, limits) for name, boxes in values.items()}


def _json(text: str) -> Any:  # noqa: ANN401
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Refusal(422, "boxes are not JSON; send [[x0, y0, x1, y1], ...]") from error


def _checked(values: Any, limits: Limits) -> Boxes:  # noqa: ANN401
    def is_number(value: object) -> bool:
        return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9

    good = isinstance(values, list) and all(
        isinstance(box, list) and len(box) == 4 and all(map(is_number, box)) for box in values
    )
    if not good:
        raise Refusal(422, "boxes are no list of (x0, y0, x1, y1); send [[x0, y0, x1, y1], ...]")
    if len(values) > limits.boxes:
        raise Refusal(413, f"{len(values)} boxes; at most {limits.boxes} are taken")
    return list(values)
