"""The columns of a vertex: where on its body it lies, where in front of the camera, and how much sky it sees."""

from typing import Final, NamedTuple

from likelihand.synth.compiled import inlined
from likelihand.utils.arrays import Doubles

Vector = tuple[float, float, float]

PLACE, ALONG, ACROSS, RAISED, FINGER, PALM, ARM, KNUCKLE = 0, 3, 4, 5, 6, 7, 8, 9
ATTRIBUTES: Final = 10
"""Columns of a body at rest, see `Spot`."""
POSITION, NORMAL, SKY, OPENNESS = 10, 13, 16, 19
CORNER_COLUMNS: Final = 20
"""Columns of a corner of a triangle: the attributes, then those of `Fragment`."""


class Spot(NamedTuple):
    """Where on its body a fragment lies: what paint is a function of.

    Attributes:
        x: of the rest pose, palm lengths: to the thumb's side,
        y: towards the fingers, 0 the wrist and 1 the middle knuckle,
        z: out of the palm.
        along: way along the finger: 0 its first joint, 1 and 2 the next ones, 3 its end; -1 off the fingers.
        across: offset from the finger's axis to the thumb's side, finger radii.
        raised: offset from the finger's axis to the nail's side, finger radii.
        finger: 0 palm and arm, 1 thumb to 5 little finger.
        palm: 0 back of the hand to 1 palm side.
        arm: palm lengths from the wrist down the arm; negative on the hand.
        knuckle: 0 to 1 on a knuckle of the back.
    """

    x: float
    y: float
    z: float
    along: float
    across: float
    raised: float
    finger: float
    palm: float
    arm: float
    knuckle: float


class Fragment(NamedTuple):
    """What a sample of the picture sees of a body.

    Attributes:
        spot: where on the body it is.
        position: in the camera's frame, palm lengths.
        normal: out of the body, of any length.
        sky: linear RGB of the skylight that arrives.
        openness: share of the sky that is open, 0..1.
    """

    spot: Spot
    position: Vector
    normal: Vector
    sky: Vector
    openness: float


@inlined
def fragment_of(row: Doubles) -> Fragment:
    """Return a row (20,) of interpolated corners by name."""
    return Fragment(
        Spot(
            row[0],
            row[1],
            row[2],
            row[ALONG],
            row[ACROSS],
            row[RAISED],
            row[FINGER],
            row[PALM],
            row[ARM],
            row[KNUCKLE],
        ),
        (row[POSITION], row[POSITION + 1], row[POSITION + 2]),
        (row[NORMAL], row[NORMAL + 1], row[NORMAL + 2]),
        (row[SKY], row[SKY + 1], row[SKY + 2]),
        row[OPENNESS],
    )
