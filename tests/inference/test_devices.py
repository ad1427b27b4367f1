"""Devices: what is not there is one line with the cure, and what falls back in silence is found."""

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from likelihand.cli import main
from likelihand.inference import bundled, load
from likelihand.inference.devices import AUTO, CPU, PROVIDERS, DeviceError, open_on, open_with, provider_name
from likelihand.inference.runtimes import OnnxRuntime

CUDA = "CUDAExecutionProvider"


class Session:
    def __init__(self, used: Sequence[str]) -> None:
        self.used = used

    def get_providers(self) -> Sequence[str]:
        return self.used


def working(*able: str) -> Callable[[Sequence[object]], Session]:
    """Open sessions as ONNX Runtime does: without a word, without the providers that cannot start."""
    return lambda providers: Session([n for n in map(provider_name, providers) if n in able])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("device", "cure"),
    [
        ("cuda", "pip uninstall -y onnxruntime; pip install onnxruntime-gpu"),
        ("tensorrt", "pip install onnxruntime-gpu"),
        ("directml", "pip install onnxruntime-directml"),
        ("coreml", "comes with onnxruntime on macOS"),
    ],
)
def test_a_device_that_is_not_there_names_what_brings_it(device: str, cure: str) -> None:
    needed = provider_name(PROVIDERS[device][0])
    with pytest.raises(DeviceError, match=f"device '{device}' needs {needed}, .* has CPUExecution.*{cure}"):
        open_on(device, [CPU], working(CPU))


def test_a_package_that_another_lies_over_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.metadata.version", lambda package: "1.0")
    with pytest.raises(DeviceError, match=r"onnxruntime-gpu is installed, but another .* lies over it; run: pip"):
        open_on("cuda", [CPU], working(CPU))


def test_a_silent_fallback_is_an_error_where_the_device_was_asked_for() -> None:
    with pytest.raises(DeviceError, match=f"device 'cuda' cannot be used: ONNX Runtime has {CUDA} but could not"):
        open_on("cuda", [CUDA, CPU], working(CPU))
    with pytest.raises(DeviceError, match="it is asked for cannot be used"):
        open_with("it is asked for", [CPU, CUDA], [CUDA, CPU], working(CPU))
    assert open_on("cuda", [CUDA, CPU], working(CUDA, CPU)).used == [CUDA, CPU]


def test_auto_takes_what_works_and_warns_of_what_does_not() -> None:
    with pytest.warns(UserWarning, match="device 'cuda' cannot be used.*the next device is tried"):
        assert open_on("auto", [CUDA, CPU], working(CPU)).used == [CPU]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert open_on("auto", [CUDA, CPU], working(CUDA, CPU)).used[0] == CUDA
        assert open_on("auto", [CPU], working(CPU)).used == [CPU]
    assert set(AUTO) < set(PROVIDERS) and "tensorrt" not in AUTO


def test_an_error_at_the_start_is_the_devices_or_the_models() -> None:
    def only_cpu(providers: Sequence[object]) -> Session:
        if provider_name(providers[0]) != CPU:  # type: ignore[arg-type]
            raise RuntimeError("CUDA failure 100:\n no CUDA-capable device")
        return Session([CPU])

    with pytest.raises(DeviceError, match=r"cannot be used \(CUDA failure 100: no CUDA-capable device\); check"):
        open_on("cuda", [CUDA, CPU], only_cpu)
    with pytest.warns(UserWarning, match="CUDA failure 100"):
        assert open_on("auto", [CUDA, CPU], only_cpu).used == [CPU]

    def never(providers: Sequence[object]) -> Session:
        raise RuntimeError("no model")

    for device in ("cuda", "auto", "cpu"):
        with pytest.raises(RuntimeError, match="no model"):
            open_on(device, [CUDA, CPU], never)


def test_the_cpu_is_the_default_and_says_so() -> None:
    for runtime in (
        OnnxRuntime(bundled()),
        OnnxRuntime(bundled(), device="cpu"),
        OnnxRuntime(bundled(), providers=[CPU]),
    ):
        assert runtime.device == CPU


def test_wrong_requests_are_named() -> None:
    known = "give 'cpu', 'cuda', 'tensorrt', 'coreml', 'directml' or 'auto'"
    with pytest.raises(ValueError, match=f"device 'gpu' is not known; {known}"):
        load(device="gpu")
    with pytest.raises(ValueError, match="device and providers exclude each other"):
        load(device="cpu", providers=[CPU])
    with pytest.raises(ValueError, match="providers is empty"):
        load(providers=[])
    with pytest.raises(DeviceError, match=r"providers=\['NoSuch.*'\] needs NoSuchExecutionProvider, which this"):
        load(providers=["NoSuchExecutionProvider", CPU])


def test_openvino_has_devices_of_its_own() -> None:
    pytest.importorskip("openvino")
    crops = np.zeros((1, 128, 128, 3), np.uint8)
    for device in ("cpu", "auto", None):
        runtime = load(runtime="openvino", device=device, detector=False).runtime
        assert runtime(crops)["points"].shape == (1, 21, 2)
    with pytest.raises(
        DeviceError, match=r"device 'cuda' is none that OpenVINO has here \('auto', 'cpu'.*runtime 'onnx'"
    ):
        load(runtime="openvino", device="cuda")
    with pytest.raises(ValueError, match="providers are ONNX Runtime's, and the runtime is 'openvino'"):
        load(runtime="openvino", providers=[CPU])


@pytest.mark.parametrize("command", ["predict", "evaluate", "models", "bench"])
def test_the_commands_say_what_is_missing_in_one_line(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if CUDA in onnxruntime.get_available_providers():
        pytest.skip("this ONNX Runtime has CUDA")
    (tmp_path / "a.png").touch()
    arguments = {
        "predict": [str(tmp_path / "a.png"), "--out", str(tmp_path)],
        "evaluate": [str(bundled()), "--data.class_path=likelihand.data.DrawnHands", "--data.init_args.count=2"],
        "models": [],
        "bench": ["--quick", "--backbone", "test_resnet", "--stages", "1"],
    }[command]
    assert main([command, *arguments, "--device", "cuda"]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and "device 'cuda' needs CUDAExecutionProvider" in told, told


def on_cuda() -> None:
    """Skip where ONNX Runtime has no CUDA, or there is no GPU for it."""
    if CUDA not in onnxruntime.get_available_providers():
        pytest.skip("this ONNX Runtime has no CUDA")
    try:
        OnnxRuntime(bundled(), device="cuda")
    except DeviceError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("device", ["cuda", "auto"])
def test_cuda_gives_the_points_of_the_cpu(device: str) -> None:
    on_cuda()
    image = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)
    boxes = [[10, 10, 90, 100], [0, 0, 160, 120], [60, 30, 150, 110]]
    predict = load(device=device)
    assert predict.runtime.device == CUDA  # type: ignore[attr-defined]
    assert predict.detector.runtime.device == CUDA  # type: ignore[union-attr]
    for ours, theirs in zip(predict(image, boxes), load()(image, boxes), strict=True):
        np.testing.assert_allclose(ours.points, theirs.points, atol=0.05)
        np.testing.assert_allclose(ours.scale, theirs.scale, atol=0.05)


def test_cuda_takes_options_as_onnx_runtime_does() -> None:
    on_cuda()
    runtime = load(providers=[(CUDA, {"device_id": 0}), CPU], detector=False).runtime
    assert runtime.device == CUDA  # type: ignore[attr-defined]
