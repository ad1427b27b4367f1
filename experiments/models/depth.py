"""Add a head that says how far away keypoints are to a trained network; nothing else of it changes.

    python -m experiments.models.depth hand.safetensors --rendered FOLDER --out hand-depth.safetensors

FOLDER is what `experiments.models.gpu.render` writes: photos have no say, since nobody knows their depths. The
backbone stands still, so that what the head sees of each crop is computed once; the last tenth of the chunks is
not trained on, and says when to stop: the weights of the best epoch are kept.
"""

import argparse
import copy
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from experiments.models.gpu.pictures import augment
from experiments.models.gpu.pools import Pool, crops_of
from likelihand.models import SequentialHeatmapNetwork
from likelihand.models.checkpoint import config_of, load_checkpoint, read_info, save_checkpoint
from likelihand.models.heads import DepthHead, features_at

ROTATION = 60.0
"""Degrees that crops are turned by."""
PER_CALL = 32
"""Crops that the backbone sees at once."""


@torch.no_grad()
def look(network: SequentialHeatmapNetwork, chunk: Path, size: int) -> dict[str, Tensor]:
    """Crop a chunk's hands, each once, and compute what the head needs of them.

    Returns:
        By name: `own` (N, 21, C) features about each keypoint, `whole` (N, C) their average, `points` (N, 21, 2)
        and `depth` (N, 21), the truth, in crop pixels.
    """
    with np.load(chunk) as file:
        if "depth" not in file.files:
            raise SystemExit(f"{chunk} holds no depths; render again with experiments.models.gpu.render")
        z = {name: file[name] for name in file.files}
    count, side = z["pictures"].shape[:2]
    pool = Pool(count, side, torch.device("cpu"))
    labels = np.concatenate([z["points"], np.ones((count, 21, 1)), z["depth"][..., None]], 2)
    pool.add(z["pictures"], labels, z["box"], np.ones((count, 2)), np.ones(count))
    # a label's noise is scaled as the crop is, and so stands for the depth
    crops, _, _, depth, _ = crops_of(pool, torch.arange(count), ROTATION, size)
    parts = [features(network, part) for part in torch.split(augment(crops), PER_CALL)]
    own, whole, points = (torch.cat(each) for each in zip(*parts, strict=True))
    return {"own": own.half(), "whole": whole.half(), "points": points, "depth": depth}


def features(network: SequentialHeatmapNetwork, crops: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Compute features about keypoints (N, 21, C), their average (N, C), and points (N, 21, 2) of crops."""
    maps = network.features(crops)
    prediction = network.predict(crops, every=False)[-1]
    return features_at(prediction.heatmaps, maps), maps.mean((-2, -1)), prediction.mean


def found(head: DepthHead, seen: dict[str, Tensor], side: int) -> Tensor:
    """Run a head on what was computed of crops; return depths and log scales (N, 21, 2) in crop pixels."""
    own = F.linear(seen["own"].float(), head.reduce.weight.flatten(1), head.reduce.bias)
    return head.of_parts(own, seen["whole"].float(), seen["points"], side)


def nats(predicted: Tensor, depth: Tensor) -> Tensor:
    """Compute the negative log density (N, 21) of depths under Laplace densities."""
    mean, log_scale = predicted.unbind(-1)
    return log_scale + (depth - mean).abs() * torch.exp(-log_scale) + math.log(2)


def train(
    head: DepthHead, seen: dict[str, Tensor], held: dict[str, Tensor], side: int, a: argparse.Namespace
) -> None:
    """Train a head; leave it with the weights of the epoch that explains the held-out hands best."""
    optimizer = torch.optim.AdamW(head.parameters(), lr=a.rate, weight_decay=a.decay)
    steps = a.epochs * math.ceil(len(seen["depth"]) / a.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, a.rate, total_steps=steps, pct_start=0.05, cycle_momentum=False
    )
    best, weights = math.inf, copy.deepcopy(head.state_dict())
    for epoch in range(a.epochs):
        head.train()
        for rows in torch.split(torch.randperm(len(seen["depth"])), a.batch):
            part = {name: values[rows] for name, values in seen.items()}
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(nats(found(head, part, side), part["depth"]).mean())
            torch.nn.utils.clip_grad_norm_(head.parameters(), 5.0)
            optimizer.step()
            schedule.step()
        head.eval()
        with torch.no_grad():
            predicted = found(head, held, side)
        loss = float(nats(predicted, held["depth"]).mean())
        error = float((predicted[..., 0] - held["depth"]).abs().mean()) / side
        alone = float(held["depth"].abs().mean()) / side
        print(f"epoch {epoch + 1}: {loss:.3f} nats, off by {error:.4f} of the crop ({alone:.4f} of a flat hand)")
        if loss < best:
            best, weights = loss, copy.deepcopy(head.state_dict())
    head.load_state_dict(weights)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--rendered", type=Path, required=True)
    parser.add_argument("--chunks", type=int, help="most chunks to take; all by default")
    parser.add_argument("--epochs", type=int, default=18)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--decay", type=float, default=0.05)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    a = parser.parse_args()
    torch.manual_seed(a.seed)
    info = read_info(a.checkpoint)
    network, _ = load_checkpoint(a.checkpoint)
    if not isinstance(network, SequentialHeatmapNetwork):
        raise SystemExit(f"{a.checkpoint} holds a {type(network).__name__}; give a SequentialHeatmapNetwork")
    chunks = sorted(a.rendered.glob("*.npz"))[: a.chunks]
    if len(chunks) < 2:
        raise SystemExit(f"{a.rendered} holds {len(chunks)} chunks; give 2 or more, one of them to hold out")
    parts = [look(network, chunk, info.size[0]) for chunk in tqdm(chunks, unit="chunk")]
    held = max(1, len(parts) // 10)
    seen, kept = (
        {name: torch.cat([part[name] for part in some]) for name in parts[0]}
        for some in (parts[:-held], parts[-held:])
    )
    network.depth = DepthHead(network.backbone.channels, network.keypoints, network.width)
    train(network.depth, seen, kept, max(info.size), a)
    save_checkpoint(a.out, network, replace(info, network=config_of(network)))
    print(f"{len(seen['depth'])} hands, {len(kept['depth'])} held out -> {a.out}")


if __name__ == "__main__":
    main()
