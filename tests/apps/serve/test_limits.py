"""Bounds of a server, and the refusals that say so."""

import math
from dataclasses import fields

import pytest

from likelihand import cli
from likelihand.apps.serve.limits import Limits, Refusal


def test_a_wrong_option_is_one_line(capsys):
    assert cli.main(["serve", "--queue", "0"]) == 2
    assert "limit queue is 0" in capsys.readouterr().err


@pytest.mark.parametrize("name", [field.name for field in fields(Limits)])
@pytest.mark.parametrize("value", [0, -1, math.nan])
def test_every_limit_is_above_nothing(name, value):
    with pytest.raises(ValueError, match=f"limit {name} is {value}; give a number above 0"):
        Limits(**{name: value})


def test_a_refusal_is_one_line_whatever_it_quotes():
    assert (Refusal(415, "a\n  b\t").status, Refusal(415, "a\n  b\t").reason) == (415, "a b")
