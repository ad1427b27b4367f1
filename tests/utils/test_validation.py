"""What files hold is checked, and one short line names what is wrong."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from likelihand.utils.validation import (
    Malformed,
    as_integer,
    as_list,
    as_mapping,
    as_numbers,
    as_text,
    check_least,
    plain,
    read_json,
    read_yaml,
    shown,
)


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def test_anything_is_shown_on_one_short_line() -> None:
    values = ["x" * 10_000, deep(900), {"a": deep(50)}, 10**5000, "a\nb\tc", list(range(9999)), b"a", object()]
    for value in values:
        assert len(shown(value)) <= 63 and "\n" not in shown(value)


def test_a_setting_under_the_least_is_refused_and_none_was_not_given() -> None:
    check_least("limit", None, 1)
    check_least("limit", 1, 1)
    for value in (0, 0.999, float("nan")):
        with pytest.raises(ValueError, match=f"limit is {value}; give 1 or more"):
            check_least("limit", value, 1)


def test_plain_values_are_text_to_compare() -> None:
    assert [plain(v) for v in ("core", 2, 2.5, None, True)] == ["core", "2", "2.5", "None", "True"]
    assert len(plain(deep(900))) < 64


@pytest.mark.parametrize(
    ("value", "shape", "expected"),
    [([1, 2.5], (2,), [1, 2.5]), (["3", " 4.5 "], (2,), [3, 4.5]), ([[1, 2], [3, 4]], (-1, 2), [[1, 2], [3, 4]]),
     (7, (), 7), ([True], None, [1]), ([], None, [])],
)  # fmt: skip
def test_numbers(value: object, shape: tuple[int, ...] | None, expected: object) -> None:
    np.testing.assert_array_equal(as_numbers(value, "f", shape), np.array(expected, float))


def test_blanks_are_nan_where_nan_may_be() -> None:
    assert np.isnan(as_numbers([None, "", "nan", float("nan")], "f", finite=False)).all()
    assert as_numbers([float("inf")], "f", finite=False)[0] == np.inf


@pytest.mark.parametrize(
    ("value", "message"),
    [("x", "f: 'x' is not 2 numbers"), ([1], r"f: \[1\] is not 2 numbers"), ([1, "x"], "is not 2 numbers"),
     ({"a": 1}, "is not 2 numbers"), ([1, {}], "is not 2 numbers"), ([[1], [2, 3]], "is not 2 numbers"),
     ([10**400, 1], "is not 2 numbers"), ([1, float("nan")], "f: nan is not a finite number up to 1e"),
     ([1, None], "f: nan is not"), ([1e9, 1], "f: 1000000000.0 is not"), (deep(900), "is not 2 numbers"),
     ([b"1", 2], "is not 2 numbers")],
)  # fmt: skip
def test_what_is_no_number(value: object, message: str) -> None:
    with pytest.raises(Malformed, match=message):
        as_numbers(value, "f", (2,))


def test_integers() -> None:
    assert [as_integer(v, "f", most=9) for v in (3, 3.0, 0)] == [3, 3, 0]
    for value in (True, 2.5, "3", None, -1, 10, float("nan"), float("inf"), [], 10**400):
        with pytest.raises(Malformed, match="is not a whole number from 0 to 9"):
            as_integer(value, "f", most=9)


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [(as_mapping, {}, []), (as_list, [], {}), (as_text, "a", ""), (as_text, "a", 3), (as_mapping, {"a": 1}, None)],
)
def test_kinds(check: Any, good: object, bad: object) -> None:
    assert check(good, "f") is good
    with pytest.raises(Malformed, match=r"^f: "):
        check(bad, "f")


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "\x00", '{"a": ' + "9" * 5000 + "}", "\xff\xfe\xff"])
def test_what_is_no_json(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_bytes(text.encode("latin1"))
    with pytest.raises(Malformed, match=r"a\.json is not whole JSON \(.*\); give a list") as caught:
        read_json(tmp_path / "a.json", "a list")
    assert len(str(caught.value)) < 400 and "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["a: [", "a: b: c", "!!python/object:a {}", "\x00", "[" * 5000, "&a [*a, *b]"])
def test_what_is_no_yaml(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(Malformed, match=r"a\.yaml is not YAML \(.*\); give a run file") as caught:
        read_yaml(tmp_path / "a.yaml", "a run file")
    assert "\n" not in str(caught.value)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.json is missing; give a list"):
        read_json(tmp_path / "none.json", "a list")
    with pytest.raises(OSError, match=r"cannot be read \(Is a directory\)|denied"):
        read_json(tmp_path, "a list")
    with pytest.raises(OSError, match="cannot be read"):
        read_yaml(tmp_path / ("x" * 5000), "a list")
