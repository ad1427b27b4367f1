"""A file can name the library's own parts alone."""

import re

import pytest

from likelihand.utils.own import own_part

OWN = {"one": 1, "two": 2}


def test_a_part_is_found_by_its_name() -> None:
    assert [own_part(name, OWN) for name in OWN] == [1, 2]


@pytest.mark.parametrize("name", ["three", "os.system", "", None, 1, ["one"], {"class": "one"}])
def test_anything_else_is_refused_whatever_its_type(name: object) -> None:
    told = re.escape(f"cannot build part {name!r}: expected one of one, two; write it yourself")
    with pytest.raises(ValueError, match=told):
        own_part(name, OWN, "part", "write it yourself")


def test_a_long_name_is_not_told_whole() -> None:
    with pytest.raises(ValueError, match="cannot build") as caught:
        own_part("x" * 10_000, OWN)
    assert len(str(caught.value)) < 120
