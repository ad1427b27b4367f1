"""Look up the library's own parts by name, so that a file can name nothing else."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")


def own_part(name: object, own: Mapping[str, T], kind: str = "", instead: str = "") -> T:
    """Look up a part of the library that a file names; a file from anywhere can name no other.

    The error says what `kind` of part it is and what to do `instead`.

    Raises:
        ValueError: the name is not among them.

    Example:
        >>> own_part("max", {"max": max, "min": min})([1, 2])
        2
        >>> own_part("os.system", {"max": max}, "reduction")
        Traceback (most recent call last):
        ValueError: cannot build reduction 'os.system': expected one of max
    """
    if isinstance(name, str) and name in own:
        return own[name]
    what = " ".join(filter(None, ("cannot build", kind, repr(name)[:60])))
    raise ValueError("; ".join(filter(None, (f"{what}: expected one of {', '.join(own)}", instead))))


def build_own(
    config: Mapping[str, Any], own: Mapping[str, T], build: Callable[[T], R], kind: str = "", instead: str = ""
) -> R:
    """Build what a configuration describes from the part that its "class" names; see `own_part`.

    Raises:
        ValueError: the class is not the library's, or the configuration does not fit it.

    Example:
        >>> build_own({"class": "max"}, {"max": max}, lambda own: own([1, 2]))
        2
    """
    name = config.get("class")
    part = own_part(name, own, kind, instead)
    try:
        return build(part)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"the configuration does not describe a {name}: {error!r}") from error
