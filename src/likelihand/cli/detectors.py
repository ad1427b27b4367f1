"""What `likelihand evaluate` does with a hand detector."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from likelihand.cli.labelled import opened, where_of
from likelihand.cli.parsing import Namespace

if TYPE_CHECKING:
    from likelihand.data.scenes import Scenes
    from likelihand.inference.runtimes import Runtime


def detector_of(model: Path, threads: int | None, device: str | None = None) -> "Runtime | None":
    """Open a model if it is a hand detector."""
    from likelihand.inference import metadata_of, model_file
    from likelihand.inference.runtimes import OnnxRuntime, TorchRuntime, torch_device

    file = model_file(model)
    if file.suffix.lower() == ".safetensors":
        from likelihand.models.checkpoint import load_checkpoint, read_info

        if (read_info(file).network or {}).get("class") != "DetectionNetwork":
            return None
        network, info = load_checkpoint(file)
        return TorchRuntime(network.deploy().to(torch_device(device)), metadata_of(network, info), threads)
    if file.suffix.lower() != ".onnx":
        return None
    runtime = OnnxRuntime(file, threads, device=device)
    return runtime if runtime.metadata.kind == "detect" else None


def judge(runtime: "Runtime", arguments: Namespace) -> int:
    """Count missed hands and false detections by source, and print the table."""
    from likelihand.evaluation import evenly
    from likelihand.evaluation.boxes import count_detections, format_counts
    from likelihand.inference.detection import Detector
    from likelihand.utils import distributed

    scenes = _scenes(arguments)
    detector = Detector(runtime, arguments.threshold)
    indices = evenly(len(scenes), arguments.limit)
    counts = count_detections(detector, scenes, indices, workers=arguments.workers, progress=sys.stderr.isatty())
    if distributed.rank():
        return 0
    print(f"score at least {detector.threshold:g}")
    print(format_counts(counts))
    if arguments.json is not None:
        content = {name: asdict(each) for name, each in counts.items()}
        arguments.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return 0


def _scenes(arguments: Namespace) -> "Scenes":
    """Open whole pictures: a COCO file, a folder of photos without hands, or a mix that a YAML file describes."""
    from likelihand.data import CocoScenes, EmptyScenes, SceneMix

    data = arguments.data
    if isinstance(data, Path) and data.is_dir():
        return EmptyScenes(data)
    if isinstance(data, Path) and data.suffix == ".json":
        return CocoScenes(data, where=where_of(arguments))
    built = opened(arguments)
    if not isinstance(built, SceneMix):
        raise ValueError(f"{type(built).__name__} holds no whole pictures; give a hand detector a SceneMix")
    return built
