"""Validate structured files as they are read: errors name the file, the place, the value and what was expected.

Our own lines and not a library: msgspec and pydantic decode a file as a whole, so that one bad annotation costs
the good ones; they refuse the NaN that tools write beside a visibility of 0; and the core would depend on them.

Every function takes `where`, the beginning of the line: "labels.json annotation 17, field bbox".
"""

import json
import reprlib
from pathlib import Path
from typing import Any, Final, NoReturn

import numpy as np
from numpy.typing import NDArray

LARGEST: Final = 1e6
"""Larger than any picture: a coordinate beyond it is a mistake."""

_TEXT: Final = 60
_REPR: Final = reprlib.Repr()
_REPR.maxlevel, _REPR.maxdict, _REPR.maxlist, _REPR.maxstring, _REPR.maxother = 2, 2, 4, _TEXT, _TEXT


class Malformed(ValueError):
    """Raised where a value of a file is invalid."""


def shown(value: object) -> str:
    """Return a value as short text on one line, however large or deep it is.

    Example:
        >>> shown([[[[1]]], 2, "x" * 10_000])
        "[[[...]], 2, 'xxxxxxxxxxxxxxxxxxxxxxxxxx...
    """
    try:
        text = " ".join(_REPR.repr(value).split())
    except ValueError:  # an int of more digits than Python prints
        text = f"a huge {type(value).__name__}"
    return text if len(text) <= _TEXT else f"{text[: _TEXT - 20]}..."


def plain(value: object) -> str:
    """Return a value as text to compare or to group by: as `str` where it is simple, short where it is nested.

    Example:
        >>> plain(2), plain("core"), plain([[[1]]])
        ('2', 'core', '[[[...]]]')
    """
    return str(value) if isinstance(value, str | int | float | None) else shown(value)


def one_line(error: object, most: int = 120) -> str:
    r"""Return what an error says on one line, which a library may spread over many, cut to a length.

    Example:
        >>> one_line(ValueError("no map,\n  but a list"))
        'no map, but a list'
    """
    return " ".join(str(error).split())[:most]


def fail(where: str, value: object, expected: str) -> NoReturn:
    """Raise `Malformed` with a one-line message.

    Example:
        >>> fail("a.json image 3, field id", None, "a number or text")
        Traceback (most recent call last):
        likelihand.utils.validation.Malformed: a.json image 3, field id: None is not a number or text
    """
    raise Malformed(f"{where}: {shown(value)} is not {expected}")


def check_least(name: str, value: float | None, least: float) -> None:
    """Refuse a setting that is under the least that makes sense; None is one that was not given.

    Example:
        >>> check_least("--limit", 0, 1)
        Traceback (most recent call last):
        ValueError: --limit is 0; give 1 or more
    """
    if value is not None and not value >= least:
        raise ValueError(f"{name} is {value}; give {least} or more")


def read_bytes(path: str | Path, what: str) -> bytes:
    """Return the bytes of a file.

    Args:
        path: of the file.
        what: the kind of file, for the message where it is missing.

    Raises:
        FileNotFoundError: it is missing; the message says what to give.
        OSError: it cannot be read.

    Example:
        >>> read_bytes("a.json", "a COCO keypoint JSON file")
        Traceback (most recent call last):
        FileNotFoundError: a.json is missing; give a COCO keypoint JSON file
    """
    file = Path(path)
    try:
        return file.read_bytes()
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{file} is missing; give {what}") from error
    except OSError as error:
        raise type(error)(f"{shown(str(file))} cannot be read ({error.strerror}); give {what}") from error


def read_json(path: str | Path, what: str) -> Any:  # noqa: ANN401
    """Return the content of a JSON file in UTF-8 (with or without a byte order mark), UTF-16 or UTF-32.

    Raises:
        OSError: it is missing or cannot be read.
        Malformed: it is not JSON.
    """
    return parse_json(read_bytes(path, what), str(path), what)


def parse_json(data: bytes | str, where: str, what: str) -> Any:  # noqa: ANN401
    """Return what JSON text holds.

    Raises:
        Malformed: it is not JSON, or nested too deeply.

    Example:
        >>> parse_json(b"{", "a.json", "a boxes file")
        Traceback (most recent call last):
        likelihand.utils.validation.Malformed: a.json is not whole JSON (Expecting property name enclosed in ...
    """
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"{where} is not whole JSON ({one_line(error)}); give {what}") from error


def read_yaml(path: str | Path, what: str) -> Any:  # noqa: ANN401
    """Return the content of a YAML file, of plain values alone.

    Raises:
        OSError: it is missing or cannot be read.
        Malformed: it is not YAML.
    """
    import yaml

    try:
        return yaml.safe_load(read_bytes(path, what))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise Malformed(f"{path} is not YAML ({one_line(error)}); give {what}") from error


def as_mapping(value: object, where: str) -> dict[str, Any]:
    """Return a mapping after checking that it is one."""
    return value if isinstance(value, dict) else fail(where, value, "a mapping")


def as_list(value: object, where: str) -> list[Any]:
    """Return a list after checking that it is one."""
    return value if isinstance(value, list) else fail(where, value, "a list")


def as_text(value: object, where: str) -> str:
    """Return text after checking that it is some."""
    return value if isinstance(value, str) and value else fail(where, value, "text")


def as_integer(value: object, where: str, least: int = 0, most: int = 2**53) -> int:
    """Return a whole number after checking that it is one within bounds; 3.0 is one, True is none."""
    whole = isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1
    if not isinstance(value, int | float) or not whole or not least <= value <= most:
        fail(where, value, f"a whole number from {least} to {most}")
    return int(value)


def as_numbers(
    value: object, where: str, shape: tuple[int, ...] | None = None, finite: bool = True
) -> NDArray[np.float64]:
    """Return numbers, or lists of them, as an array; text that reads as a number is one, None and "" are NaN.

    Args:
        value: whatever the file holds.
        where: begins the line of the error.
        shape: what it must be; -1 stands for any length. Any shape where None.
        finite: False lets NaN and infinity pass; True also bounds the numbers by `LARGEST`.

    Raises:
        Malformed: it holds something else.

    Example:
        >>> as_numbers([1, "2.5", None], "a.json annotation 3, field keypoints", finite=False)
        array([1. , 2.5, nan])
    """
    expected = "a number" if shape == () else f"{_counted(shape)}numbers"
    try:
        array = np.array(_without_blanks(value), np.float64)
    except (TypeError, ValueError, OverflowError, RecursionError):
        fail(where, value, expected)
    if shape is not None and (
        array.ndim != len(shape) or any(n not in (m, -1) for m, n in zip(array.shape, shape, strict=True))
    ):
        fail(where, value, expected)
    if finite and not (np.abs(array) <= LARGEST).all():
        worst = array.ravel()[int(np.argmax(~(np.abs(array.ravel()) <= LARGEST)))]
        fail(where, float(worst), f"a finite number up to {LARGEST:g}")
    return array


def _counted(shape: tuple[int, ...] | None) -> str:
    sizes = ["some" if n < 0 else str(n) for n in shape or ()]
    return f"{' x '.join(sizes)} " if sizes else ""


def _without_blanks(value: object) -> object:
    """Put None where text is blank, and refuse what NumPy would take for numbers and is none."""
    if isinstance(value, list):
        simple = set(map(type, value)) <= {int, float}
        return value if simple else [_without_blanks(v) for v in value]
    if isinstance(value, str):
        return value if value.strip() else None
    if isinstance(value, int | float | None):
        return value
    raise TypeError(type(value).__name__)
