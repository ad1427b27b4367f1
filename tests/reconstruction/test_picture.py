import numpy as np

from likelihand.reconstruction import fit
from likelihand.reconstruction.picture import draw_fits, draw_turned
from tests.reconstruction.hands import hand_of, made


def test_the_skin_covers_the_keypoints_and_leaves_the_rest():
    image = np.zeros((420, 620, 3), np.uint8)
    hand = hand_of(made(1, seed=31)[0][0].points, 2.0)
    found = fit([hand])
    drawn = draw_fits(image, found)
    assert not image.any()
    column, row = np.floor(found[0].reprojected[[1, 2, 5, 6, 9, 10, 13, 17]]).astype(int).T
    assert drawn[row, column].any(-1).mean() > 0.8
    assert 0.005 < drawn.any(-1).mean() < 0.5


def test_a_whole_turn_is_none():
    found = fit([hand_of(made(1, seed=32)[0][0].points, 2.0)])[0]
    front, side, again = (draw_turned(found, degrees, 64) for degrees in (0, 90, 360))
    np.testing.assert_array_equal(front, again)
    assert (front != side).any()
