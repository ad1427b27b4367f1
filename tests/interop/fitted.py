"""Lines of a film with fitted hands."""

from typing import Any

from likelihand.cli.fits import fit_json
from likelihand.reconstruction import HandFit, fit
from likelihand.structures import Side
from tests.reconstruction.hands import hand_of, made


def film(
    count: int = 3, sides: tuple[Side, ...] = ("right", "left")
) -> tuple[list[dict[str, Any]], list[list[HandFit]]]:
    """Return the lines of a film, a track a side, and the fits of each track."""
    tracks = [
        fit([hand_of(h.points, 2.0, side) for h in made(count, seed=40 + number, shaped=1.0)[0]])
        for number, side in enumerate(sides)
    ]
    lines = [
        {
            "frame": frame,
            "time": frame / 25,
            "size": [400, 600],
            "hands": [
                {"track": n, "side": t[frame].side, "fit": fit_json(t[frame])} for n, t in enumerate(tracks)
            ],
        }
        for frame in range(count)
    ]
    return lines, tracks
