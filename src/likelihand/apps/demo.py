"""The whole pipeline on drawn hands: train, export, score, and run `likelihand predict`."""

import json
import shutil
import sys
from pathlib import Path

from likelihand.inference import Predictor, load
from likelihand.visualization.drawing import Drawing

SIZE = 64
STAGES = 2
SEED = 2


def demo(out: Path, steps: int = 250, hands: int = 24) -> dict[str, float]:
    """Train a small network on drawn hands, export and score it.

    An earlier demonstration's run in `out` is replaced.

    Leaves in `out`: the run with its log and checkpoints, `hand.onnx`, `scores.json`, `pictures` of hands the
    network never saw, and `boxes.json` for them.

    Args:
        out: folder of the results; it is made where it is missing.
        steps: training steps of 16 hands.
        hands: unseen hands to score; at most 12 of them become pictures.

    Returns:
        The scores: NME and PCK at 0.2 on unseen drawn hands, and the export's distance from PyTorch in pixels.
    """
    out.mkdir(parents=True, exist_ok=True)
    if (out / "run" / "run.json").exists():
        shutil.rmtree(out / "run")
    print(f"1/4  training on drawn hands: {STAGES} stages, {steps} steps -> {out / 'run'}")
    checkpoint = _train(out / "run", steps)
    print(f"2/4  exporting -> {out / 'hand.onnx'}")
    difference = _export(checkpoint, out / "hand.onnx")
    print(f"3/4  scoring the exported file on {hands} unseen drawn hands -> {out / 'scores.json'}")
    predict = load(out / "hand.onnx")
    scores = _score(predict, hands, out / "scores.json") | {"export difference px": difference}
    print("     " + ", ".join(f"{name} {value:.4g}" for name, value in scores.items()))
    write_pictures(out / "pictures", out / "boxes.json", count=min(hands, 12))
    return scores


def _train(out: Path, steps: int) -> Path:
    from likelihand.data.drawn import DrawnHands
    from likelihand.losses import HeatmapCrossEntropy, ResidualLogLikelihood, WarmStart
    from likelihand.models import SequentialHeatmapNetwork, TimmBackbone
    from likelihand.training import TrainConfig, train

    backbone = TimmBackbone("tf_efficientnet_lite0", weights="package", stride=16)
    network = SequentialHeatmapNetwork(backbone, stages=STAGES, width=64)
    helper = HeatmapCrossEntropy(stages=STAGES)
    loss = WarmStart(ResidualLogLikelihood(stages=STAGES), helper, steps=2 * steps, weight=3.0)
    config = TrainConfig(
        steps=steps,
        batch_size=16,
        size=SIZE,
        learning_rate=2e-3,
        warm_up=20,
        cosine=True,
        workers=0,
        tensorboard=False,
        device="cpu",
        progress=sys.stderr.isatty(),
    )
    train(network, loss, DrawnHands(steps * 16, size=96), DrawnHands(32, seed=1, size=128), config, out=out)
    return out / "last.safetensors"


def _export(checkpoint: Path, file: Path) -> float:
    from likelihand.inference import metadata_of
    from likelihand.inference.export import export
    from likelihand.models.checkpoint import load_checkpoint

    network, info = load_checkpoint(checkpoint)
    return export(network, file, metadata_of(network, info))


def _score(predict: Predictor, hands: int, file: Path) -> dict[str, float]:
    from likelihand.data.drawn import DrawnHands
    from likelihand.evaluation import evaluate

    unseen = DrawnHands(hands, seed=SEED, size=256)
    report = evaluate(predict.runtime, unseen, progress=sys.stderr.isatty())
    report.save(file)
    return {"NME": report.scores.nme, "PCK@0.2": report.scores.pck[0.2]}


def write_pictures(folder: Path, boxes: Path, count: int) -> None:
    """Write unseen drawn hands as pictures, and their boxes as a JSON file for `likelihand predict`.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> write_pictures(folder / "pictures", folder / "boxes.json", count=2)
        >>> sorted(json.loads((folder / "boxes.json").read_text()))
        ['hand-00.png', 'hand-01.png']
    """
    from likelihand.data.drawn import DrawnHands

    records = {f"hand-{i:02d}.png": DrawnHands(count, seed=SEED, size=256).record(i) for i in range(count)}
    for name, record in records.items():
        Drawing(record.read()).save(folder / name)
    boxes.write_text(json.dumps({name: [record.box.tolist()] for name, record in records.items()}), "utf-8")
