"""Make a bundled hand model's two files, ONNX and weights to train on, of a training's checkpoint.

    python -m experiments.models.release runs/hand-6/last.safetensors --out runs/hand-6 --recipe "..." \
        --training-data "..." [--start hand.safetensors]

`hand.safetensors` holds the averaged weights in half precision without optimiser and flows; `hand.onnx` is
exported from it, so that training begins where prediction ends. Neither is calibrated yet: that is for
`likelihand calibrate`.
"""

import argparse
from dataclasses import replace
from pathlib import Path

from torch import nn

from likelihand.inference import metadata_of
from likelihand.inference.export import export
from likelihand.models import from_config
from likelihand.models.checkpoint import CheckpointError, load_checkpoint, read_info, save_checkpoint


def average(network: nn.Module, other: nn.Module, share: float) -> None:
    """Move a network's weights towards another's of the same architecture, by `share` of the way, in place.

    Between a network and what it became by further training lies one that is better on pictures unlike those of
    the training (Wortsman et al., Robust fine-tuning of zero-shot models, 2022).
    """
    mine = network.state_dict()
    for name, value in other.state_dict().items():
        if value.is_floating_point() and name in mine:  # what is trained further has no depths
            mine[name].lerp_(value, share)


def release(
    checkpoint: Path, out: Path, training_data: str, recipe: str, start: Path | None = None, share: float = 0.5
) -> float:
    """Write both files; return the greatest difference of a point between them, in crop pixels.

    Args:
        checkpoint: of the training.
        out: folder of the files.
        training_data: what the files are to say that they were trained on.
        recipe: how, likewise.
        start: checkpoint that the training started from, to be averaged with.
        share: of the start in the average.

    Raises:
        CheckpointError: the file does not say how to build its network.
    """
    info = read_info(checkpoint)
    if info.network is None:
        raise CheckpointError(f"{checkpoint} does not say how to build its network")
    config = info.network | {"backbone": info.network["backbone"] | {"frozen": 0}}  # whoever trains on decides
    network, _ = load_checkpoint(checkpoint, from_config(config))
    if start is not None:
        average(network, load_checkpoint(start)[0], share)
    plain = replace(
        info, network=config, loss=None, training={"recipe": recipe}, data={"training": training_data}, scores=None
    )
    out.mkdir(parents=True, exist_ok=True)
    weights = out / "hand.safetensors"
    save_checkpoint(weights, network, plain, half=True)
    halved, info = load_checkpoint(weights)
    told = replace(
        metadata_of(halved, info), name="hand", licence="Apache-2.0", training_data=training_data, recipe=recipe
    )
    return export(halved, out / "hand.onnx", told)


def main() -> None:
    """Release the checkpoint named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--training-data", required=True)
    parser.add_argument("--recipe", required=True)
    parser.add_argument("--start", type=Path, help="what the training started from, to be averaged with")
    parser.add_argument("--share", type=float, default=0.5, help="of the start in the average")
    a = parser.parse_args()
    difference = release(a.checkpoint, a.out, a.training_data, a.recipe, a.start, a.share)
    print(f"{a.out / 'hand.onnx'}, at most {difference:.1e} crop pixels from {a.out / 'hand.safetensors'}")


if __name__ == "__main__":
    main()
