"""Codes of boxes are what their formula says, and come back."""

import torch
from hypothesis import given, settings, strategies as st

from likelihand.ops.box_coding import UNIT, decode, encode, grid_centres

LENGTH = st.floats(2.0, 400.0)
PLACE = st.floats(-200.0, 400.0)


@settings(deadline=None, max_examples=30)
@given(PLACE, PLACE, LENGTH, LENGTH, PLACE, PLACE)
def test_decode_undoes_encode(x0: float, y0: float, width: float, height: float, x: float, y: float) -> None:
    box = torch.tensor([x0, y0, x0 + width, y0 + height], dtype=torch.float64)
    centre = torch.tensor([x, y], dtype=torch.float64)
    torch.testing.assert_close(decode(encode(box, centre), centre), box, atol=1e-6, rtol=1e-9)


def test_code_is_the_same_at_any_resolution_but_for_the_size() -> None:
    box, centre = torch.tensor([10.0, 20.0, 50.0, 36.0]), torch.tensor([28.0, 24.0])
    small, large = encode(box, centre), encode(3 * box, 3 * centre)
    torch.testing.assert_close(small[:2], large[:2])
    torch.testing.assert_close(large[2:] - small[2:], torch.full((2,), 3.0).log())
    assert float(UNIT * small[2].exp()) == 40.0


def test_centres_stand_in_the_middle_of_cells() -> None:
    centres = grid_centres((2, 3), 8)
    assert centres.shape == (2, 3, 2)
    assert centres[1, 2].tolist() == [20.0, 12.0]
