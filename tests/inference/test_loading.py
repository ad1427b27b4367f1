"""Loading: the file says which runtime, and what is wrong is named."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from likelihand.data.images import read_image
from likelihand.inference import bundled, load
from likelihand.inference.detection import Detector, Tiles
from likelihand.inference.predictor import PROPOSED
from likelihand.inference.runtimes import OnnxRuntime


def test_load_names_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "text.onnx").write_text("no model")
    (tmp_path / "empty.onnx").touch()
    with pytest.raises(FileNotFoundError, match=r"missing\.onnx does not exist; make one with"):
        load(tmp_path / "missing.onnx")
    for name in ("text.onnx", "empty.onnx"):
        with pytest.raises(ValueError, match="is not a readable ONNX file"):
            load(tmp_path / name)
    with pytest.raises(ValueError, match=r"hand\.pt is not a file that a runtime reads"):
        load(tmp_path / "hand.pt")
    with pytest.raises(ValueError, match="runtime 'tpu' is not known"):
        load(tmp_path / "text.onnx", runtime="tpu")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="is for runtime 'onnx', not 'torch'"):
        load(tmp_path / "text.onnx", runtime="torch")
    with pytest.raises(FileNotFoundError, match="holds neither best"):
        load(tmp_path)


def test_without_a_bundled_model_load_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("likelihand.inference.loading.WEIGHTS", tmp_path / "weights")
    with pytest.raises(FileNotFoundError, match=r"likelihand train.*likelihand export RUN --out hand\.onnx"):
        load()
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "hand.onnx").write_text("no model, but found")
    with pytest.raises(ValueError, match="is not a readable ONNX file"):
        load()


IMAGE = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)


def test_openvino_gives_the_points_of_onnx_runtime() -> None:
    """Within 0.05 image pixels on the bundled model, one thread or two."""
    pytest.importorskip("openvino")
    boxes = [[10, 10, 90, 100], [0, 0, 160, 120], [60, 30, 150, 110]]
    theirs = load(runtime="onnx", threads=1, detector=False)(IMAGE, boxes)
    for threads in (1, 2):
        ours = load(runtime="openvino", threads=threads, detector=False)(IMAGE, boxes)
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(a.points, b.points, atol=0.05)
            np.testing.assert_allclose(a.scale, b.scale, atol=0.05)


def test_the_bundled_detector_comes_along_unless_it_is_not_wanted() -> None:
    from likelihand.inference.detection import Detector

    file = bundled()
    assert load(threads=1, detector=False).detector is None
    assert isinstance(load(file, threads=1).detector, Detector) == (file.parent / "detect.onnx").is_file()


def test_looking_closer_the_detector_proposes_what_the_joint_score_could_keep() -> None:
    own = OnnxRuntime(bundled().with_name("detect.onnx")).metadata.threshold
    cases: list[tuple[Tiles, float]] = [("always", PROPOSED), ("empty", PROPOSED), ("never", own)]
    for tiles, threshold in cases:
        detector = load(tiles=tiles).detector
        assert isinstance(detector, Detector)
        assert detector.threshold == threshold
    assert own > PROPOSED


def test_openvino_finds_the_same_hands_in_a_photo(shared: Path) -> None:
    pytest.importorskip("openvino")
    image = read_image(shared / "real/labelled/images/hpxplus_790831000_o.jpg")
    ours, theirs = (load(runtime=name, threads=1)(image) for name in ("openvino", "onnx"))  # type: ignore[arg-type]
    assert [h.side for h in ours] == [h.side for h in theirs] and theirs
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.points, b.points, atol=0.05)


def test_a_model_of_another_kind_is_refused(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    from likelihand.inference.metadata import KEY, ModelMetadata

    kind = onnx.TensorProto.UINT8
    ends = [onnx.helper.make_tensor_value_info(name, kind, ["n", 8, 8, 3]) for name in ("crops", "heat")]
    node = onnx.helper.make_node("Identity", ["crops"], ["heat"])
    graph = onnx.helper.make_graph([node], "g", ends[:1], ends[1:])
    model = onnx.helper.make_model(graph, ir_version=10, opset_imports=[onnx.helper.make_opsetid("", 20)])
    model.metadata_props.add(key=KEY, value=ModelMetadata(size=(8, 8), kind="detect", outputs=("heat",)).to_json())
    onnx.save(model, tmp_path / "detect.onnx")
    with pytest.raises(ValueError, match=r"detect\.onnx is of kind 'detect', not 'hand'"):
        load(tmp_path / "detect.onnx")


SIGNAL_AFTER_OPENVINO = """
import gc, signal
import numpy as np
from likelihand import load

model = load(runtime="openvino")
model(np.zeros((96, 96, 3), np.uint8))
del model
gc.collect()
signal.signal(signal.SIGINT, lambda *_: print("handled"))
signal.raise_signal(signal.SIGINT)
"""


def test_a_signal_after_the_last_openvino_model_is_handled() -> None:
    pytest.importorskip("openvino")
    done = subprocess.run(
        [sys.executable, "-c", SIGNAL_AFTER_OPENVINO], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "handled\n"), done.stderr


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"model .*mine does not exist; give an \.onnx file, a checkpoint"):
        load(tmp_path / "mine")
