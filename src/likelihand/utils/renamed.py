"""Renamed arguments: the old name still works, with a warning that names the new one."""

import warnings
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def renamed(**names: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function accept keyword arguments under their old names too.

    Args:
        names: former name -> name.

    Returns:
        A decorator. The function then warns with a DeprecationWarning that names both, and raises a TypeError
        where an argument comes under both names.

    Example:
        >>> @renamed(colour="color")
        ... def paint(color="red"):
        ...     return color
        >>> paint(color="blue")
        'blue'
        >>> with warnings.catch_warnings(record=True) as seen:
        ...     paint(colour="green"), str(seen[0].message)
        ('green', "paint: argument 'colour' is now called 'color'; give color=...")
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        told = function.__qualname__.removesuffix(".__init__")

        @wraps(function)
        def call(*arguments: P.args, **options: P.kwargs) -> R:
            for old in names.keys() & options.keys():
                new = names[old]
                if new in options:
                    raise TypeError(f"{told}: {old!r} is the former name of {new!r}; give {new}=... alone")
                message = f"{told}: argument {old!r} is now called {new!r}; give {new}=..."
                warnings.warn(message, DeprecationWarning, stacklevel=2)
                options[new] = options.pop(old)
            return function(*arguments, **options)

        return call

    return decorate
