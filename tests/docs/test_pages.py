"""The documentation's pages: their links lead somewhere, and the reference leaves nothing out."""

import importlib.util
import re
from pathlib import Path

import pytest

from likelihand.cli import COMMANDS

ROOT = Path(__file__).parents[2]
PAGES = sorted({*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")})
LINK = re.compile(r"\]\(([^)\s]+)\)")


@pytest.fixture(scope="module")
def reference():
    spec = importlib.util.spec_from_file_location("reference_pages", ROOT / "docs/_ext/reference_pages.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def links_of(page: Path) -> list[str]:
    text = re.sub(r"(?s)```.*?```", "", page.read_text("utf-8"))
    return [link.partition("#")[0] for link in LINK.findall(text) if not re.match(r"[a-z]+:|#", link)]


@pytest.mark.parametrize(
    "page", [p for p in PAGES if "_build" not in p.parts], ids=lambda p: str(p.relative_to(ROOT))
)
def test_links_lead_to_files(page: Path) -> None:
    generated = ROOT / "docs/reference"
    missing = [
        link for link in links_of(page)
        if not (page.parent / link).exists() and generated not in (page.parent / link).resolve().parents
    ]  # fmt: skip
    assert not missing


def test_every_page_is_in_a_table_of_contents() -> None:
    docs = ROOT / "docs"
    listed = set()
    for page in docs.rglob("*.md"):
        for block in re.findall(r"(?s)```\{toctree\}(.*?)```", page.read_text("utf-8")):
            names = [line for line in block.splitlines() if line and not line.startswith(":")]
            listed |= {found.resolve() for name in names for found in page.parent.glob(f"{name}.md")}
    pages = {p.resolve() for p in docs.rglob("*.md") if "_build" not in p.parts and p != docs / "index.md"}
    assert pages - listed == set()


def test_a_commands_page_names_every_option_of_its_parser(reference) -> None:
    page = reference.command_page("predict")
    assert ".. option:: --boxes BOXES" in page
    assert ".. option:: SOURCE ..." in page
    assert "Default: ``predictions``" in page


@pytest.mark.parametrize("command", [c for c in COMMANDS if c != "train"])
def test_every_command_has_a_page(reference, command: str) -> None:
    page = reference.command_page(command)
    assert page.startswith(f"likelihand {command}\n====")
    assert ".. option::" in page


def test_the_packages_names_are_listed_with_their_homes(reference) -> None:
    import likelihand

    page = reference.module_page(likelihand)
    for name in likelihand.__all__:
        assert f"`{name} <likelihand." in page


def test_private_modules_have_no_page(reference) -> None:
    pytest.importorskip("torch")
    names = [module.__name__ for module in reference.modules()]
    assert "likelihand.geometry" in names
    assert not [name for name in names if "._" in name]


def test_the_citation_has_the_version() -> None:
    import likelihand

    assert f"version: {likelihand.__version__}" in (ROOT / "CITATION.cff").read_text("utf-8").splitlines()
    assert re.search(rf"(?m)^## {re.escape(likelihand.__version__)} ", (ROOT / "CHANGELOG.md").read_text("utf-8"))
