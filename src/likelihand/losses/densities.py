"""Serialise densities to plain values, as stored in checkpoints, and back."""

from collections.abc import Mapping
from typing import Any, Final

from likelihand.ops.flows import Base, Density, RealNVP, StandardLaplace, StandardNormal, StandardStudent

MOST: Final = 10_000
"""Couplings, flows or cells of a flow that a file may ask for."""


def density_config(density: Density) -> dict[str, Any] | None:
    """Describe a density in plain values for JSON; None where it is not the library's own.

    Example:
        >>> density_config(RealNVP(hidden=8, base=StandardStudent(3)))["base"]
        {'class': 'StandardStudent', 'freedom': 3}
    """
    if type(density) in (StandardNormal, StandardLaplace):
        return {"class": type(density).__name__}
    if type(density) is StandardStudent:
        return {"class": "StandardStudent", "freedom": density.freedom}
    if type(density) is RealNVP and (base := density_config(density.base)) is not None:
        counts = {"couplings": density.couplings, "hidden": density.hidden, "flows": density.flows}
        return {"class": "RealNVP", **counts, "base": base}
    return None


def density_from_config(config: Mapping[str, Any]) -> Density:
    """Build the density that `density_config` described, with fresh weights.

    Raises:
        ValueError: it is not the library's own, or its arguments do not fit.
    """
    name = config.get("class")
    if name == "RealNVP":
        counts = {key: checked_count(config, key) for key in ("couplings", "hidden", "flows")}
        return RealNVP(**counts, base=_base(config["base"]))
    return _base(config)


def _base(config: Mapping[str, Any]) -> Base:
    name = config.get("class")
    if name == "StandardStudent":
        return StandardStudent(checked_count(config, "freedom"))
    if name in ("StandardNormal", "StandardLaplace"):
        return StandardNormal() if name == "StandardNormal" else StandardLaplace()
    raise ValueError(f"cannot build density {name!r}: expected one of the library's own")


def checked_count(config: Mapping[str, Any], key: str) -> int:
    """Return a whole number from 1 to 10,000."""
    value = config.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST:
        raise ValueError(f"{key} is {str(value)[:40]}: expected a whole number from 1 to {MOST}")
    return value
