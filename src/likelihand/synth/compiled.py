"""The door to numba: one decorator, and one message where numba is absent."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

try:
    from numba import njit
except ImportError as error:
    raise ImportError(
        "rendering hands needs numba, which is not installed; install it with `pip install likelihand[synth]`"
    ) from error

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile a function over arrays and numbers to machine code on its first call; the result is cached on disk.

    Without fast-math: the same numbers come out on every machine of the same arithmetic.

    Example:
        >>> from likelihand.synth.texture import step  # a function that this decorator compiled
        >>> step(0.5)
        0.5
    """
    return cast(Function, njit(cache=True, nogil=True, error_model="numpy")(function))


def inlined(function: Function) -> Function:
    """Compile a small function as `compiled` does, and copy its code into every compiled function that calls it.

    An array costs seven and more arguments a call: worth it for what runs once a pixel.
    """
    return cast(Function, njit(cache=True, nogil=True, error_model="numpy", forceinline=True)(function))
