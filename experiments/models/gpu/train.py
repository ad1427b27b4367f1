r"""Train the bundled hand model on one GPU in minutes: pictures, crops and augmentation stay on the GPU.

    python -m experiments.models.gpu.train --photos PHOTOS.npz --empty FOLDER --rendered FOLDER \
        --start WEIGHTS --seconds 500 --out RUN

Photos are cut hands with labels and each label's own scale (`pack.py`); rendered hands come from `render.py` while
this runs. The rate falls to zero over the given seconds, so that the run ends where it should however fast the GPU
is. Writes `last.safetensors`, a checkpoint that `likelihand evaluate` and `export` take.
"""

import argparse
import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

import likelihand as lh
from experiments.models.gpu.pools import Batches, Pool, Rendered, read_empty, read_photos
from likelihand.models import from_config
from likelihand.models.checkpoint import CheckpointInfo, config_of, load_checkpoint, read_info, save_checkpoint
from likelihand.models.heads import separable_transposed_convolution
from likelihand.ops.heatmaps import log_gaussian_profiles, widen
from likelihand.training.memory import keep_freed_memory


class Likelihood(nn.Module):
    """`ResidualLogLikelihood(residual="laplace", symmetric=True)` given each label's own scale.

    The density of a label is conditional on its own noise: sigma^2 = sigma_model^2 + sigma_label^2.
    """

    def __init__(self, stages: int) -> None:
        super().__init__()
        self.loss = lh.ResidualLogLikelihood(stages=stages, residual="laplace", symmetric=True)

    def forward(self, mean: Tensor, log_scale: Tensor, target: Tensor, weight: Tensor, noise: Tensor) -> Tensor:
        """Compute nats (S, N, K) of means and log scales (S, N, K, 2); noise (N, K) in crop pixels."""
        known = (weight > 0)[..., None]
        target = torch.where(known, target, mean.detach())
        total = 0.5 * torch.log(torch.exp(2 * widen(log_scale)) + noise[..., None].square())
        residual = (widen(target) - widen(mean)) * torch.exp(-total)
        stages = len(mean)
        density = self.loss.log_density(residual.reshape(stages, -1, 2), None if stages > 1 else 0)
        density = density.reshape(mean.shape[:-1])
        return (total.sum(-1) - density) * weight


def cross_entropy(heatmaps: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Compute the cross-entropy (N, K) of heatmaps to Gaussians of one cell, as `HeatmapCrossEntropy`."""
    size = (heatmaps.shape[-2], heatmaps.shape[-1])
    x, y = (profile.softmax(-1) for profile in log_gaussian_profiles(target, size, 4, 1.0))
    h = widen(heatmaps)
    expected = ((h * x.unsqueeze(-2)).sum(-1) * y).sum(-1)
    return (h.flatten(-2).logsumexp(-1) - expected) * weight


class Step(nn.Module):
    """Network and losses: a batch's loss as one number."""

    def __init__(self, network: nn.Module, stages: int, trait_weight: float) -> None:
        super().__init__()
        self.network, self.likelihood, self.trait_weight = network, Likelihood(stages), trait_weight

    def forward(
        self, crops: Tensor, target: Tensor, weight: Tensor, noise: Tensor, traits: Tensor, helper: float
    ) -> tuple[Tensor, Tensor]:
        """Compute the loss, and nats, helper, the two traits' losses and the error in pixels for the log."""
        predictions = self.network(crops)
        mean = torch.stack([p.mean for p in predictions])
        log_scale = torch.stack([p.log_scale for p in predictions])
        count = weight.sum().clamp_min(1)
        nats = self.likelihood(mean, log_scale, target, weight, noise).sum((1, 2)) / count
        ce = sum(cross_entropy(p.heatmaps, target, weight).sum() for p in predictions) / count
        known = ~traits.isnan()
        bce = nn.functional.binary_cross_entropy_with_logits(
            widen(predictions[-1].traits), traits.nan_to_num(0.0), reduction="none"
        )
        bce = (bce * known).sum(0) / known.sum(0).clamp_min(1)
        error = ((mean[-1] - target).norm(dim=-1) * weight).sum() / count
        loss = nats.sum() + helper * ce + self.trait_weight * bce.sum()
        return loss, torch.stack([nats[-1], ce, bce[0], bce[1], error]).detach()


def make_network(start: Path | None, width: int, stages: int, frozen: int = 0) -> nn.Module:
    """Make the bundled architecture on a backbone of ImageNet weights, or of others that take colours in 0..1."""
    weights, mean, std = ("package", None, None) if start is None else (start, (0.0,) * 3, (1.0,) * 3)
    backbone = lh.TimmBackbone("tf_efficientnet_lite0", weights=weights, stride=8, context=[16, 32], frozen=frozen)
    return lh.SequentialHeatmapNetwork(
        backbone, stages=stages, width=width, upsampling=separable_transposed_convolution, traits=True,
        mean=mean, std=std,
    )  # fmt: skip


def go_on_from(checkpoint: Path, frozen: int) -> tuple[nn.Module, tuple[int, int]]:
    """Load a network to be trained further, its layers up to stride `frozen` fixed, and the size of its crops."""
    info = read_info(checkpoint)
    if info.network is None:
        raise SystemExit(f"{checkpoint} does not say how to build its network")
    backbone = info.network["backbone"] | {"frozen": frozen}
    network, _ = load_checkpoint(checkpoint, from_config(info.network | {"backbone": backbone}))
    if isinstance(network, lh.SequentialHeatmapNetwork):
        network.depth = None  # they hold for the features as they were: see experiments.models.depth
    return network, info.size


def fix_norms(network: nn.Module) -> None:
    """Let batch normalisation keep the statistics that it has."""
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.eval()


def shape_of(share: float) -> float:
    """Compute the rate's factor: a short linear rise, then half a cosine to 0."""
    rise = 0.03
    return min(share / rise, 1.0) * 0.5 * (1 + math.cos(math.pi * min(max(share, rise), 1.0)))


class Trainer:
    """What changes during training: weights, their average and the optimiser's state.

    At batches of 512 a step is bound by the GPU and not by its launches (74 of 80 ms on an H100): no CUDA graph.
    """

    limit = 100.0  # of the gradient's norm; a step whose gradient is not finite moves nothing

    def __init__(self, step: Step, groups: list[dict[str, Any]], decay: float, half: bool) -> None:
        self.step, self.half = step, half
        self.parameters = [p for p in step.parameters() if p.requires_grad]
        cuda = self.parameters[0].is_cuda
        for group in groups:
            group["base"] = group["lr"]
        self.optimizer = torch.optim.AdamW(groups, fused=cuda, betas=(0.9, 0.99))
        network = step.network
        self.live = [t for t in [*network.parameters(), *network.buffers()] if t.is_floating_point()]
        self.average = [t.detach().clone() for t in self.live]
        self.decay, self.count = decay, 0

    def __call__(self, batch: tuple[Tensor, ...], rate: float, helper: float) -> Tensor:
        """Do a step; return what to log."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["base"]
        self.optimizer.zero_grad(set_to_none=True)
        with torch.autocast(batch[0].device.type, torch.bfloat16, enabled=self.half):
            loss, told = self.step(*batch, helper)
        loss.backward()
        gradients = [p.grad for p in self.parameters if p.grad is not None]
        norm = torch.nn.utils.get_total_norm(gradients)
        factor = torch.where(norm.isfinite(), (self.limit / (norm + 1e-6)).clamp(max=1.0), torch.zeros_like(norm))
        for gradient in gradients:
            gradient.nan_to_num_(0.0, 0.0, 0.0)
        torch._foreach_mul_(gradients, factor)
        self.optimizer.step()
        self.count += 1
        with torch.no_grad():
            keep = min(self.decay, (1 + self.count) / (10 + self.count))
            torch._foreach_lerp_(self.average, self.live, 1 - keep)
        return torch.cat([told, norm[None]])

    @torch.no_grad()
    def exchange(self) -> None:
        """Exchange the weights and their average."""
        live = [t.clone() for t in self.live]
        torch._foreach_copy_(self.live, self.average)
        torch._foreach_copy_(self.average, live)


def save(path: Path, step: Step, size: tuple[int, int], training: dict[str, Any]) -> None:
    info = CheckpointInfo(
        size=size, network=config_of(step.network), loss=step.likelihood.loss.config(),
        padding=1.25, data={"training": training.pop("data", {})}, training=training, scores=None,
    )  # fmt: skip
    save_checkpoint(path, step.network, info, loss=step.likelihood.loss)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--empty", type=Path, required=True)
    parser.add_argument("--finds", type=Path)
    parser.add_argument("--rendered", type=Path, required=True)
    parser.add_argument("--start", type=Path, help="weights of a new network's backbone; ImageNet's by default")
    parser.add_argument("--size", type=int, default=160, help="of a new network's crops")
    parser.add_argument("--seconds", type=float, default=500)
    parser.add_argument("--steps", type=int, help="length in place of --seconds")
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--shares", type=float, nargs=3, default=(0.5, 0.4, 0.1), help="rendered, photos, empty")
    parser.add_argument("--rate", type=float, default=0.002)
    parser.add_argument("--backbone", type=float, default=0.4, help="factor of the backbone's rate")
    parser.add_argument("--width", type=int, default=96)
    parser.add_argument("--stages", type=int, default=2)
    parser.add_argument("--rotation", type=float, default=60)
    parser.add_argument("--helper", type=float, default=2.0)
    parser.add_argument("--average", type=float, default=0.998)
    parser.add_argument("--capacity", type=int, default=260000)
    parser.add_argument("--picture", type=int, default=184)
    parser.add_argument("--further", type=Path, help="checkpoint to go on from, instead of a new network")
    parser.add_argument("--fixed-norms", action="store_true", help="keep the statistics of batch normalisation")
    parser.add_argument("--frozen", type=int, default=0, help="stride up to which the backbone stands still")
    parser.add_argument("--keep-every", type=float, default=60, help="seconds")
    parser.add_argument("--first", type=int, default=2048, help="rendered hands to wait for")
    parser.add_argument("--keep", action="store_true", help="leave the rendered chunks on disk")
    parser.add_argument("--dry", action="store_true", help="noise in place of rendered hands, to measure speed")
    parser.add_argument("--log", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    a = parser.parse_args()
    begin = time.monotonic()
    a.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(a.seed)
    keep_freed_memory()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.backends.cudnn.benchmark = False  # trying every algorithm of every depthwise convolution takes minutes
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True

    def say(*words: object) -> None:
        print(f"[{time.monotonic() - begin:6.1f}]", *words, flush=True)

    photos = read_photos(a.photos, device) if a.photos else None
    say("photos", photos.filled if photos else 0)
    empty = read_empty(a.empty, a.finds, device)
    say("empty", empty.filled)
    if a.further:
        network, size = go_on_from(a.further, a.frozen)
    else:
        network, size = make_network(a.start, a.width, a.stages, a.frozen), (a.size, a.size)
    stages = int((config_of(network) or {})["stages"])
    network = network.to(device).to(memory_format=torch.channels_last)
    step = Step(network, stages, 3.0).to(device).train()
    if a.fixed_norms:
        fix_norms(network)
    trained = [p for n, p in network.named_parameters() if n.startswith("backbone.") and p.requires_grad]
    heads = [p for n, p in network.named_parameters() if not n.startswith("backbone.")]
    groups = [
        {"params": trained, "lr": a.rate * a.backbone, "weight_decay": 0.01},
        {"params": heads, "lr": a.rate, "weight_decay": 0.01},
        {"params": list(step.likelihood.parameters()), "lr": a.rate * 0.5, "weight_decay": 0.0},
    ]
    rendered = Pool(a.capacity, a.picture, device)
    source = Rendered(a.rendered, a.keep)
    if a.dry:
        pictures = np.random.default_rng(0).integers(0, 256, (2048, a.picture, a.picture, 3), np.uint8)
        labels = np.tile([a.picture / 2, a.picture / 2, 1.0, 0.0], (2048, 21, 1))
        box = np.tile([20.0, 20.0, a.picture - 20.0, a.picture - 20.0], (2048, 1))
        rendered.add(pictures, labels, box, np.ones((2048, 2)), np.ones(2048))
    while rendered.filled < a.first:
        source.fill(rendered, 1, wait=True)
    say("rendered", rendered.filled)
    if photos is None:
        pools, shares = [rendered, empty], [a.shares[0] + a.shares[1], a.shares[2]]
    else:
        pools, shares = [rendered, photos, empty], list(a.shares)
    counts = [round(a.batch * s) for s in shares]
    counts[0] += a.batch - sum(counts)
    batches = Batches(pools, counts, a.rotation, size[0])
    trainer = Trainer(step, groups, a.average, half=device.type == "cuda")
    options = {k: str(v) if isinstance(v, Path) else v for k, v in vars(a).items()}
    steps = 0

    def keep(name: str) -> None:
        trainer.exchange()
        counts = {"photos": photos.filled if photos else 0, "empty": empty.filled, "rendered": source.taken}
        save(a.out / name, step, size, {"steps": steps, "batch": a.batch, "options": options, "data": counts})
        trainer.exchange()

    keep("last.safetensors")  # fails here, if it does, and not after the last step
    kept = time.monotonic()
    start, share, logged = time.monotonic(), 0.0, time.monotonic()
    while share < 1:
        if time.monotonic() - kept > a.keep_every:
            keep("last.safetensors")
            kept = time.monotonic()
        share = (steps + 1) / a.steps if a.steps else (time.monotonic() - begin) / a.seconds
        told = trainer(batches.draw(), shape_of(share), a.helper * max(0.0, 1 - share / 0.7))
        steps += 1
        if steps % 8 == 0:
            source.fill(rendered, 4)
        if steps % a.log == 0:
            values = " ".join(f"{v:.3f}" for v in told.tolist())
            now = time.monotonic()
            rate = a.log * a.batch / (now - logged)
            logged = now
            say(f"step {steps} rendered {rendered.filled} ({source.taken}) {rate:.0f} crops/s | {values}")
    say(f"{steps} steps, {steps * a.batch} crops, {steps * a.batch / (time.monotonic() - start):.0f} crops/s, "
        f"{source.taken} chunks of rendered hands")  # fmt: skip
    keep("last.safetensors")
    say("saved")


if __name__ == "__main__":
    main()
