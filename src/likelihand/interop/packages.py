"""Optional third-party packages, imported where they are used."""

from importlib import import_module
from typing import Any


def needed(package: str, purpose: str, install: str = "'likelihand[interop]'") -> Any:  # noqa: ANN401
    """Import a package for a purpose, or say what pip is to install.

    Raises:
        ModuleNotFoundError: it is not installed.

    Example:
        >>> needed("no_such_package", "a .pose file")
        Traceback (most recent call last):
        ModuleNotFoundError: a .pose file needs no_such_package; install it with: pip install 'likelihand[interop]'
    """
    try:
        return import_module(package)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] != package.split(".")[0]:
            raise
        top = package.split(".")[0]
        raise ModuleNotFoundError(f"{purpose} needs {top}; install it with: pip install {install}") from error
