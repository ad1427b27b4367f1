"""Tests."""

import hashlib
import json
import re
from pathlib import Path

import pytest

from likelihand.apps.web.files import BUILT, Page, page_constants
from likelihand.inference.predictor import CONFIDENCE

WEB = Path(__file__).parents[3] / "web"
INPUTS = ("index.html", "package-lock.json", "public", "src", "vite.config.ts")
SOURCES = WEB / "src" / "core"
TYPES = {"tracking": ("constants.ts", "TrackingSettings"), "smoothing": ("filter.ts", "SmoothingSettings")}


def names_of(text: str) -> set[str]:
    """Return the names that an interface, or an object within one, declares."""
    return set(re.findall(r"readonly (\w+)\??:", text))


def body(file: str, interface: str) -> str:
    found = re.search(rf"interface {interface} \{{\n(.*?)\n\}}", (SOURCES / file).read_text(), re.DOTALL)
    assert found, f"{file} has no interface {interface}"
    return found[1]


def test_it_is_json_without_a_number_that_is_none() -> None:
    told = page_constants()
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert told["tracking"]["confidence"] == CONFIDENCE  # as in photos


def test_the_page_types_every_part() -> None:
    text = body("constants.ts", "Constants")
    outer = re.sub(r"\{.*?\}", "", text, flags=re.DOTALL)
    assert names_of(outer) == set(page_constants())


@pytest.mark.parametrize("part", ["detection", "predictor", "uncertainty"])
def test_the_page_types_what_is_in_a_part(part: str) -> None:
    found = re.search(rf"readonly {part}: \{{(.*?)\n  \}};", body("constants.ts", "Constants"), re.DOTALL)
    assert found and names_of(found[1]) == set(page_constants()[part])


@pytest.mark.parametrize("part", TYPES)
def test_settings_are_those_of_the_filter_and_the_tracker(part: str) -> None:
    assert names_of(body(*TYPES[part])) == set(page_constants()[part])


def test_the_built_page_is_of_these_sources():
    files = [
        f for s in INPUTS for f in ([WEB / s] if (WEB / s).is_file() else (WEB / s).rglob("*")) if f.is_file()
    ]
    digest = hashlib.sha256()
    for name, file in sorted((f.relative_to(WEB).as_posix(), f) for f in files):
        digest.update(name.encode() + b"\0" + file.read_bytes() + b"\0")
    built = json.loads((BUILT / "build.json").read_text())
    assert built["sources"] == digest.hexdigest(), "the page is stale; run `npm ci && npm run build` in web/"


def test_every_file_that_the_page_lists_is_there():
    page = Page()
    listed = json.loads((BUILT / "build.json").read_text())["files"]
    assert set(listed) <= set(page.names)
    assert {"index.html", "sw.js", "models/hand.onnx", "models/detect.onnx", "constants.json"} <= set(page.names)
