"""From bytes to pictures and boxes: sizes are known before anything large is made."""

import numpy as np
import pytest

from likelihand.apps.serve.limits import Refusal
from likelihand.apps.serve.pictures import boxes_by_name, boxes_of, picture_of
from likelihand.data.images import decode_image
from tests.apps.serve.conftest import SMALL, picture


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_picture_is_what_its_file_is(form):
    data = picture(30, 40, form)
    np.testing.assert_array_equal(picture_of(data, "a", SMALL), decode_image(data, "a"))


def test_too_many_pixels_are_refused_by_the_head_alone(monkeypatch):
    data = picture(1001, 1000)
    monkeypatch.setattr("likelihand.apps.serve.pictures.decode_image", lambda *_: pytest.fail("it was decoded"))
    with pytest.raises(Refusal, match=r"a\.png: 1000 x 1001 pixels; at most 1000000 are taken") as refused:
        picture_of(data, "a.png", SMALL)
    assert refused.value.status == 413


@pytest.mark.parametrize("data", [b"", b"no picture", picture()[:60]])
def test_what_is_no_picture_is_refused(data):
    with pytest.raises(Refusal) as refused:
        picture_of(data, "a.png", SMALL)
    assert refused.value.status == 415 and "a.png" in refused.value.reason


def test_boxes_are_json():
    assert boxes_of(None, SMALL) is None and boxes_of("[]", SMALL) == []
    assert boxes_of("[[0, 0.5, 9, 9]]", SMALL) == [[0, 0.5, 9, 9]]
    assert boxes_by_name(None, SMALL) == {} and boxes_by_name('{"a": []}', SMALL) == {"a": []}


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("{", 422), ("{}", 422), ("[[1, 2, 3]]", 422), ("[[1, 2, 3, true]]", 422), ("[[1, 2, 3, NaN]]", 422),
        ("[[1, 2, 3, 1e10]]", 422), ("[" * 100_000, 422),
        ('[[1, 2, 3, "4"]]', 422), (str([[0, 0, 1, 1]] * 6), 413),
    ],
)  # fmt: skip
def test_other_boxes_are_refused(text, status):
    for read, given in ((boxes_of, text), (boxes_by_name, f'{{"a": {text}}}')):
        with pytest.raises(Refusal) as refused:
            read(given, SMALL)
        assert refused.value.status == status and "\n" not in refused.value.reason
