"""The bench: every promised figure comes out, and ratios are of the figures beside them. No time is judged."""

import json
import math

import pytest

pytest.importorskip("torch")

from likelihand.evaluation.benchmark import BenchOptions, bench, interleaved, table, to_json

TINY = BenchOptions(backbone="test_resnet", stages=2, size=64, batch=2, rounds=1)


@pytest.fixture(scope="module")
def rows() -> dict[tuple[str, str], float]:
    return {(row.name, row.note): row.value for row in bench(TINY)}


def test_every_figure_is_there(rows: dict[tuple[str, str], float]) -> None:
    names = {name for name, _ in rows}
    promised = {
        "decode + warp / decode",
        "forward, network / bare backbone",
        "step, network / bare backbone",
        "loss and flows / training step",
        "predict, ONNX Runtime / PyTorch",
        "ONNX Runtime against PyTorch",
        "rendered hands",
        "hand model, CPUExecutionProvider",
        "detector, CPUExecutionProvider",
    }
    assert promised <= names
    assert all(value >= 0 for (name, _), value in rows.items() if name != "rendered hands")


def test_ratios_are_of_the_figures_beside_them(rows: dict[tuple[str, str], float]) -> None:
    for (name, note), value in rows.items():
        if name == "forward, network / bare backbone":
            assert value == pytest.approx(rows["forward, network", note] / rows["forward, bare backbone", note])
        if name == "decode + warp / decode":
            assert value == pytest.approx(rows["decode + warp", note] / rows["decode", note])
        if name == "loss and flows / training step":
            loss = rows["loss and flows, forward and backward", note]
            assert value == pytest.approx(100 * loss / rows["step, network", note])


def test_tasks_take_turns() -> None:
    calls: list[str] = []
    interleaved({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, rounds=3)
    assert calls == ["a", "b"] * 4


def test_json_holds_the_table_and_its_options() -> None:
    from likelihand.evaluation.benchmark import Row

    rows = [Row("x", 1.5, "ms", "n"), Row("y", math.nan, "ms")]
    told = json.loads(json.dumps(to_json(TINY, rows), allow_nan=False))
    assert told["options"]["backbone"] == "test_resnet"
    assert [row["value"] for row in told["rows"]] == [1.5, None]
    assert len(table(rows).splitlines()) == 2


def test_wrong_options_are_named() -> None:
    with pytest.raises(ValueError, match="bench option batch is 0; give 1 or more"):
        BenchOptions(batch=0)
    with pytest.raises(ValueError, match="no timm model 'resnet5000'"):
        bench(BenchOptions(backbone="resnet5000", rounds=1))
