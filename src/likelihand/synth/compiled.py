"""Compile functions with numba, with one error message where it is missing.

Numba's cache on disk looks at a function's own file alone, but machine code holds what other files contributed. So
the cache lies in a folder named by the sources of the whole package: other sources, another folder.
"""

import hashlib
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

try:
    from numba import config as numba_config, njit
except ImportError as error:
    raise ImportError(
        "rendering hands needs numba, which is not installed; install it with "
        "pip install 'likelihand[synth,headless]'"
    ) from error

config: Any = numba_config
Function = TypeVar("Function", bound=Callable[..., Any])


@cache
def cache_folder() -> str:
    """Return the cache folder of the code compiled from the present sources.

    It lies in NUMBA_CACHE_DIR where that is set, else beside the sources, else in the user's cache.
    """
    here = Path(__file__).parent
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in sorted(here.rglob("*.py")))).hexdigest()
    beside = here / "__pycache__" if os.access(here, os.W_OK) else Path.home() / ".cache"
    return str(Path(config.CACHE_DIR or beside) / f"likelihand-{digest[:16]}")


def is_compiled() -> bool:
    """Say whether machine code of these very sources was kept by an earlier process."""
    return any(Path(cache_folder()).rglob("*.nbi"))


def _njit(function: Function, forceinline: bool = False) -> Function:
    """Compile with the cache in our folder; numba reads its setting as the function is wrapped."""
    earlier = config.CACHE_DIR
    config.CACHE_DIR = cache_folder()
    try:
        wrapped = njit(cache=True, nogil=True, error_model="numpy", forceinline=forceinline)(function)
    finally:
        config.CACHE_DIR = earlier
    return cast(Function, wrapped)


def compiled(function: Function) -> Function:
    """Compile a function over arrays and numbers to machine code on its first call; the result is cached on disk.

    Without fast-math: the same numbers come out on every machine of the same arithmetic.
    """
    return _njit(function)


def inlined(function: Function) -> Function:
    """Compile a small function as `compiled` does, and copy its code into every compiled function that calls it.

    An array costs seven and more arguments a call: worth it for what runs once per pixel.
    """
    return _njit(function, forceinline=True)
