"""The statistics and the report of the ablation; its runs are commands that have tests of their own."""

import argparse
import importlib
import math

import pytest

for package in ("torch", "numba", "matplotlib"):
    pytest.importorskip(package)


T_TWO = 4.302652729696142
"""Student's t of two degrees of freedom at 0.975: sqrt(2 * 0.95^2 / (1 - 0.95^2))."""


@pytest.fixture(scope="module")
def tool():
    return importlib.import_module("experiments.ablations")


def rows(**errors):
    """Rows of runs whose errors are the same on all sets of hands."""
    return [
        {"variant": name, "seed": str(seed)}
        | {
            f"{s}_{k}": "9" if k == "hands" else f"{v}"
            for s in ("all", "easy", "others")
            for k in ("hands", "nme", "median")
        }
        for name, values in errors.items()
        for seed, v in enumerate(values)
    ]


def test_differences_and_their_spread(tool):
    values = tool.by_variant(rows(**{"one-skin": [0.3, 0.36], "all": [0.2, 0.22], "upright": [0.19]}), "all_nme")
    assert list(values) == ["upright", "all", "one-skin"]
    deviation = math.sqrt((2 * 0.03**2 + 2 * 0.01**2) / 2)
    assert tool.deviation(values) == pytest.approx((deviation, 2))
    assert tool.difference(values, "one-skin") == pytest.approx((0.12, T_TWO * deviation))
    assert tool.difference(values, "upright") == pytest.approx((-0.02, T_TWO * deviation * math.sqrt(1.5)))
    assert tool.verdict(0.12, 0.1) == "worse"
    assert tool.verdict(*tool.difference(values, "upright")) == "none"
    assert tool.verdict(-0.2, 0.1) == "better"
    single = tool.by_variant(rows(all=[0.2], upright=[0.9]), "all_nme")
    assert tool.verdict(*tool.difference(single, "upright")) == "unknown: one seed"


def test_rows_come_back_by_their_settings(tool, tmp_path):
    settings = {"pictures": "4", "base_steps": "1", "steps": "2", "size": "64"}
    written = [row | settings | {"steps": str(n)} for n in (2, 3) for row in rows(all=[0.2, 0.3])]
    for row in written:
        tool.add_row(tmp_path / "new" / "a.csv", row)
    assert tool.read_rows(tmp_path / "new" / "a.csv", settings) == written[:2]
    assert tool.read_rows(tmp_path / "none.csv", settings) == []


def test_the_report_has_every_variant_and_a_figure(tool, tmp_path):
    a = argparse.Namespace(
        config=tool.TEMPLATE.with_name("ablation.yaml"),
        report=tmp_path / "r.md",
        backgrounds=None,
        count=40,
        picture_size=96,
        base_steps=2,
        steps=3,
        size=64,
        seeds=2,
    )
    errors = {name: [0.2 + 0.01 * i, 0.21 + 0.01 * i] for i, name in enumerate(tool.VARIANTS)}
    tool.write_report(rows(**errors), a, rows(all=[0.33])[0], rows(all=[0.27])[0])
    text = (tmp_path / "r.md").read_text()
    assert all(variant.label in text for variant in tool.VARIANTS.values())
    assert "+0.0100 ± 0.0160 | none" in text and "+0.0700 ± 0.0160 | worse" in text
    assert (
        "96 crops of its variant (3 steps of 32)" in text
        and "sees 64 crops of pictures without" in text
        and "begin with has 0.27" in text
        and "--count 40 --base-steps 2 --steps 3" in text
        and "PHOTOS " not in text.split("repeat it")[1][:120]
    )
    assert (tmp_path / "r.png").read_bytes().startswith(b"\x89PNG")
