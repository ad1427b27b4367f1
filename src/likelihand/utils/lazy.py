"""Packages whose public names are imported when they are first asked for."""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy_names(package: str, home: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Make a package's `__getattr__` and `__dir__` (PEP 562).

    Args:
        package: its `__name__`.
        home: public name -> the module that holds it, below `likelihand`; a module that is itself the name has its
            own name as its home.

    Returns:
        The two functions.

    Example:
        >>> get, names = lazy_names("likelihand.utils.lazy", {"read_image": "data.images"})
        >>> get("read_image").__module__, "read_image" in names()
        ('likelihand.data.images', True)
    """

    def get(name: str) -> Any:  # noqa: ANN401
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = import_module(f"likelihand.{home[name]}")
        value = module if home[name] == name else getattr(module, name)
        setattr(sys.modules[package], name, value)
        return value

    return get, lambda: sorted({*vars(sys.modules[package]), *home})
