import pickle

import numpy as np
import pytest

from likelihand.apps.study.hands import REAL, TEST, Hands, InMemory, Pictures
from likelihand.data.drawn import DrawnHands


def test_drawn_hands_differ_between_the_parts(tmp_path):
    made = Pictures(train=3, validation=2, test=3, size=48, drawn=True).make(tmp_path)
    assert (len(made.train), len(made.validation), len(made.test)) == (3, 2, 3)
    parts = [part.record(0).points for part in (made.train, made.validation, made.test)]
    assert made.name.startswith("drawn hands, 3") and not list(tmp_path.iterdir())
    assert all((parts[i] != parts[j]).all() for i, j in ((0, 1), (0, 2), (1, 2)))


def test_rendered_hands_are_rendered_once(tmp_path, monkeypatch):
    """Strokes stand in for the renderer, which has tests of its own."""
    synthetic = pytest.importorskip("likelihand.data.rendered")
    monkeypatch.setattr(synthetic, "Synthetic", lambda count, seed, size, *_: DrawnHands(count, seed, size))
    pictures = Pictures(train=2, validation=1, test=1, size=32)
    made = pictures.make(tmp_path)
    assert made.name.startswith(
        "upright rendered hands before generated clutter, 2 to train on, 1 to choose on, 1"
    )
    written = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.pictures")}
    again = pictures.make(tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.pictures")} == written
    assert (again.train.record(1).read() == made.train.record(1).read()).all()
    for other in (Pictures(2, 1, 1, 40), Pictures(2, 1, 1, 32, full=True)):
        with pytest.raises(ValueError, match="was begun with another"):
            other.make(tmp_path)


def test_pictures_in_memory_are_read_once():
    class Counted(DrawnHands):
        reads = 0

        def record(self, index):
            type(self).reads += 1
            return super().record(index)

    hands = InMemory(Counted(3, size=48))
    for _ in range(2):
        for i in range(3):
            expected = DrawnHands(3, size=48).record(i)
            assert np.array_equal(hands.record(i).read(), expected.read())
            assert np.array_equal(hands.record(i).points, expected.points)
    assert Counted.reads == 3 and len(hands) == 3
    drawn = InMemory(DrawnHands(2, size=48))
    drawn.record(0)
    assert len(pickle.dumps(drawn)) < 1000


def test_the_first_pictures_are_the_same_pictures():
    hands = Hands(DrawnHands(5), DrawnHands(2), DrawnHands(2))
    few = hands.first(3)
    assert len(few.train) == 3 and few.train.record(2).key == hands.train.record(2).key
    assert hands.first(None) is hands and hands.first(9) is hands


def test_real_photos_are_a_test_set_of_their_own():
    drawn = DrawnHands(2)
    assert list(Hands(drawn, drawn, drawn).tests) == [TEST]
    assert list(Hands(drawn, drawn, drawn, drawn).tests) == [TEST, REAL]


def test_the_description_is_of_the_data_and_not_of_their_place():
    class Elsewhere(DrawnHands):
        root = "somewhere"

    told = Hands(Elsewhere(2, seed=5), DrawnHands(3), DrawnHands(3)).to_json()
    assert told["train"] == {"samples": 2, "seed": 5}
    assert told == Hands(Elsewhere(9, seed=5), DrawnHands(3), DrawnHands(3)).first(2).to_json() | {
        "train": told["train"]
    }
