import cv2
import numpy as np
import pytest

from likelihand.data.drawn import DrawnHands
from likelihand.structures import FINGER_COLOURS, Hand
from likelihand.visualization.drawing import KEYPOINT_COLOURS, Drawing, contact_sheet, draw, draw_keypoints


def hand_of(points, variance=0.0, **fields):
    return Hand(
        points=np.asarray(points, float),
        scale=np.ones((21, 2)),
        box=np.array([0.0, 0, 1, 1]),
        covariance=np.tile(np.eye(2) * variance, (21, 1, 1)),
        **fields,
    )


def centroid(image):
    weight = image.astype(float).sum(2)
    y, x = np.mgrid[: weight.shape[0], : weight.shape[1]] + 0.5
    return np.array([(x * weight).sum(), (y * weight).sum()]) / weight.sum()


@pytest.mark.parametrize("at", [(20.0, 20.0), (20.5, 20.5), (20.25, 19.75)])
def test_a_keypoint_is_drawn_where_it_is_to_a_fraction_of_a_pixel(at):
    canvas = np.zeros((40, 40, 3), np.uint8)
    draw_keypoints(canvas, np.tile(at, (21, 1)), where=np.arange(21) == 0)
    assert np.abs(centroid(canvas) - at).max() < 0.13


def test_bones_wear_their_fingers_colour():
    record = DrawnHands(1, size=256).record(0)
    canvas = np.full((256, 256, 3), 255, np.uint8)
    points = np.stack([np.linspace(20, 230, 21), np.linspace(20, 120, 21) ** 1.02], 1)
    draw_keypoints(canvas, points)
    for tip, finger in zip((4, 8, 12, 16, 20), FINGER_COLOURS, strict=True):
        x, y = points[tip].astype(int)
        assert np.abs(canvas[y, x].astype(int) - FINGER_COLOURS[finger]).max() <= 2
    assert len(KEYPOINT_COLOURS) == 21
    assert record.read().shape == (256, 256, 3)


def test_draw_leaves_the_picture_and_takes_odd_hands():
    image = np.full((50, 60, 3), 128, np.uint8)
    points = np.random.default_rng(0).uniform(5, 45, (21, 2))
    missing = points.copy()
    missing[3] = np.nan
    far = points * 1e9
    hands = [
        hand_of(points, 9.0, side="left"),
        hand_of(missing, np.nan, side="right"),
        hand_of(far, 1e30, side="left", score=0.5),
    ]
    drawing = draw(image, hands)
    assert (image == 128).all()
    assert (drawing.image != 128).any()
    assert (draw(image, []).image == image).all()
    assert (draw(image, [hand_of(np.full((21, 2), np.nan), side="left")]).image == image).all()


def test_the_ellipse_holds_68_percent():
    image = np.zeros((400, 400, 3), np.uint8)
    points = np.full((21, 2), np.nan)
    points[0] = 200.0
    covariance = np.zeros((21, 2, 2))
    covariance[0] = [[2500.0, 1200.0], [1200.0, 900.0]]
    canvas = image.copy()
    draw_keypoints(canvas, points, covariance=covariance)
    ys, xs = np.nonzero(canvas.sum(2) > 300)
    far = np.hypot(xs - 200, ys - 200) > 10
    offsets = np.stack([xs, ys], 1)[far] + 0.5 - 200
    distance = np.sqrt(np.einsum("ni,ij,nj->n", offsets, np.linalg.inv(covariance[0]), offsets))
    assert abs(np.median(distance) - 1.5152) < 0.03
    draws = np.random.default_rng(0).multivariate_normal((0, 0), covariance[0], 40_000)
    inside = np.einsum("ni,ij,nj->n", draws, np.linalg.inv(covariance[0]), draws) < np.median(distance) ** 2
    assert abs(inside.mean() - 0.6827) < 0.02


def test_a_notebook_shows_what_is_saved(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (8, 9, 3), np.uint8)
    shown = cv2.imdecode(np.frombuffer(Drawing(image)._repr_png_(), np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(shown[:, :, ::-1], image)


def test_saved_pictures_keep_their_colours(tmp_path):
    image = np.zeros((4, 4, 3), np.uint8)
    image[..., 0] = 200
    path = Drawing(image).save(tmp_path / "new" / "straße.png")
    read = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    assert read[0, 0].tolist() == [0, 0, 200]
    with pytest.raises(ValueError, match=r"give \.png"):
        Drawing(image).save(tmp_path / "a.xyz")
    with pytest.raises(ValueError, match=r"give \.png"):
        Drawing(image).save(tmp_path / "a")


def test_pictures_of_other_kinds_are_refused():
    with pytest.raises(ValueError, match="uint8"):
        draw(np.zeros((4, 4, 3)), [])
    with pytest.raises(ValueError, match="uint8"):
        draw(np.zeros((4, 4), np.uint8), [])
    with pytest.raises(ValueError, match=r"picture is 'a\.jpg'; give its pixels, as likelihand\.read_image reads"):
        draw("a.jpg", [])


def test_contact_sheet_fits_any_picture_and_centres_it():
    white = [np.full(size, 255, np.uint8) for size in ((10, 40, 3), (300, 20, 3), (1, 1, 3))]
    sheet = contact_sheet(white, columns=2, cell=64, captions=["a", "b", "ü" * 50])
    assert sheet.shape == (2 * 78, 128, 3)
    assert sheet[32, 32].tolist() == [255, 255, 255]
    assert sheet[2, 32].tolist() == [40, 40, 40]
    with pytest.raises(ValueError, match="captions"):
        contact_sheet(white, captions=["a"])
    with pytest.raises(ValueError, match="0 pictures"):
        contact_sheet([])
