"""Pictures and labels in a few large files, for streaming with random access.

A folder holds, for each shard, `00000.pictures` (encoded pictures end to end) and `00000.npz` (where each begins,
and the labels), `00000.json` (their checksums, written last: a shard with it is complete), and one `shards.json`.
"""

import hashlib
import json
from bisect import bisect_right
from functools import partial
from io import BytesIO
from itertools import accumulate
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from likelihand.data.shard_files import CACHE_GB, ShardFiles, shard_files
from likelihand.structures import Record, Side
from likelihand.utils import opencv as cv2
from likelihand.utils.files import begin_folder, write_atomically
from likelihand.utils.images import encode_image
from likelihand.utils.jobs import missing, pieces, run_jobs
from likelihand.utils.validation import as_integer, as_mapping, one_line, parse_json

INDEX: Final = "shards.json"
_SIDES: Final[tuple[Side | None, ...]] = (None, "left", "right")
_COLUMNS: Final[dict[str, tuple[tuple[int, ...], str]]] = {
    "ends": ((), "iu"), "points": ((21, 2), "f"), "visibility": ((21,), "iu"), "box": ((4,), "f"),
    "side": ((), "iu"), "dataset": ((), "U"), "key": ((), "U"), "group": ((), "U"), "present": ((), "b"),
}  # fmt: skip
"""Shape of a record's labels, and kinds of their numbers."""


class Records(Protocol):
    """Anything that yields labelled hands."""

    def __len__(self) -> int: ...
    def record(self, index: int) -> Record:
        """Return record `index`."""
        ...


def write_shards(
    dataset: Records,
    out: str | Path,
    *,
    length: int = 1000,
    processes: int = 1,
    quality: int | None = 95,
    describe: dict[str, object] | None = None,
) -> Path:
    """Write a data set as shards; interrupted work is resumed.

    Args:
        dataset: gives the records; other processes get a copy.
        out: the folder.
        length: records a shard.
        processes: how many work at a time.
        quality: of JPEG in 1..100; None writes PNG, which loses nothing.
        describe: what the data are, kept in `shards.json`; a folder begun with another description is refused.

    Raises:
        ValueError: the folder holds shards of something else, or `quality` is out of range.
    """
    if quality is not None and not 1 <= quality <= 100:
        raise ValueError(f"quality {quality} is outside 1..100; give a JPEG quality or None for PNG")
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    about = {"count": len(dataset), "length": length, "quality": quality, "describe": describe or {}}
    begin_folder(folder / INDEX, about)
    parts = pieces(len(dataset), length)
    left = missing(folder / f"{number:05}.json" for number in range(len(parts)))
    done = len(dataset) - sum(len(parts[number]) for number in left)
    jobs = [(number, parts[number]) for number in left]
    run_jobs(partial(_write_shard, dataset, folder, quality), jobs, processes, done, len(dataset), "shards")
    return folder


def _write_shard(dataset: Records, folder: Path, quality: int | None, job: tuple[int, range]) -> int:
    number, indices = job
    records = [dataset.record(index) for index in indices]
    pictures = [encode_image(record.read(), quality) for record in records]
    labels = BytesIO()
    np.savez(
        labels,
        ends=np.cumsum([len(picture) for picture in pictures]),
        points=np.stack([record.points for record in records]).astype(np.float32),
        visibility=np.stack([record.visibility for record in records]).astype(np.int8),
        box=np.stack([record.box for record in records]).astype(np.float32),
        side=np.array([_SIDES.index(record.side) for record in records], np.int8),
        dataset=np.array([record.dataset for record in records]),
        key=np.array([record.key for record in records]),
        group=np.array([record.group for record in records]),
        present=np.array([record.present for record in records]),
    )
    content = {f"{number:05}.pictures": b"".join(pictures), f"{number:05}.npz": labels.getvalue()}
    for name, data in content.items():
        write_atomically(folder / name, data)
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in content.items()}
    write_atomically(folder / f"{number:05}.json", json.dumps({"sha256": sums, "count": len(records)}).encode())
    return len(records)


class Shards:
    """A data set that `write_shards` wrote: any record at any time, in any process.

    Args:
        path: the folder, or its address on storage elsewhere, as s3://bucket/folder (needs the package that reads
            it, s3fs say). The records are the same in the same order wherever they lie.
        check: compares every file with its checksum first.
        cache: local folder for what is fetched from an address; `~/.cache/likelihand/shards` where None.
        cache_gb: gigabytes of pictures that may be kept there; what does not fit is fetched a picture at a time.

    Raises:
        FileNotFoundError: the folder holds no shards, or some are not written yet.
        ValueError: a file is not what was written (with `check`), or the address cannot be opened.
    """

    def __init__(
        self,
        path: str | Path,
        check: bool = False,
        *,
        cache: str | Path | None = None,
        cache_gb: float = CACHE_GB,
    ) -> None:
        self._files = shard_files(path, cache, cache_gb)
        where, names = f"{self._files.where}/{INDEX}", self._files.names()
        if INDEX not in names:
            raise FileNotFoundError(f"{self._files.where} has no {INDEX}; give a folder that write_shards wrote")
        about = as_mapping(parse_json(self._files.read(INDEX), where, "a folder that write_shards wrote"), where)
        count, length = (as_integer(about.get(n), f"{where}, field {n}", least=1) for n in ("count", "length"))
        wanted, written = -(-count // length), sum(name.endswith(".json") for name in names) - 1
        if wanted > written or any(f"{number:05}.json" not in names for number in range(wanted)):
            raise FileNotFoundError(
                f"{self._files.where} lacks {wanted - written} of {wanted} shards; "
                "repeat the same command to finish"
            )
        self._parts = pieces(count, length)
        if check:
            self._check()
        self._starts = list(accumulate((len(part) for part in self._parts), initial=0))
        self._labels: dict[int, dict[str, NDArray[np.generic]]] = {}

    def __len__(self) -> int:
        return self._starts[-1]

    def __getstate__(self) -> dict[str, object]:
        return self.__dict__ | {"_labels": {}}

    def record(self, index: int) -> Record:
        """Return record `index`; its picture is read when asked for."""
        if not 0 <= index < len(self):
            raise IndexError(f"index {index} is outside 0..{len(self) - 1}")
        number = bisect_right(self._starts, index) - 1
        row, labels = index - self._starts[number], self._labels_of(number)
        ends = labels["ends"]
        start = int(ends[row - 1]) if row else 0
        return Record(
            points=np.asarray(labels["points"][row], np.float64),
            visibility=np.asarray(labels["visibility"][row], np.int8),
            box=np.asarray(labels["box"][row], np.float64),
            side=_SIDES[int(labels["side"][row])],
            dataset=str(labels["dataset"][row]),
            key=str(labels["key"][row]),
            read=partial(_read, self._files, f"{number:05}.pictures", start, int(ends[row])),
            group=str(labels["group"][row]),
            present=bool(labels["present"][row]),
        )

    def _labels_of(self, number: int) -> dict[str, NDArray[np.generic]]:
        if number not in self._labels:
            name, count = f"{number:05}.npz", len(self._parts[number])
            self._labels[number] = _read_labels(self._files.read(name), f"{self._files.where}/{name}", count)
        return self._labels[number]

    def _check(self) -> None:
        for number in range(len(self._parts)):
            where = f"{self._files.where}/{number:05}.json"
            sums = as_mapping(parse_json(self._files.read(f"{number:05}.json"), where, "checksums"), where)
            for name in (f"{number:05}.pictures", f"{number:05}.npz"):
                wanted = as_mapping(sums.get("sha256"), f"{where}, field sha256").get(name)
                if hashlib.sha256(self._files.read(name)).hexdigest() != wanted:
                    raise ValueError(
                        f"{self._files.where}/{name} is damaged; delete {number:05}.json and write it again"
                    )


def _read_labels(content: bytes, path: str, count: int) -> dict[str, NDArray[np.generic]]:
    """Read a shard's table of labels and check that it is whole."""
    try:
        with np.load(BytesIO(content), allow_pickle=False) as file:
            labels = {name: file[name] for name in file.files}
    except Exception as error:  # a damaged archive raises whatever its parts' readers raise
        raise ValueError(
            f"{path} is not a whole table of labels ({one_line(error)}); write the shards again"
        ) from error
    labels.setdefault("present", np.ones(count, bool))
    for name, (shape, kinds) in _COLUMNS.items():
        column = labels.get(name)
        if column is None or column.shape != (count, *shape) or column.dtype.kind not in kinds:
            found = "missing" if column is None else f"{column.dtype} {column.shape}"
            raise ValueError(f"{path}, {name} is {found}, expected {(count, *shape)}; write the shards again")
    if (np.diff(labels["ends"], prepend=0) <= 0).any() or not np.isin(labels["side"], range(len(_SIDES))).all():
        raise ValueError(f"{path} has ends or sides that cannot be; write the shards again")
    return labels


def _read(files: ShardFiles, name: str, start: int, end: int) -> NDArray[np.uint8]:
    """Decode the picture between two places of a file."""
    data = files.span(name, start, end)
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    if image is None:
        raise ValueError(
            f"{files.where}/{name} holds no picture at byte {start}; check the shards and write them again"
        )
    return np.ascontiguousarray(image[:, :, ::-1])
