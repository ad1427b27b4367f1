"""The public face: its names, and what importing it costs the process."""

import subprocess
import sys
from pathlib import Path

import pytest

import likelihand

NAMES = [
    "Hand",
    "HandFit",
    "HeatmapLoss",
    "IntegralLoss",
    "Predictor",
    "ResidualLogLikelihood",
    "SequentialHeatmapNetwork",
    "TimmBackbone",
    "TrainConfig",
    "data",
    "draw",
    "evaluate",
    "fit",
    "load",
    "read_image",
    "synth",
    "track",
    "train",
]

HEAVY = {"torch", "numpy", "cv2", "onnxruntime", "timm", "numba", "matplotlib", "jsonargparse", "scipy"}


def modules_after(code: str) -> set[str]:
    """Run code in a fresh process and give the top packages that it imported."""
    script = f"{code}\nimport sys; print(*{{name.split('.')[0] for name in sys.modules}})"
    return set(
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    )


def test_names() -> None:
    assert sorted(NAMES) == sorted(likelihand.__all__)
    assert set(NAMES) <= set(dir(likelihand))


@pytest.mark.parametrize("name", NAMES)
def test_every_name_leads_somewhere(name: str) -> None:
    assert getattr(likelihand, name) is getattr(likelihand, name)
    assert callable(getattr(likelihand, name)) or name in {"data", "synth"}


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        likelihand.nothing  # noqa: B018


def test_importing_it_imports_nothing_heavy() -> None:
    assert not modules_after("import likelihand") & HEAVY


def test_using_it_without_training_imports_no_torch() -> None:
    code = "import likelihand as lh; lh.load, lh.read_image, lh.draw, lh.Hand, lh.data, lh.Predictor, lh.track"
    assert not modules_after(code) & {"torch", "timm", "numba", "matplotlib", "onnxruntime"}


def test_help_imports_nothing_heavy() -> None:
    code = "from likelihand.cli import main; main(['--help'])"
    assert not modules_after(code) & HEAVY


def test_reading_labelled_hands_needs_no_numba() -> None:
    """A plain installation scores models on COCO files."""
    assert "numba" not in modules_after("import likelihand.data.check, likelihand.synth")


WITHOUT_OPENCV = """
import sys
from pathlib import Path
sys.modules["cv2"] = None                                   # as where it is not installed
import numpy as np
import likelihand as lh
from likelihand.cli import main
from likelihand.visualization.drawing import Drawing
file = Drawing(np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)).save(sys.argv[1] + "/a.png")
hands = lh.load(threads=1)(file, [[10, 10, 90, 80]])
lh.draw(lh.read_image(file), hands).save(sys.argv[1] + "/b.jpg")
assert len(list(lh.track([lh.read_image(file)] * 2))) == 2
words = ["--out", sys.argv[1], "--threads", "1", "--format", "coco", "--crop"]
assert main(["predict", str(file), *words]) == 0
coco = sys.argv[1] + "/predictions.json"
assert main(["evaluate", str(lh.inference.bundled()), "--data", coco, "--threads", "1"]) == 0
assert main(["models"]) == 0
"""


def test_prediction_and_evaluation_need_no_opencv(tmp_path: Path) -> None:
    """Its packages own one folder, so that requiring one breaks another."""
    command = [sys.executable, "-c", WITHOUT_OPENCV, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_no_requirement_brings_a_package_that_owns_anothers_folder() -> None:
    import tomllib

    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
    extras = {k: v for k, v in project["optional-dependencies"].items() if k not in {"headless", "all"}}
    for requirement in [*project["dependencies"], *(r for extra in extras.values() for r in extra)]:
        assert not requirement.startswith("opencv"), requirement


def test_the_requirements_are_told_for_those_who_have_another_onnx_runtime() -> None:
    import tomllib

    root = Path(__file__).parents[1]
    required = tomllib.loads((root / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {requirement.partition(">")[0] for requirement in required} - {"onnxruntime"}
    (line,) = (
        line
        for line in (root / "docs/how-to/other-packages.md").read_text().splitlines()
        if "pip install numpy" in line
    )
    assert set(line.split()[2:]) == names
