"""What makes the covariances of hands that are fitted to several views hold what they say."""

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources

from likelihand.uncertainty import RadialTable


@dataclass(frozen=True, slots=True)
class Regions:
    """Fitted on rendered hands by `experiments.fit_views_study`, for the default settings of a fit.

    Attributes:
        factors: of the standard deviations of joints, by the number of cameras from two on.
        angle_factors: of those of angles, alike.
        radial: distances of joints to probabilities, in space.
    """

    factors: tuple[float, ...]
    angle_factors: tuple[float, ...]
    radial: RadialTable

    def of(self, cameras: int) -> tuple[float, float]:
        """Return the factors of joints and angles; of more cameras than were measured, those of the most."""
        place = min(cameras, len(self.factors) + 1) - 2
        return self.factors[place], self.angle_factors[place]


@cache
def load_regions() -> Regions:
    """Read them out of the package, once a process.

    Example:
        >>> load_regions().of(7) == load_regions().of(4)
        True
    """
    content = json.loads(resources.files("likelihand.multiview").joinpath("regions.json").read_text())
    radial = RadialTable(tuple(content["levels"]), tuple(content["radii"]), content["tail"])
    return Regions(tuple(content["factors"]), tuple(content["angle_factors"]), radial)
