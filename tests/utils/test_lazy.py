"""Names that are imported when they are asked for."""

import pytest

from likelihand.utils.lazy import lazy_names


def test_a_name_is_found_at_its_home_and_unknown_ones_are_named() -> None:
    get, names, every = lazy_names("likelihand.utils", {"utils.tables": "markdown aligned"})
    assert get("aligned")([["a", "1"]]) == "a  1"
    assert "aligned" in names() and every == ["aligned", "markdown"]
    with pytest.raises(AttributeError, match=r"module 'likelihand.utils' has no attribute 'Nothing'"):
        get("Nothing")
