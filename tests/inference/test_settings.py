"""One set of defaults for Python and for the command line."""

import inspect

import pytest

from likelihand import load
from likelihand.cli.predict import parser
from likelihand.inference import FILMS, PHOTOS, Predictor, Settings
from likelihand.inference.detection import Detector


@pytest.mark.parametrize("name", Settings.__annotations__)
def test_loads_defaults_are_those_for_photos(name: str) -> None:
    assert inspect.signature(load).parameters[name].default == PHOTOS[name]  # type: ignore[literal-required]


@pytest.mark.parametrize("name", Settings.__annotations__)
def test_the_command_has_an_option_of_each_and_leaves_it_to_the_kind_of_source(name: str) -> None:
    assert getattr(parser().parse_args(["a.jpg"]), name) is None


def test_films_take_less_time_a_frame() -> None:
    assert FILMS["tta"] < PHOTOS["tta"] and (PHOTOS["tiles"], FILMS["tiles"]) == ("always", "never")
    assert (PHOTOS["beyond"], FILMS["beyond"]) == (0.3, 0.0)  # a track's box holds all points already
    parameters = inspect.signature(Predictor).parameters
    assert all(parameters[name].default == PHOTOS[name] for name in ("batch_size", "passes", "tta", "beyond"))  # type: ignore[literal-required]
    assert inspect.signature(Detector).parameters["tiles"].default == "never"
