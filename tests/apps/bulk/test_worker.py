"""What a worker writes: the hands of `likelihand predict`, to the last digit, and a row for whatever gave none."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pyarrow", reason="needs likelihand[ray]")
pytest.importorskip("fsspec", reason="needs likelihand[ray]")
import pyarrow as pa
import pyarrow.parquet as pq

from likelihand.apps.bulk import BulkSettings, plan
from likelihand.apps.bulk.inputs import find
from likelihand.apps.bulk.worker import Worker, failure, rows_of, schema
from likelihand.cli import main
from likelihand.structures import Hand
from likelihand.tracking import TrackedHand
from likelihand.utils.storage import Folder
from tests.apps.bulk.results import lines, rows

GOLDEN = Path(__file__).parents[2] / "golden" / "rendered.png"


def hand(kind: type[Hand] = Hand, **more: object) -> Hand:
    points = np.arange(42.0).reshape(21, 2) / 3
    return kind(points, np.ones((21, 2)), np.zeros(4), np.tile(np.eye(2), (21, 1, 1)), "left", 0.5, **more)


def test_a_table_holds_what_json_lines_hold() -> None:
    line = {"size": [4, 5], "hands": [hand().to_json(), hand().to_json()]}
    rows = [*rows_of("a.jpg", line, "0f"), failure("b.jpg", OSError("b.jpg:\n gone"), "0f")]
    one, two, bad = pa.Table.from_pylist(rows, schema()).to_pylist()
    assert (one["hand"], two["hand"], bad["hand"]) == (0, 1, None)
    assert one["points"] == line["hands"][0]["keypoints"]
    for name in ("side", "score", "box", "covariance", "confidence"):
        assert one[name] == line["hands"][0][name]
    assert (bad["error"], bad["height"], one["error"], one["frame"], one["seen"]) == (
        "b.jpg: gone",
        None,
        None,
        None,
        None,
    )
    assert set(schema().names) == set(one)


def test_a_frame_has_its_number_and_its_tracks() -> None:
    line = {"frame": 7, "time": 0.28, "size": [4, 5], "hands": [hand(TrackedHand, track=3, seen=False).to_json()]}
    (row,) = rows_of("a.mp4", line, "0f")
    assert (row["frame"], row["time"], row["hand"], row["seen"]) == (7, 0.28, 3, False)


def bulk(out: Path, settings: BulkSettings, *sources: object) -> list[dict[str, int]]:
    """What the engine does, with one worker, in this process."""
    folder, about = Folder(out), settings.about()
    plan.begin(folder, about)
    plan.add(folder, find([str(source) for source in sources], settings.column, folder.address).inputs, 3)
    worker = Worker(folder.address, settings, about["model"])
    return [worker.work(chunk) for chunk in plan.left(folder, plan.chunks_of(folder))]


def plain(out: Path, *arguments: object) -> dict[str, Any]:
    assert main(["predict", *map(str, arguments), "--out", str(out), "--no-overlay", "--threads", "1"]) in (0, 1)
    written = (json.loads(line) for line in (out / "predictions.jsonl").read_text().splitlines())
    left_out = ("scale", "inside")
    return {
        line["file"]: [{name: hand[name] for name in hand if name not in left_out} for hand in line["hands"]]
        for line in written
    }


def test_pictures_have_the_hands_of_predict(model: Path, pictures: Path, tmp_path: Path) -> None:
    counts = bulk(tmp_path / "bulk", BulkSettings(str(model), crop=True), pictures)
    assert [sum(each[name] for each in counts) for name in ("pictures", "hands", "failed")] == [9, 9, 1]
    found = rows(tmp_path / "bulk")
    good = [row for row in found if row["error"] is None]
    assert lines(good) == plain(tmp_path / "plain", pictures, "--crop", "--model", model)
    (bad,) = (row for row in found if row["error"] is not None)
    assert bad["path"] == str(pictures / "damaged.jpg")
    assert "damaged.jpg: the picture ends too early" in bad["error"]
    assert (bad["hand"], bad["points"], bad["height"]) == (None, None, None)
    assert {len(row["model"]) for row in found} == {16}


def test_the_bundled_models_find_the_hands_that_predict_finds(tmp_path: Path) -> None:
    from likelihand.data.images import read_image
    from likelihand.visualization.drawing import Drawing

    image = read_image(GOLDEN)
    for name, picture in (("hands", image), ("mirrored", image[:, ::-1].copy()), ("none", np.zeros_like(image))):
        Drawing(picture).save(tmp_path / "in" / f"{name}.png")
    bulk(tmp_path / "bulk", BulkSettings(), tmp_path / "in")
    found = lines(rows(tmp_path / "bulk"))
    assert found == plain(tmp_path / "plain", tmp_path / "in")
    counts = [len(found[str(tmp_path / "in" / f"{name}.png")]) for name in ("hands", "mirrored", "none")]
    assert counts[0] > 5 and counts[1] > 5 and counts[2] == 0


def test_a_film_has_the_frames_of_predict(model: Path, tmp_path: Path) -> None:
    pytest.importorskip("av")
    from likelihand.tracking import VideoWriter

    film, rng = tmp_path / "clip.mp4", np.random.default_rng(0)
    with VideoWriter(film) as writer:
        for i in range(5):
            writer.write(rng.integers(0, 256, (64, 96, 3), np.uint8), seconds=i / 25)
    (tmp_path / "bad.mp4").write_bytes(b"no film")
    counts = bulk(tmp_path / "bulk", BulkSettings(str(model), crop=True), film, tmp_path / "bad.mp4")
    assert [(each["pictures"], each["failed"]) for each in counts] == [(1, 0), (0, 1)]
    assert (
        main(["predict", str(film), "--crop", "--model", str(model), "--out", str(tmp_path), "--no-overlay"]) == 0
    )
    found = [row for row in rows(tmp_path / "bulk") if row["error"] is None]
    for row, text in zip(found, (tmp_path / "clip.jsonl").read_text().splitlines(), strict=True):
        frame = json.loads(text)
        assert (row["frame"], row["time"], [row["height"], row["width"]]) == (
            frame["frame"],
            frame["time"],
            frame["size"],
        )
        told = [row["hand"], row["seen"], row["points"], row["covariance"]] if row["hand"] is not None else []
        assert told == [
            hand[name] for hand in frame["hands"] for name in ("track", "seen", "keypoints", "covariance")
        ]


def test_tars_and_tables_give_the_pictures_within(model: Path, pictures: Path, tmp_path: Path) -> None:
    files = sorted(pictures.rglob("*.jpg"))
    with tarfile.open(tmp_path / "shard.tar", "w") as archive:
        for file in files:
            archive.add(file, f"./{file.name}")
            label = tarfile.TarInfo(f"{file.stem}.json")
            label.size = 2
            archive.addfile(label, io.BytesIO(b"{}"))
    table = pa.table({"jpg": [file.read_bytes() for file in files] + [None]})
    pq.write_table(table, tmp_path / "table.parquet", row_group_size=4)
    settings = BulkSettings(str(model), crop=True)
    bulk(tmp_path / "bulk", settings, tmp_path / "shard.tar", tmp_path / "table.parquet")
    found = rows(tmp_path / "bulk")
    expected = plain(tmp_path / "plain", pictures, "--crop", "--model", model)
    for place, file in enumerate(files):
        for path in (f"{tmp_path}/shard.tar/{file.name}", f"{tmp_path}/table.parquet#{place}"):
            (row,) = (row for row in found if row["path"] == path)
            if file.name == "damaged.jpg":
                assert row["error"].startswith(path)
            else:
                assert lines([row])[path] == expected[str(file)]
    assert len(found) == 2 * len(files) + 1
    (empty,) = (row for row in found if row["path"].endswith(f"#{len(files)}"))
    assert empty["error"].endswith("the cell is empty; give the bytes of a picture")


def test_a_tar_that_ends_too_early_gives_what_is_there_and_says_so(
    model: Path, pictures: Path, tmp_path: Path
) -> None:
    with tarfile.open(tmp_path / "whole.tar", "w") as archive:
        archive.add(pictures / "deep", "")
    (tmp_path / "cut.tar").write_bytes((tmp_path / "whole.tar").read_bytes()[:9000])
    bulk(tmp_path / "bulk", BulkSettings(str(model), crop=True), tmp_path / "cut.tar")
    *good, bad = rows(tmp_path / "bulk")
    assert 1 <= len(good) < 4
    assert all(row["error"] is None for row in good)
    assert (bad["path"], bad["hand"]) == (str(tmp_path / "cut.tar"), None)
    assert bad["error"]


def test_a_chunk_that_is_done_is_not_done_again(model: Path, pictures: Path, tmp_path: Path) -> None:
    settings = BulkSettings(str(model), crop=True)
    bulk(tmp_path, settings, pictures)
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / "parts").iterdir()}
    folder = Folder(tmp_path)
    worker = Worker(folder.address, settings, settings.model_hash())
    assert [worker.work(chunk)["pictures"] for chunk in plan.chunks_of(folder)] == [0] * len(before)
    assert {file: file.stat().st_mtime_ns for file in (tmp_path / "parts").iterdir()} == before


def test_a_worker_with_another_model_writes_nothing(model: Path, pictures: Path, tmp_path: Path) -> None:
    settings = BulkSettings(str(model), crop=True)
    plan.add(Folder(tmp_path), find([str(pictures)]).inputs, 100)
    (chunk,) = plan.chunks_of(Folder(tmp_path))
    with pytest.raises(ValueError, match="has the hash"):
        Worker(str(tmp_path), settings, "0" * 16).work(chunk)
    assert list((tmp_path / "parts").iterdir()) == []
