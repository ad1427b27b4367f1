"""What a run on one GPU draws its batches from: pictures on the card, and crops of them."""

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
from torch import Tensor

import likelihand as lh
from experiments.models.gpu.pictures import augment, crop_matrices, cut_off, warp
from likelihand.data.images import decode_image

SIDE = 224  # of a photo's cut on the GPU


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


def crops_of(
    pool: Pool, rows: Tensor, rotation: float, size: int
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Draw crops of rows: (N, 3, size, size) in 0..1, target, weight, noise in crop pixels and traits."""
    n, device = len(rows), rows.device
    u = torch.rand(n, 5, device=device) * 2 - 1
    flip = torch.rand(n, device=device) < 0.5
    turn = torch.where(torch.rand(n, device=device) < 0.3, u[:, 0] * math.pi, u[:, 0] * math.radians(rotation))
    zoom = 1.25 ** u[:, 1]
    box, limits = cut_off(pool.box[rows], 0.15)
    matrix = crop_matrices(box, size, turn, zoom, u[:, 2:4] * 0.1, flip)
    labels = pool.labels[rows]
    target = torch.einsum("nij,nkj->nki", matrix[:, :2, :2], labels[..., :2]) + matrix[:, None, :2, 2]
    inside = ((target >= 0) & (target <= size)).all(-1)
    weight = labels[..., 2] * inside
    scale = torch.linalg.det(matrix[:, :2, :2]).abs().sqrt()
    traits = pool.traits[rows].clone()
    traits[:, 0] = torch.where(flip, 1 - traits[:, 0], traits[:, 0])
    return warp(pool.pictures[rows], matrix, size, limits), target, weight, labels[..., 3] * scale[:, None], traits


class Batches:
    """Batches of rendered hands, photos and places without hands, in fixed shares."""

    def __init__(self, pools: list[Pool], counts: list[int], rotation: float, size: int) -> None:
        self.pools, self.counts, self.rotation, self.size = pools, counts, rotation, size

    @torch.no_grad()
    def draw(self) -> tuple[Tensor, ...]:
        """Draw crops (N, s, s, 3) uint8, targets, weights, label noise and traits."""
        pairs = zip(self.pools, self.counts, strict=True)
        parts = [crops_of(pool, pool.draw(count), self.rotation, self.size) for pool, count in pairs]
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
        image = decode_image(data[starts[i] : ends[i]].tobytes(), f"picture {i}")
        factor = SIDE / image.shape[0]
        return cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR), factor

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
        image = lh.read_image(file)
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
