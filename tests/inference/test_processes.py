"""A predictor travels: pickled, into threads, forked and fresh processes, with the same answers everywhere."""

import copy
import multiprocessing
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from likelihand.inference import Predictor, bundled, load
from likelihand.inference.metadata import ModelMetadata
from likelihand.inference.runtimes import OnnxRuntime, TorchRuntime
from tests.inference.forked_script import answers, make

TIMEOUT = 300  # a hang, on however slow a machine


def settings(predict: Predictor) -> dict[str, object]:
    return {name: value for name, value in vars(predict).items() if name not in {"runtime", "detector"}}


@pytest.fixture(scope="module")
def predict() -> Predictor:
    return make()


def test_a_pickled_predictor_answers_the_same_and_is_small(predict: Predictor) -> None:
    data = pickle.dumps(predict)
    assert len(data) < 20_000, "the settings travel, not the model"
    again = pickle.loads(data)
    np.testing.assert_array_equal(answers(again), answers(predict))
    assert settings(again) == settings(predict)
    assert (again.detector.threshold, again.detector.tiles) == (predict.detector.threshold, "empty")  # type: ignore[union-attr]
    np.testing.assert_array_equal(answers(copy.deepcopy(predict)), answers(predict))


def test_a_path_travels_to_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(bundled().parent)
    data = pickle.dumps(load("hand.onnx", detector=False))
    monkeypatch.chdir(tmp_path)
    assert answers(pickle.loads(data)).shape == (2, 21, 2)


def test_a_model_in_memory_travels_with_its_bytes() -> None:
    inside = Predictor(OnnxRuntime(bundled().read_bytes(), threads=1), tta=1)
    again = pickle.loads(pickle.dumps(inside))
    np.testing.assert_array_equal(answers(again), answers(load(threads=1, detector=False, tta=1)))
    with pytest.raises(ValueError, match="model in memory is not a readable ONNX file"):
        OnnxRuntime(b"no model")


def test_a_model_on_pytorch_travels_with_its_weights() -> None:
    pytest.importorskip("torch")
    from tests.tiny import tiny_network

    runtime = TorchRuntime(tiny_network().deploy(), ModelMetadata(size=(64, 64), stages=2))
    predict = Predictor(runtime, tta=1)
    np.testing.assert_array_equal(answers(pickle.loads(pickle.dumps(predict))), answers(predict))


def test_openvino_travels_and_serves_threads() -> None:
    pytest.importorskip("openvino")
    predict = load(runtime="openvino", threads=1, detector=False, tta=1)
    expected = answers(predict)
    np.testing.assert_array_equal(answers(pickle.loads(pickle.dumps(predict))), expected)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(answers, [predict] * 16):
            np.testing.assert_array_equal(found, expected)


def test_threads_share_a_predictor(predict: Predictor) -> None:
    expected = answers(predict)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(answers, [predict] * 16):
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("method", ["fork", "spawn", "inherited"])
def test_processes_take_a_predictor(method: str, predict: Predictor, tmp_path: Path) -> None:
    if method != "spawn" and "fork" not in multiprocessing.get_all_start_methods():
        pytest.skip("no fork on this system")
    out = tmp_path / "points.npy"
    # A fresh process: what others have loaded here, threads and signal handlers, is not safe to fork.
    command = [sys.executable, "-m", "tests.inference.forked_script", method, str(out)]
    subprocess.run(command, cwd=Path(__file__).parents[2], check=True, timeout=TIMEOUT)
    for found in np.load(out):
        np.testing.assert_array_equal(found, answers(predict))


def test_joblib_takes_a_predictor(predict: Predictor) -> None:
    joblib = pytest.importorskip("joblib")
    expected = answers(predict)
    for backend in ("loky", "threading"):
        for found in joblib.Parallel(n_jobs=2, backend=backend)(
            joblib.delayed(answers)(predict) for _ in range(4)
        ):
            np.testing.assert_array_equal(found, expected)
