r"""Train the bundled hand model on one GPU in minutes: pictures, crops and augmentation stay on the GPU.

    python -m experiments.models.gpu.train --photos PHOTOS.npz --empty FOLDER --rendered FOLDER \
        --start WEIGHTS --seconds 500 --out RUN

Photos are cut hands with labels and each label's own scale (`pack.py`); rendered hands come from `render.py` while
this runs. The rate falls to zero over the given seconds, so that the run ends where it should however fast the GPU
is. Writes `last.safetensors`, a checkpoint that `likelihand evaluate` and `export` take.
"""

import argparse
import json
import math
import queue
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn

import likelihand as lh
from experiments.models.gpu.pictures import augment, crop_matrices, cut_off, warp
from likelihand.checkpoint import CheckpointInfo, config_of, load_checkpoint, save_checkpoint
from likelihand.heatmaps import log_gaussian_profiles, widen
from likelihand.models.heads import separable_transposed_convolution
from likelihand.training.memory import keep_freed_memory

SIDE = 224  # of a photo's cut on the GPU
SIZE = 160


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
        density = self.loss._log_density(residual.reshape(stages, -1, 2), None if stages > 1 else 0)
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


class Pool:
    """Pictures on the device with their labels; when it is full, new ones replace the oldest."""

    def __init__(self, capacity: int, side: int, device: torch.device) -> None:
        self.pictures = torch.empty(capacity, 3, side, side, dtype=torch.uint8, device=device)
        self.labels = torch.zeros(capacity, 21, 4, device=device)  # x, y, weight, noise in picture pixels
        self.box = torch.zeros(capacity, 4, device=device)
        self.traits = torch.full((capacity, 2), math.nan, device=device)
        self.chance = torch.zeros(capacity, device=device)
        self.filled = self.next = 0

    def add(
        self, pictures: np.ndarray, labels: np.ndarray, box: np.ndarray, traits: np.ndarray, chance: np.ndarray
    ) -> None:
        """Add pictures (N, side, side, 3) uint8 with labels (N, 21, 4), boxes, traits, and chances to be drawn."""
        capacity = len(self.pictures)
        rows = (torch.arange(len(pictures)) + self.next) % capacity
        at = rows.to(self.box.device)
        self.pictures[at] = torch.from_numpy(pictures).to(self.box.device).permute(0, 3, 1, 2)
        for mine, new in ((self.labels, labels), (self.box, box), (self.traits, traits), (self.chance, chance)):
            mine[at] = torch.from_numpy(np.ascontiguousarray(new, np.float32)).to(self.box.device)
        self.next = int((self.next + len(pictures)) % capacity)
        self.filled = min(capacity, self.filled + len(pictures))

    def draw(self, count: int) -> Tensor:
        """Draw rows, (N,)."""
        if bool((self.chance[: self.filled] == 1).all()):
            return torch.randint(self.filled, (count,), device=self.box.device)
        return torch.multinomial(self.chance[: self.filled], count, replacement=True)


def crops_of(pool: Pool, rows: Tensor, rotation: float) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Draw crops of rows: (N, 3, s, s) in 0..1, target, weight, noise in crop pixels and traits."""
    n, device = len(rows), rows.device
    u = torch.rand(n, 5, device=device) * 2 - 1
    flip = torch.rand(n, device=device) < 0.5
    turn = torch.where(torch.rand(n, device=device) < 0.3, u[:, 0] * math.pi, u[:, 0] * math.radians(rotation))
    zoom = 1.25 ** u[:, 1]
    box, limits = cut_off(pool.box[rows], 0.15)
    matrix = crop_matrices(box, SIZE, turn, zoom, u[:, 2:4] * 0.1, flip)
    labels = pool.labels[rows]
    target = torch.einsum("nij,nkj->nki", matrix[:, :2, :2], labels[..., :2]) + matrix[:, None, :2, 2]
    inside = ((target >= 0) & (target <= SIZE)).all(-1)
    weight = labels[..., 2] * inside
    scale = torch.linalg.det(matrix[:, :2, :2]).abs().sqrt()
    traits = pool.traits[rows].clone()
    traits[:, 0] = torch.where(flip, 1 - traits[:, 0], traits[:, 0])
    return warp(pool.pictures[rows], matrix, SIZE, limits), target, weight, labels[..., 3] * scale[:, None], traits


class Batches:
    """Batches of rendered hands, photos and places without hands, in fixed shares."""

    def __init__(self, pools: list[Pool], counts: list[int], rotation: float) -> None:
        self.pools, self.counts, self.rotation = pools, counts, rotation

    @torch.no_grad()
    def draw(self) -> tuple[Tensor, ...]:
        """Draw crops (N, s, s, 3) uint8, targets, weights, label noise and traits."""
        pairs = zip(self.pools, self.counts, strict=True)
        parts = [crops_of(pool, pool.draw(count), self.rotation) for pool, count in pairs]
        crops, target, weight, noise, traits = (torch.cat(each) for each in zip(*parts, strict=True))
        order = torch.randperm(len(crops), device=crops.device)
        return augment(crops[order]), target[order], weight[order], noise[order], traits[order]


def read_photos(path: Path, device: torch.device) -> Pool:
    """Decode the cut hands of `pack.py`."""
    with np.load(path, allow_pickle=False) as f:
        ends, data = f["ends"], f["data"]
        labels, box, traits, chance = f["labels"], f["box"], f["traits"], f["chance"]
    starts = np.concatenate([[0], ends[:-1]])
    pool = Pool(len(ends), SIDE, device)

    def decode(i: int) -> tuple[np.ndarray, float]:
        image = cv2.imdecode(data[starts[i] : ends[i]], cv2.IMREAD_COLOR)[:, :, ::-1]
        factor = SIDE / image.shape[0]
        return cv2.resize(np.ascontiguousarray(image), (SIDE, SIDE), interpolation=cv2.INTER_LINEAR), factor

    with ThreadPoolExecutor(8) as threads:
        for start in range(0, len(ends), 1024):
            rows = range(start, min(start + 1024, len(ends)))
            found = list(threads.map(decode, rows))
            factor = np.array([f for _, f in found], np.float32)
            some = slice(start, rows.stop)
            scaled = labels[some] * np.array([1, 1, 0, 1]) * factor[:, None, None] + labels[some] * [0, 0, 1, 0]
            pool.add(
                np.stack([i for i, _ in found]), scaled, box[some] * factor[:, None], traits[some], chance[some]
            )
    return pool


def read_empty(folder: Path, finds: Path | None, device: torch.device, seed: int = 0) -> Pool:
    """Cut squares out of photos without hands, and the places that a detector takes for hands."""
    rng = np.random.default_rng(seed)
    files = sorted(folder.glob("*.jpg"))
    places = json.loads(finds.read_text()) if finds else {}

    def cuts(file: Path) -> list[tuple[np.ndarray, bool]]:
        image = cv2.cvtColor(cv2.imread(str(file)), cv2.COLOR_BGR2RGB)
        shorter = min(image.shape[:2])
        boxes = []
        for _ in range(2):
            side = shorter * 0.15 ** rng.random()
            corner = rng.random(2) * (np.array(image.shape[1::-1]) - side)
            boxes.append((*corner, *(corner + side)))
        out = []
        for k, b in enumerate(boxes + [tuple(b) for b in places.get(file.name, [])]):
            matrix = lh.geometry.crop_matrix(np.array(b), (SIDE, SIDE), padding=2.2)
            out.append((lh.geometry.warp_image(image, matrix, (SIDE, SIDE)), k >= len(boxes)))
        return out

    with ThreadPoolExecutor(8) as threads:
        found = [cut for each in threads.map(cuts, files) for cut in each]
    pool = Pool(len(found), SIDE, device)
    half = SIDE / 2.2 / 2
    box = np.tile([SIDE / 2 - half, SIDE / 2 - half, SIDE / 2 + half, SIDE / 2 + half], (len(found), 1))
    traits = np.tile([math.nan, 0.0], (len(found), 1))
    chance = np.array([2.0 if hard else 1.0 for _, hard in found])
    pool.add(np.stack([c for c, _ in found]), np.zeros((len(found), 21, 4)), box, traits, chance)
    return pool


class Rendered:
    """Chunks of rendered hands, read by a thread as they come.

    Args:
        folder: of the chunks.
        keep: leaves the files where they are; otherwise they are deleted as they are read.
    """

    def __init__(self, folder: Path, keep: bool) -> None:
        self.folder, self.keep, self.taken = folder, keep, 0
        self.waiting: queue.Queue[tuple[np.ndarray, ...]] = queue.Queue(12)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        seen: set[str] = set()
        while True:
            paths = [p for p in self.folder.glob("[0-9]*.npz") if p.name not in seen]
            for path in sorted(paths, key=lambda p: p.name.partition("-")[2]):
                with np.load(path, allow_pickle=False) as f:
                    self.waiting.put(tuple(f[name] for name in ("pictures", "points", "box", "right")))
                seen.add(path.name)
                if not self.keep:
                    path.unlink()
            time.sleep(0.1)

    def fill(self, pool: Pool, most: int, wait: bool = False) -> None:
        """Add up to so many chunks to a pool."""
        for _ in range(most):
            try:
                pictures, points, box, right = self.waiting.get(wait, 120 if wait else None)
            except queue.Empty:
                return
            labels = np.concatenate([points, np.ones_like(points[..., :1]), np.zeros_like(points[..., :1])], -1)
            pool.add(pictures, labels, box, np.stack([right, np.ones_like(right)], 1), np.ones(len(points)))
            self.taken += 1


def make_network(start: Path, width: int, stages: int, frozen: int = 0) -> nn.Module:
    """Make the bundled architecture on a backbone whose weights know hands."""
    backbone = lh.TimmBackbone("tf_efficientnet_lite0", weights=start, stride=8, context=[16, 32], frozen=frozen)
    return lh.SequentialHeatmapNetwork(
        backbone, stages=stages, width=width, upsampling=separable_transposed_convolution, traits=True,
        mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0),
    )  # fmt: skip


def shape_of(share: float) -> float:
    """Compute the rate's factor: a short linear rise, then half a cosine to 0."""
    rise = 0.03
    return min(share / rise, 1.0) * 0.5 * (1 + math.cos(math.pi * min(max(share, rise), 1.0)))


class Trainer:
    """What changes during training: weights, their average and the optimiser's state.

    At batches of 512 a step is bound by the GPU and not by its launches (74 of 80 ms on an H100): no CUDA graph.
    """

    limit = 100.0  # of the gradient's norm; a step whose gradient is not finite moves nothing

    def __init__(self, step: Step, groups: list[dict], decay: float, half: bool) -> None:
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


def save(path: Path, step: Step, training: dict) -> None:
    info = CheckpointInfo(
        size=(SIZE, SIZE), network=config_of(step.network), loss=repr("likelihood given the label's scale"),
        padding=1.25, data={"training": training.pop("data", {})}, training=training, scores=None,
    )  # fmt: skip
    save_checkpoint(path, step.network, info, loss=step.likelihood.loss)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--empty", type=Path, required=True)
    parser.add_argument("--finds", type=Path)
    parser.add_argument("--rendered", type=Path, required=True)
    parser.add_argument("--start", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=500)
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
    parser.add_argument("--further", type=Path, help="checkpoint of this architecture to go on from")
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
    network = make_network(a.start, a.width, a.stages, a.frozen)
    if a.further:
        load_checkpoint(a.further, network)
    network = network.to(device, memory_format=torch.channels_last)
    step = Step(network, a.stages, 3.0).to(device).train()
    trained = [p for p in network.backbone.parameters() if p.requires_grad]
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
    pools, shares = [rendered, photos, empty], list(a.shares)
    if photos is None:
        pools, shares = [rendered, empty], [a.shares[0] + a.shares[1], a.shares[2]]
    counts = [round(a.batch * s) for s in shares]
    counts[0] += a.batch - sum(counts)
    batches = Batches(pools, counts, a.rotation)
    trainer = Trainer(step, groups, a.average, half=device.type == "cuda")
    options = {k: str(v) if isinstance(v, Path) else v for k, v in vars(a).items()}
    steps = 0

    def keep(name: str) -> None:
        trainer.exchange()
        counts = {"photos": photos.filled if photos else 0, "empty": empty.filled, "rendered": source.taken}
        save(a.out / name, step, {"steps": steps, "batch": a.batch, "options": options, "data": counts})
        trainer.exchange()

    keep("last.safetensors")  # fails here, if it does, and not after the last step
    kept = time.monotonic()
    start, share, logged = time.monotonic(), 0.0, time.monotonic()
    while share < 1:
        if time.monotonic() - kept > a.keep_every:
            keep("last.safetensors")
            kept = time.monotonic()
        share = (time.monotonic() - begin) / a.seconds
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
