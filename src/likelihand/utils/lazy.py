"""Packages whose public names are imported when they are first asked for."""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy_names(
    package: str, home: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Make a package's `__getattr__`, `__dir__` (PEP 562) and `__all__`.

    Args:
        package: its `__name__`.
        home: module below `likelihand` -> the names that it holds, with spaces between them; a module that is a
            name itself holds its own name.

    Example:
        >>> get, names, every = lazy_names("likelihand.utils.lazy", {"data.images": "ImageError read_image"})
        >>> get("read_image").__module__, "read_image" in names(), every
        ('likelihand.data.images', True, ['ImageError', 'read_image'])
    """
    modules = {name: module for module, names in home.items() for name in names.split()}

    def get(name: str) -> Any:  # noqa: ANN401
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = import_module(f"likelihand.{modules[name]}")
        value = module if modules[name] == name else getattr(module, name)
        setattr(sys.modules[package], name, value)
        return value

    return get, lambda: sorted({*vars(sys.modules[package]), *modules}), sorted(modules)
