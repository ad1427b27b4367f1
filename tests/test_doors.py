"""A thousand damaged inputs, the same at any time: each reader takes them or refuses them in one line.

No TypeError, KeyError or AttributeError of ours, no warning of NumPy, and nothing that never ends.
"""

import copy
import io
import json
import pickle
import random
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml

from likelihand.cli import explain
from likelihand.cli.labelled import add_data_options, data_of
from likelihand.cli.parsing import command_parser
from likelihand.data import RHD, CocoScenes, DrawnHands, FreiHAND, Shards, YoloPose, detect
from likelihand.data.check import check_dataset
from likelihand.data.formats.boxes import BoxesFile
from likelihand.data.formats.coco import hand_entry, image_entry, write_document
from likelihand.data.images import decode_image
from likelihand.data.selection import read_keys
from likelihand.data.shards import write_shards
from likelihand.data.yolo import write_yolo
from likelihand.inference.metadata import KEY, ModelMetadata
from likelihand.uncertainty import Calibration, Calibrations, RadialTable
from likelihand.utils.files import begin_folder

SEED, COUNT, LONGEST_S = 20261127, 1000, 20
PICTURE = bytes(cv2.imencode(".jpg", np.full((24, 32, 3), 90, np.uint8))[1])
POINTS = np.column_stack([np.linspace(3, 28, 21), np.linspace(20, 4, 21)])

Reader = Callable[[Path], object]


def odd_values(rng: random.Random) -> Any:
    deep: Any = []
    for _ in range(rng.choice([3, 60, 700])):
        deep = [deep] if rng.random() < 0.5 else {"a": deep}
    simple = [None, True, False, "", "x", "1", " ", "\x00", "\ud800", "../..", "C:\\x", "x" * 5000, 0, -1, 3, 2.5]
    numbers = [1e308, -1e308, float("nan"), float("inf"), 10**400, -(2**70), [0] * 63, [float("nan")] * 63]
    nested = [[], [[]], [None], {}, {"a": 1}, [1, "x"], deep, [[1, 2]] * 21, [1e7, 1e7, 1, 1], [[], {}]]
    return rng.choice([*simple, *numbers, *nested])


def places(value: Any, depth: int = 0) -> list[tuple[Any, Any]]:
    """List the containers and keys of a JSON value, those that are nested by damage left out."""
    keys = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    inner = [place for key in keys for place in places(value[key], depth + 1)] if depth < 9 else []
    return [(value, key) for key in keys] + inner


def spoil(value: Any, rng: random.Random) -> Any:
    """Change some places of a JSON value: another value, a missing key, a part of it twice."""
    value = copy.deepcopy(value)
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        found = places(value)
        if not found:
            return odd_values(rng)
        shallow = [place for place in found if not isinstance(place[0], list)] or found
        container, key = rng.choice(rng.choice([found, shallow]))
        how = rng.random()
        if how < 0.7:
            container[key] = odd_values(rng)
        elif how < 0.85:
            del container[key]
        elif isinstance(container, list):
            container.append(container[key])
        else:
            container[f"{key}"] = [container[key]]
    return value


def spoil_bytes(data: bytes, rng: random.Random) -> bytes:
    how = rng.random()
    if how < 0.25:
        return data[: rng.randrange(len(data) + 1)]
    if how < 0.35:
        return rng.randbytes(rng.choice([0, 1, 7, 300]))
    if how < 0.45:
        return rng.choice([b"\xff\xfe", b"\xef\xbb\xbf", b"\x00" * 9, b"[" * 5000, b"{" * 99]) + data
    spoilt = bytearray(data)
    for _ in range(rng.choice([1, 3, 20])):
        spoilt[rng.randrange(len(spoilt))] = rng.randrange(256)
    return bytes(spoilt)


def spoil_text(text: str, rng: random.Random) -> bytes:
    """Damage the words of a text file, or its bytes."""
    if rng.random() < 0.4:
        return spoil_bytes(text.encode(), rng)
    words = text.split(" ")
    for _ in range(rng.choice([1, 2, 5])):
        place = rng.randrange(len(words))
        words[place] = rng.choice(
            ["", "x", "nan", "inf", "-1", "1e400", "9" * 5000, "\n", '"', ",", "\x00", "é", "0"]
        )
    return " ".join(words).encode()


def json_bytes(value: Any, rng: random.Random) -> bytes:
    whole = json.dumps(value).encode()
    return spoil_bytes(whole, rng) if rng.random() < 0.3 else json.dumps(spoil(value, rng)).encode()


def look_through(data: Any) -> None:
    """Ask a data set for all that training asks for."""
    check_dataset(data)
    for method in ("groups", "keys"):
        if hasattr(data, method):
            assert len(getattr(data, method)()) == len(data)


def training(path: Path) -> None:
    look_through(detect(path))


def scenes(path: Path) -> None:
    data = CocoScenes(path)
    for i in range(len(data)):
        assert all(np.isfinite(hand.box).all() for hand in data.scene(i).hands)


def boxes(path: Path) -> None:
    file = BoxesFile(path)
    for picture in ("a.png", "images/a.png", "b.png"):
        assert all(np.isfinite(box).all() for box in file.of(picture) or [])


def by_command(path: Path) -> None:
    parser = command_parser("check", "")
    add_data_options(parser, "data")
    try:
        look_through(data_of(parser.parse_args([str(path)])))
    except ValueError as error:  # the parser's errors have several lines; the command prints one
        raise ValueError(explain(error)) from error


class Door:
    """A file that is read, whole at first.

    Args:
        folder: a set of files.
        name: the file that is damaged.
        read: what reads it.
        damage: damages its content.
    """

    def __init__(
        self, folder: Path, name: str, read: Reader, damage: Callable[[bytes, random.Random], bytes]
    ) -> None:
        self.file, self.read, self.damage = folder / name, read, damage
        self.whole = self.file.read_bytes()

    def open(self, rng: random.Random) -> None:
        """Read the file, damaged; it is whole again afterwards."""
        self.file.write_bytes(self.damage(self.whole, rng))
        try:
            self.read(self.file)
        finally:
            self.file.write_bytes(self.whole)


def of_json(data: bytes, rng: random.Random) -> bytes:
    return json_bytes(json.loads(data), rng)


def of_yaml(data: bytes, rng: random.Random) -> bytes:
    if rng.random() < 0.3:
        return spoil_text(data.decode(), rng)
    return json.dumps(spoil(yaml.safe_load(data), rng)).encode()  # JSON is YAML


def of_text(data: bytes, rng: random.Random) -> bytes:
    return spoil_text(data.decode(), rng)


def of_arrays(data: bytes, rng: random.Random) -> bytes:
    """Damage an .npz: its bytes, or one of its arrays."""
    if rng.random() < 0.4:
        return spoil_bytes(data, rng)
    arrays = dict(np.load(io.BytesIO(data)))
    name = rng.choice(list(arrays))
    odd = [
        np.zeros(0),
        np.zeros((2, 2)),
        np.array("x"),
        np.full(3, np.nan),
        np.array([9, 9, -5]),
        arrays[name][:1],
    ]
    arrays[name] = rng.choice(odd)
    if rng.random() < 0.2:
        del arrays[name]
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def of_pickle(data: bytes, rng: random.Random) -> bytes:
    if rng.random() < 0.5:
        return spoil_bytes(data, rng)
    content = pickle.loads(data)
    content[0] = rng.choice(
        [None, {}, {"uv_vis": 3}, {"uv_vis": np.zeros(3)}, {"uv_vis": np.full((42, 3), np.nan)}, 7]
    )
    return pickle.dumps(content)


def of_safetensors(data: bytes, rng: random.Random) -> bytes:
    """Damage a checkpoint's header, or its bytes."""
    if rng.random() < 0.4:
        return spoil_bytes(data, rng)
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    if rng.random() < 0.7:
        (key,) = header["__metadata__"]
        header["__metadata__"][key] = json.dumps(spoil(json.loads(header["__metadata__"][key]), rng))
    else:
        header = spoil(header, rng)
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data[8 + length :]


def whole_files(root: Path) -> Iterator[Door]:
    """Write a small set of each layout and give its doors."""
    for name in ("coco", "boxes", "freihand/training/rgb", "rhd/training/color", "shards", "labelled"):
        (root / name).mkdir(parents=True)
    for name in ("coco/a.png", "coco/b.png", "freihand/training/rgb/00000000.jpg", "rhd/training/color/00000.png"):
        (root / name).write_bytes(PICTURE)

    images = [image_entry(i, f"{name}.png", (24, 32)) for i, name in enumerate("ab")]
    hands = [hand_entry(i, i % 2, POINTS, side="left", dataset="d") for i in range(3)]
    file = write_document(root / "coco/hands.json", images, hands)
    for read in (training, training, training, training, scenes, scenes, boxes, boxes):
        yield Door(root / "coco", file.name, read, of_json)
    flat = np.column_stack([POINTS, np.full(21, 2)]).ravel().tolist()
    person = {"id": 1, "image_id": 0} | {
        f"{side}hand_{key}": value
        for side in ("left", "right")
        for key, value in (("kpts", flat), ("box", [1, 2, 30, 20]), ("valid", True))
    }
    content = {"images": images, "annotations": [person], "categories": [{"id": 1, "name": "person"}]}
    (root / "coco/people.json").write_text(json.dumps(content))
    yield Door(root / "coco", "people.json", training, of_json)
    (root / "boxes/boxes.json").write_text(json.dumps({"a.png": [[1, 2, 20, 12], [0, 0, 5, 5]], "b.png": []}))
    yield Door(root / "boxes", "boxes.json", boxes, of_json)

    write_yolo(DrawnHands(2, size=32), root / "yolo")
    yield Door(root / "yolo", "data.yaml", training, of_yaml)
    label = "labels/train/00000000.txt"
    yield Door(root / "yolo", label, lambda path: look_through(YoloPose(root / "yolo")), of_text)

    (root / "freihand/training_K.json").write_text(json.dumps([np.eye(3).tolist()]))
    xyz = np.column_stack([POINTS, np.ones(21)])
    (root / "freihand/training_xyz.json").write_text(json.dumps([xyz.tolist()]))
    for name in ("training_K.json", "training_xyz.json"):
        yield Door(
            root / "freihand", name, lambda path: look_through(FreiHAND(path.parent, versions=("gs",))), of_json
        )
    labels = np.column_stack([np.tile(POINTS, (2, 1)), np.ones(42)])
    (root / "rhd/training/anno_training.pickle").write_bytes(pickle.dumps({0: {"uv_vis": labels}}))
    yield Door(
        root / "rhd/training",
        "anno_training.pickle",
        lambda path: look_through(RHD(path.parent.parent)),
        of_pickle,
    )

    write_shards(DrawnHands(3, size=32), root / "shards", length=2)
    for name, damage in (("shards.json", of_json), ("00000.npz", of_arrays), ("00001.pictures", spoil_bytes)):
        yield Door(root / "shards", name, lambda path: look_through(Shards(path.parent)), damage)
    yield Door(root / "shards", "00000.json", lambda path: Shards(path.parent, check=True), of_json)

    (root / "labelled/suspects.csv").write_text("rank,key,suspect\n1,a.png 1,1\n2,b.png 2,0\n")
    yield Door(root / "labelled", "suspects.csv", read_keys, of_text)
    described = {"class_path": "likelihand.data.DrawnHands", "init_args": {"count": 2, "size": 32}}
    (root / "labelled/data.yaml").write_text(yaml.safe_dump(described))
    yield Door(root / "labelled", "data.yaml", by_command, of_yaml)
    table = RadialTable((0.0, 0.5, 0.9), (0.0, 1.0, 2.0), 1.0)
    known = Calibrations((Calibration(1.0, 0.0, 0.1, table), Calibration(1.2, 0.0, 0.1, table, looks=4)))
    about = ModelMetadata(size=(64, 64), calibrations=known, scores={"core": 0.05})
    (root / "labelled/model.json").write_text(about.to_json())
    yield Door(
        root / "labelled", "model.json", lambda path: ModelMetadata.from_json(path.read_text("utf-8")), of_json
    )
    (root / "labelled/a.png").write_bytes(PICTURE)
    yield Door(root / "labelled", "a.png", lambda path: decode_image(path.read_bytes()), spoil_bytes)
    begin_folder(root / "labelled/begun.json", {"count": 3})
    yield Door(root / "labelled", "begun.json", lambda path: begin_folder(path, {"count": 3}), of_json)
    for doors in (checkpoints, models, run_files):
        yield from doors(root / "labelled")


def checkpoints(folder: Path) -> Iterator[Door]:
    torch = pytest.importorskip("torch")
    from likelihand.models.checkpoint import CheckpointInfo, read_tensors, save_tensors

    info = CheckpointInfo(size=(64, 64), network={"class_path": "a.B", "init_args": {"stages": 2}})
    save_tensors(folder / "a.safetensors", {"network.x": torch.ones(3)}, info)
    yield Door(folder, "a.safetensors", read_tensors, of_safetensors)


def models(folder: Path) -> Iterator[Door]:
    onnx = pytest.importorskip("onnx")
    from likelihand.inference.runtimes import OnnxRuntime

    kind, size = onnx.TensorProto.UINT8, ["n", 64, 64, 3]
    ends = [onnx.helper.make_tensor_value_info(name, kind, size) for name in ("crops", "points", "scale")]
    nodes = [onnx.helper.make_node("Identity", ["crops"], [name]) for name in ("points", "scale")]
    graph = onnx.helper.make_graph(nodes, "g", ends[:1], ends[1:])
    model = onnx.helper.make_model(graph, ir_version=10, opset_imports=[onnx.helper.make_opsetid("", 20)])
    entry = model.metadata_props.add()
    entry.key, entry.value = KEY, ModelMetadata(size=(64, 64)).to_json()
    onnx.save(model, folder / "model.onnx")
    yield Door(folder, "model.onnx", lambda path: OnnxRuntime(path, threads=1), spoil_bytes)


def run_files(folder: Path) -> Iterator[Door]:
    pytest.importorskip("torch")
    from likelihand.cli import train

    data = {"class_path": "likelihand.data.DrawnHands", "init_args": {"count": 2, "size": 32}}
    content = {
        "network": {"class_path": "torch.nn.Identity"},
        "loss": {"class_path": "likelihand.losses.IntegralLoss"},
        "train_data": data,
        "train": {"steps": 3, "batch_size": 2, "size": 64},
        "out": "runs/a",
    }
    (folder / "run.yaml").write_text(yaml.safe_dump(content))
    parser = train.parser()

    def read(path: Path) -> None:
        try:
            parser.parse_args(["--config", str(path)])
        except ValueError as error:
            raise ValueError(explain(error)) from error

    yield Door(folder, "run.yaml", read, of_yaml)


class TooLong(BaseException):
    """Says that a reader did not come to an end."""


@contextmanager
def limited(seconds: int) -> Iterator[None]:
    if not hasattr(signal, "SIGALRM"):
        yield
        return

    def stop(*_: object) -> None:
        raise TooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def test_a_thousand_damaged_inputs(tmp_path: Path) -> None:
    doors = list(whole_files(tmp_path))
    for door in doors:
        door.read(door.file)
    refused = 0
    for number in range(COUNT):
        rng = random.Random(SEED + number)
        door = doors[number % len(doors)]
        try:
            with limited(LONGEST_S):
                door.open(rng)
        except (ValueError, OSError) as error:
            refused += 1
            assert str(error).strip() and "\n" not in str(error).strip(), (number, door.file.name, str(error))
            assert len(str(error)) < 1000, (number, door.file.name, str(error)[:300])
        except (Exception, TooLong) as error:
            raise AssertionError(f"input {number}, {door.file.name}: {type(error).__name__}: {error}") from error
    assert (
        0.3 * COUNT < refused < 0.9 * COUNT
    )  # damage that nobody notices, or that is always fatal, tests nothing
