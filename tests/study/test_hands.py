import pytest

from likelihand.data.drawn import DrawnHands
from likelihand.study.hands import REAL, TEST, Hands, Pictures


def test_drawn_hands_differ_between_training_and_test(tmp_path):
    made = Pictures(train=3, test=3, size=48, drawn=True).make(tmp_path)
    assert (len(made.train), len(made.test)) == (3, 3) and made.name.startswith("drawn hands, 3")
    assert (made.train.record(0).points != made.test.record(0).points).all()
    assert not list(tmp_path.iterdir())


def test_rendered_hands_are_rendered_once(tmp_path, monkeypatch):
    """Strokes stand in for the renderer, which has tests of its own."""
    synthetic = pytest.importorskip("likelihand.data.synthetic")
    monkeypatch.setattr(synthetic, "Synthetic", lambda count, seed, size, *_: DrawnHands(count, seed, size))
    pictures = Pictures(train=2, test=1, size=32)
    made = pictures.make(tmp_path)
    assert (len(made.train), len(made.test)) == (2, 1)
    assert made.name == "upright rendered hands before generated clutter, 2 to train on, 1 held out"
    written = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.pictures")}
    again = pictures.make(tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.pictures")} == written
    assert (again.train.record(1).read() == made.train.record(1).read()).all()
    with pytest.raises(ValueError, match="was begun with another"):
        Pictures(train=2, test=1, size=40).make(tmp_path)
    with pytest.raises(ValueError, match="was begun with another"):
        Pictures(train=2, test=1, size=32, full=True).make(tmp_path)


def test_real_photos_are_a_test_set_of_their_own():
    drawn = DrawnHands(2)
    assert list(Hands(drawn, drawn).tests) == [TEST]
    assert list(Hands(drawn, drawn, drawn).tests) == [TEST, REAL]


def test_the_description_is_of_the_data_and_not_of_their_place():
    class Elsewhere(DrawnHands):
        root = "somewhere"

    told = Hands(Elsewhere(2, seed=5), DrawnHands(3)).to_json()
    assert told["train"] == {"class": "Elsewhere", "samples": 2, "seed": 5}
