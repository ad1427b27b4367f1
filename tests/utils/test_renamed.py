"""Arguments under their former names."""

import inspect
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from likelihand import Predictor, load
from likelihand.inference.detection import Detector
from likelihand.utils.renamed import renamed


@renamed(looks="tta", closer="tiles")
def look(model: str = "hand", *, tta: int = 4, tiles: str = "always") -> tuple[str, int, str]:
    """Return what was asked for."""
    return model, tta, tiles


def test_a_former_name_is_taken_and_the_warning_says_the_new_one_at_the_caller() -> None:
    with pytest.warns(
        DeprecationWarning, match=r"look: argument 'looks' is now called 'tta'; give tta=..."
    ) as seen:
        assert look("mine", looks=2) == ("mine", 2, "always")  # type: ignore[call-arg]
    assert seen[0].filename == __file__


def test_the_new_names_warn_of_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert look(tta=1, tiles="never") == ("hand", 1, "never")


def test_both_names_are_an_error() -> None:
    with pytest.raises(TypeError, match=r"'looks' is the former name of 'tta'; give tta=... alone"):
        look(looks=1, tta=2)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("function", "old", "new"),
    [
        (load, "looks", "tta"),
        (load, "closer", "tiles"),
        (Predictor, "looks", "tta"),
        (Detector, "closer", "tiles"),
    ],
)
def test_what_takes_a_former_name_has_the_new_one(function: Callable[..., Any], old: str, new: str) -> None:
    names = inspect.signature(function).parameters
    assert new in names and old not in names
    with pytest.raises(TypeError, match=f"'{old}' is the former name of '{new}'"):
        function(**{old: 1, new: 1})
