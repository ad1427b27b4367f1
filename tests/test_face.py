"""The public face: its names, and what importing it costs the process."""

import subprocess
import sys

import pytest

import likelihand

NAMES = [
    "Hand",
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
