"""Shards on an object store: the same records in the same order, whatever the cache holds."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from likelihand.data.shards import Shards, write_shards
from likelihand.utils.storage import Folder

pytest.importorskip("fsspec", reason="needs fsspec")
from tests.storage import s3_bucket


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    with s3_bucket() as address:
        yield address


def uploaded(folder: Path, address: str) -> str:
    remote = Folder(address)
    for file in folder.iterdir():
        remote.system.put_file(str(file), remote.path(file.name))
    return address


@pytest.fixture(scope="module")
def hands(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.training import tiny_run

    return write_shards(tiny_run.held(18), tmp_path_factory.mktemp("hands"), length=5, quality=None)


@pytest.mark.parametrize("kept", [0, 2, 4])
def test_the_records_are_those_of_the_disk(hands: Path, bucket: str, tmp_path: Path, kept: int) -> None:
    sizes = [file.stat().st_size for file in sorted(hands.glob("*.pictures"))]
    room = (sum(sizes[:kept]) + 1) / 1e9
    local = Shards(hands)
    remote = Shards(uploaded(hands, f"{bucket}/same"), cache=tmp_path, cache_gb=room)
    assert len(local) == len(remote) == 18
    for _ in range(2):
        for index in (17, 0, 5, 9, 10, 4):
            one, other = local.record(index), remote.record(index)
            assert (one.read() == other.read()).all()
            np.testing.assert_array_equal(one.points, other.points)
            assert (one.key, one.side, one.group) == (other.key, other.side, other.group)
    assert len(list(tmp_path.glob("*.pictures"))) == kept
    assert len(list(tmp_path.glob("*.npz"))) == 4


def test_what_is_cached_is_not_fetched_again_and_not_out_of_date(hands: Path, bucket: str, tmp_path: Path) -> None:
    address = uploaded(hands, f"{bucket}/first")
    shards = Shards(address, cache=tmp_path)
    expected = shards.record(3).read()
    remote = Folder(address)
    remote.system.rm_file(remote.path("00000.pictures"))
    assert (shards.record(3).read() == expected).all()
    from tests.training import tiny_run

    other = write_shards(tiny_run.held(18, 1), tmp_path / "other", length=5, quality=None)
    again = Shards(uploaded(other, address), cache=tmp_path)
    assert (again.record(3).read() == tiny_run.held(18, 1).record(3).read()).all()
    assert (again.record(3).read() != expected).any()


def test_damage_is_noticed_and_not_kept(hands: Path, bucket: str, tmp_path: Path) -> None:
    address = uploaded(hands, f"{bucket}/damaged")
    remote = Folder(address)
    content = remote.read("00001.pictures")
    assert content is not None
    remote.system.pipe_file(remote.path("00001.pictures"), content[:-1] + b"\0")
    shards = Shards(address, cache=tmp_path)
    with pytest.raises(ValueError, match=r"damaged/00001\.pictures is not what its checksum says"):
        shards.record(7).read()
    assert [file.suffix for file in tmp_path.iterdir()] == [".npz"]


@pytest.mark.parametrize("address", ["s3://bucket/nothing-there", "nowhere://x"])
def test_what_is_not_there_is_told(bucket: str, tmp_path: Path, address: str) -> None:
    with pytest.raises((ValueError, OSError), match=r"nothing-there|nowhere"):
        Shards(address, cache=tmp_path)


@pytest.mark.parametrize("cache_gb", [0.0, 1.0])
def test_training_that_is_stopped_and_resumed_ends_as_from_the_disk(
    hands: Path, bucket: str, tmp_path: Path, cache_gb: float
) -> None:
    torch = pytest.importorskip("torch")
    from likelihand.models.checkpoint import read_tensors
    from likelihand.training import train
    from tests.training import tiny_run

    address = uploaded(hands, f"{bucket}/train")
    for name, data, steps in (
        ("disk", Shards(hands), (12,)),
        ("store", Shards(address, cache=tmp_path / "cache", cache_gb=cache_gb), (5, 12)),
    ):
        for end in steps:
            network, loss = tiny_run.make(norm=True)
            train(network, loss, data, None, tiny_run.config(steps=end, workers=2), tmp_path / name, resume=True)
    one, other = (read_tensors(tmp_path / name / "last.safetensors")[0] for name in ("disk", "store"))
    assert [key for key in one if not torch.equal(one[key], other[key])] == []
