"""Read pickles of plain numeric arrays without executing any of their code.

A pickle names functions and has them called; one from the web can name any. Here the names that NumPy writes
lead to small classes of this module, which copy numbers; every other name is refused before anything is called.
"""

import io
import math
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_NUMBER: Final = re.compile(r"[biuf](1|2|4|8)")


class UnsafePickle(ValueError):
    """Raised where a pickle contains more than numeric arrays and built-in containers."""


class _Type:
    """Stands for numpy.dtype: an item type of plain numbers."""

    def __init__(self, name: object, *_: object) -> None:
        if not isinstance(name, str) or not _NUMBER.fullmatch(name):
            raise UnsafePickle(f"arrays of type {name!r}")
        self.dtype = np.dtype(name)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        if not isinstance(state, tuple) or len(state) < 2 or state[1] not in ("<", ">", "|", "="):
            raise UnsafePickle("a malformed item type")
        self.dtype = self.dtype.newbyteorder(state[1])


class _Array:
    """Stands for an array that numpy.core.multiarray._reconstruct has begun; `array` holds it when done."""

    def __init__(self, *_: object) -> None:
        self.array: NDArray[Any] = np.zeros(0)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        if not isinstance(state, tuple) or len(state) != 5:
            raise UnsafePickle("a malformed array")
        _, shape, kind, fortran, data = state
        self.array = _from_bytes(data, kind, shape, "F" if fortran is True else "C")


def _from_bytes(data: object, kind: object, shape: object, order: object = "C") -> NDArray[Any]:
    """Make an array of the bytes, after checking that they fit."""
    if isinstance(data, str):
        data = data.encode("latin1")
    known = isinstance(kind, _Type) and isinstance(shape, tuple) and all(type(n) is int for n in shape)
    if not known or not isinstance(data, bytes | bytearray):
        raise UnsafePickle("a malformed array")
    assert isinstance(kind, _Type) and isinstance(shape, tuple)
    if min(shape, default=0) < 0 or math.prod(shape) * kind.dtype.itemsize != len(data):
        raise UnsafePickle(f"an array of shape {shape} with {len(data)} bytes")
    return np.frombuffer(data, kind.dtype).reshape(shape, order="F" if order == "F" else "C")


def _scalar(kind: object, data: object) -> Any:  # noqa: ANN401
    return _from_bytes(data, kind, ()).item()


def _encode(text: object, encoding: object = "latin1") -> bytes:
    """Stand for _codecs.encode, by which Python 3 writes bytes in old protocols."""
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise UnsafePickle(f"text encoded as {encoding!r}")
    return text.encode("latin1")


def _names() -> dict[tuple[str, str], Callable[..., Any]]:
    names: dict[tuple[str, str], Callable[..., Any]] = {
        ("numpy", "ndarray"): _Array,
        ("numpy", "dtype"): _Type,
        ("_codecs", "encode"): _encode,
    }
    for package in ("numpy.core", "numpy._core"):
        names[f"{package}.multiarray", "_reconstruct"] = _Array
        names[f"{package}.multiarray", "scalar"] = _scalar
        names[f"{package}.numeric", "_frombuffer"] = _from_bytes
    return names


_ALLOWED: Final = _names()


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Callable[..., Any]:
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise UnsafePickle(f"{module}.{name}") from None

    def persistent_load(self, pid: object) -> Any:  # noqa: ANN401
        raise UnsafePickle("persistent objects")


def read_arrays(path: str | Path) -> object:
    """Read a pickle of numeric arrays inside dicts, lists and tuples; refuse any other without executing it.

    Args:
        path: the file, of any protocol, from Python 2 or 3 and from any release of NumPy.

    Returns:
        The content. Arrays that are values of a dict of dicts (or of one dict) are NumPy arrays.

    Raises:
        UnsafePickle: the pickle names anything but NumPy's array functions, or is damaged.

    Example:
        >>> import os, tempfile
        >>> file = Path(tempfile.mkdtemp()) / "a.pickle"
        >>> _ = file.write_bytes(pickle.dumps({0: {"K": np.eye(2)}}))
        >>> read_arrays(file)[0]["K"].sum()
        np.float64(2.0)
        >>> _ = file.write_bytes(pickle.dumps(os.getcwd))
        >>> read_arrays(file)  # doctest: +IGNORE_EXCEPTION_DETAIL
        Traceback (most recent call last):
        likelihand.data.unpickle.UnsafePickle: ...
    """
    try:
        content = _Unpickler(io.BytesIO(Path(path).read_bytes()), encoding="latin1").load()
    except UnsafePickle as error:
        raise UnsafePickle(f"{path} asks for {error}; only a pickle of plain numeric arrays is read") from None
    except Exception as error:
        raise UnsafePickle(f"{path} is not a whole pickle ({error}); download it again") from error
    return _opened(content, levels=2)


def _opened(content: object, levels: int) -> object:
    """Replace the stand-ins of arrays by the arrays, in dicts down to `levels`."""
    if isinstance(content, _Array):
        return content.array
    if levels and isinstance(content, dict):
        return {key: _opened(value, levels - 1) for key, value in content.items()}
    return content
