"""`likelihand models`: what the files say of themselves."""

import json
import shutil
from pathlib import Path

import pytest

from likelihand.cli import main
from likelihand.inference import bundled


def test_the_bundled_models_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models"]) == 0
    told = capsys.readouterr().out
    for file in bundled().parent.glob("*.onnx"):
        assert f"{file}, {file.stat().st_size / 1e6:.1f} MB" in told
    assert told.count("runs on ") == 2 and "CPUExecutionProvider of ONNX Runtime " in told
    assert "finds the 21 keypoints of the hand in a crop" in told and "Apache-2.0" in told
    paths = [str(file) for file in bundled().parent.glob("*.onnx")]
    assert all(len(line) <= 100 for line in told.splitlines() if not any(path in line for path in paths))


def test_json_is_the_files_metadata(capsys: pytest.CaptureFixture[str]) -> None:
    from likelihand.inference.runtimes import OnnxRuntime

    assert main(["models", str(bundled()), "--json"]) == 0
    (card,) = json.loads(capsys.readouterr().out)
    said = json.loads(OnnxRuntime(bundled()).metadata.to_json())
    assert card == {
        "file": str(bundled()),
        "megabytes": pytest.approx(bundled().stat().st_size / 1e6, 0.01),
        "runs_on": "CPUExecutionProvider",
        **said,
    }


def test_a_file_can_be_described(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("onnx")
    file = tmp_path / "mine.onnx"
    shutil.copy(bundled(), file)
    (tmp_path / "scores.json").write_text('{"NME (mine)": 0.0625}')
    texts = ["--recipe", "4 steps", "--speed", "3 ms", "--scores", str(tmp_path / "scores.json")]
    assert main(["models", str(file), "--describe", *texts]) == 0
    told = capsys.readouterr().out
    for row in ("mine", "recipe", "4 steps", "speed", "3 ms", "NME (mine)", "0.0625"):
        assert row in told
    assert [f.name for f in tmp_path.glob("*.onnx")] == ["mine.onnx"]
    # the answers stay what they were
    import numpy as np

    from likelihand.inference import load

    image = np.random.default_rng(0).integers(0, 256, (90, 90, 3), np.uint8)
    old, new = (load(f, threads=1, detector=False).crop(image)[0] for f in (bundled(), file))
    np.testing.assert_array_equal(old.points, new.points)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.onnx"], "missing.onnx does not exist"),
        (["--describe", "--recipe", "x"], "0 were given; give one"),
        (["missing.onnx", "--describe"], "nothing to write"),
        (["missing.onnx", "--describe", "--recipe", "x"], "missing.onnx does not exist"),
        (["a.onnx", "--describe", "--scores", __file__], "is not whole JSON"),
    ],
)
def test_a_wrong_request_is_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", *arguments]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and message in told
