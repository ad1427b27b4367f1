"""From films to tracked hands."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from likelihand.geometry import box_of_points
from likelihand.inference import Predictor
from likelihand.inference.metadata import ModelMetadata
from likelihand.inference.predictor import CONFIDENCE
from likelihand.tracking import Frame, Region, TrackedHand, Tracking, draw_tracks, track, tracker_of, unmirrored
from tests.tracking.conftest import TIMES, picture

SHAPE = np.random.default_rng(0).uniform(12, 52, (21, 2))


class Model:
    """Sees the same hand in the middle of every crop."""

    metadata = ModelMetadata(size=(64, 64))

    def __call__(self, crops: Any) -> Any:
        return {"points": np.stack([SHAPE] * len(crops)), "scale": np.ones((len(crops), 21, 2))}


def test_a_film(film: Path) -> None:
    frames = list(track(film, Predictor(Model(), tta=1)))
    np.testing.assert_allclose([f.seconds for f in frames], TIMES, atol=1e-4)
    assert [[hand.track for hand in f.hands] for f in frames] == [[0]] * 10
    assert frames[3].image.shape == (48, 64, 3)


def test_frames_with_times_and_plain_pictures() -> None:
    timed = [Frame(5 + i, 2.0 + t, picture(i)) for i, t in enumerate(TIMES)]
    given = list(track(timed, Predictor(Model(), tta=1)))
    assert [f.index for f in given] == list(range(5, 15)) and given[1].seconds == 2.04
    plain = list(track((picture(i) for i in range(3)), Predictor(Model(), tta=1), rate=10))
    assert [f.seconds for f in plain] == [0.0, 0.1, 0.2]


def test_it_is_lazy() -> None:
    def endless() -> Any:
        while True:
            yield picture(0)

    frames = track(endless(), Predictor(Model(), tta=1))
    assert [next(frames).index for _ in range(3)] == [0, 1, 2]


def test_the_detector_of_the_predictor_is_used() -> None:
    def detect(image: Any) -> list[Region]:
        return [
            Region(np.array([4.0, 4.0, 24.0, 24.0]), "left"),
            Region(np.array([36.0, 20.0, 60.0, 44.0]), "right"),
        ]

    predict = Predictor(Model(), detector=detect, tta=1)
    (frame,) = track([picture(0)], predict)
    assert [(h.track, h.side) for h in frame.hands] == [(0, "left"), (1, "right")]
    (once,) = predict(picture(0), [[4, 4, 24, 24]])
    (twice,) = predict(picture(0), [box_of_points(once.points)])
    np.testing.assert_allclose(frame.hands[0].points, twice.points)
    assert tracker_of(predict).settings == Tracking(confidence=CONFIDENCE) and tracker_of(predict).detect is detect


def test_drawing_leaves_the_frame_alone_and_names_hands() -> None:
    image = np.zeros((200, 300, 3), np.uint8)
    points = 60 + 80 * np.random.default_rng(0).random((21, 2))
    seen = TrackedHand(points, np.ones((21, 2)), np.zeros(4), track=7, side="left")
    drawn = draw_tracks(image, [seen])
    assert image.max() == 0 and (drawn > 0).sum() > 500
    hidden = TrackedHand(points, np.ones((21, 2)), np.zeros(4), track=7, seen=False)
    faint = draw_tracks(image, [hidden])
    assert 0 < (faint > 0).sum() < 0.5 * (drawn > 0).sum()
    other = TrackedHand(points, np.ones((21, 2)), np.zeros(4), track=8, side="left")
    assert (draw_tracks(image, [other]) != drawn).any()


def test_a_damaged_film_gives_its_frames_first(film: Path, tmp_path: Path) -> None:
    data = film.read_bytes()
    (tmp_path / "cut.mp4").write_bytes(data[: len(data) // 2])
    frames = []
    with pytest.raises(ValueError, match=r"cut\.mp4"):
        for frame in track(tmp_path / "cut.mp4", Predictor(Model(), tta=1)):
            frames.append(frame)


def detected(image: Any) -> list[Region]:
    return [Region(np.array([4.0, 4.0, 24.0, 24.0]), "left")]


@pytest.mark.parametrize(("of_predictor", "of_track", "side"), [(0, 0, "left"), (0, 1, "right"), (1, 1, "left")])
def test_a_mirrored_film(of_predictor: bool, of_track: bool, side: str) -> None:
    """A predictor that was loaded for mirrored pictures, with its detector, has turned the sides by itself."""
    predict = Predictor(Model(), detector=detected, mirrored=bool(of_predictor), tta=1)
    (frame,) = track([picture(0)], predict, mirrored=bool(of_track))
    assert [hand.side for hand in frame.hands] == [side]


def test_pixels_turned_back() -> None:
    frames = [Frame(0, 0.0, picture(1)), Frame(1, 0.5, picture(2))]
    turned = list(unmirrored(frames))
    assert [(f.index, f.seconds) for f in turned] == [(0, 0.0), (1, 0.5)]
    np.testing.assert_array_equal(turned[1].image, picture(2)[:, ::-1])
    assert turned[1].image.flags.c_contiguous


def test_the_predictors_rule_of_confidence_counts_for_tracks_too() -> None:
    predict = Predictor(Model(), detector=detected, confidence=0.5, tta=1)
    assert tracker_of(predict).settings.confidence == 0.5
    assert tracker_of(predict, Tracking(confidence=0.2)).settings.confidence == 0.2


def test_track_loads_the_model_that_the_command_loads(
    film: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The same film gives the same hands in Python and on the command line."""
    import likelihand.inference
    from likelihand.cli import main

    loaded: list[dict[str, Any]] = []

    def load(path: Any = None, **settings: Any) -> Predictor:
        loaded.append({"path": path, "tta": 1, "tiles": "always", "passes": 1, "mirrored": False} | settings)
        return Predictor(Model(), detector=detected, tta=1)

    monkeypatch.setattr(likelihand.inference, "load", load)
    list(track([picture(0)]))
    assert main(["predict", str(film), "--out", str(tmp_path), "--no-overlay"]) == 0
    by_name = [{name: one[name] for name in ("path", "tta", "tiles", "passes", "mirrored")} for one in loaded]
    assert by_name[0] == by_name[1] and by_name[0]["tta"] == 1 and by_name[0]["tiles"] == "never"
