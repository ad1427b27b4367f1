"""Names that are imported when they are asked for."""

import pytest

from likelihand.utils import lazy
from likelihand.utils.lazy import lazy_names


def test_a_name_is_found_at_its_home_and_unknown_ones_are_named() -> None:
    get, names, every = lazy_names("likelihand.utils", {"utils.tables": "markdown aligned"})
    assert get("aligned")([["a", "1"]]) == "a  1"
    assert "aligned" in names() and every == ["aligned", "markdown"]
    with pytest.raises(AttributeError, match=r"module 'likelihand.utils' has no attribute 'Nothing'"):
        get("Nothing")


def test_a_missing_package_is_told_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(module: str) -> None:
        raise ModuleNotFoundError("No module named 'torch.nn'", name="torch.nn")

    monkeypatch.setattr(lazy, "import_module", missing)
    get, _, _ = lazy.lazy_names("likelihand.utils.lazy", {"losses": "StageLoss"})
    with pytest.raises(ModuleNotFoundError) as told:
        get("StageLoss")
    assert told.value.__notes__ == ["install it with: pip install 'likelihand[train]'"]
