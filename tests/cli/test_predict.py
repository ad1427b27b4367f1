"""`likelihand predict`: every good picture gets its line and overlay, every bad one a line on stderr."""

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from likelihand.cli import main
from likelihand.data.images import read_image
from likelihand.inference import load


def predict(*arguments: object) -> int:
    return main(["predict", *map(str, arguments)])


def lines(out: Path) -> dict[str, Any]:
    text = (out / "predictions.jsonl").read_text().splitlines()
    return {line["file"]: line for line in map(json.loads, text)}


def test_a_folder(model: Path, pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert predict(pictures, "--crop", "--model", model, "--out", out, "--threads", 1, "--batch-size", 1) == 0
    found = lines(out)
    assert sorted(found) == [str(pictures / name) for name in ("a/x.png", "b/x.png", "b/y.jpg")]
    overlays = {line["overlay"] for line in found.values()}
    assert overlays == {"x.overlay.png", "x-2.overlay.png", "y.overlay.png"}
    for name, line in found.items():
        image = read_image(name)
        assert line["size"] == list(image.shape[:2]) == list(read_image(out / line["overlay"]).shape[:2])
        (hand,) = load(model, detector=False)(image)
        (written,) = line["hands"]
        np.testing.assert_allclose(written["keypoints"], hand.points, atol=1e-3)
        np.testing.assert_allclose(written["scale"], hand.scale, atol=1e-3)
        np.testing.assert_allclose(written["covariance"], hand.covariance, atol=1e-3)
        assert written["box"] == [0, 0, image.shape[1], image.shape[0]]
        assert written["side"] is None


def test_python_finds_the_hands_of_the_command(tmp_path: Path) -> None:
    """One set of defaults: the same path gives the same hands, at the number of looks that pictures get."""
    pytest.importorskip("numba")
    from likelihand.data import Synthetic
    from likelihand.visualization.drawing import Drawing

    source = Drawing(Synthetic(4, seed=12, size=288).record(3).read()).save(tmp_path / "hand.png")
    assert predict(source, "--out", tmp_path, "--no-overlay") == 0
    found, written = load()(source), lines(tmp_path)[str(source)]["hands"]
    assert len(found) == len(written) == 1
    np.testing.assert_allclose(found[0].points, written[0]["keypoints"], atol=1e-3)
    np.testing.assert_allclose(found[0].covariance, written[0]["covariance"], atol=1e-3)
    assert (found[0].side, round(found[0].score, 4)) == (written[0]["side"], round(written[0]["score"], 4))
    assert np.abs(load(tta=1)(source)[0].points - found[0].points).max() > 0.1


def test_boxes_by_name_and_by_ending(model: Path, pictures: Path, tmp_path: Path) -> None:
    boxes = {"a/x.png": [[5, 5, 40, 45], [0, 0, 20, 20]], "b/x.png": [], "y.jpg": [[1, 2, 30, 40]]}
    (tmp_path / "boxes.json").write_text(json.dumps(boxes))
    assert predict(pictures, "--model", model, "--out", tmp_path, "--boxes", tmp_path / "boxes.json") == 0
    found = lines(tmp_path)
    for name, expected in (("a/x.png", boxes["a/x.png"]), ("b/x.png", []), ("b/y.jpg", boxes["y.jpg"])):
        assert [hand["box"] for hand in found[str(pictures / name)]["hands"]] == expected
    hands = load(model)(read_image(pictures / "a/x.png"), boxes["a/x.png"])
    for written, hand in zip(found[str(pictures / "a/x.png")]["hands"], hands, strict=True):
        np.testing.assert_allclose(written["keypoints"], hand.points, atol=1e-3)


def test_boxes_from_coco(model: Path, pictures: Path, tmp_path: Path) -> None:
    coco = {
        "images": [{"id": 7, "file_name": "a/x.png"}, {"id": 8, "file_name": "b/y.jpg"}],
        "annotations": [{"image_id": 7, "bbox": [5, 6, 30, 20]}],
    }
    (tmp_path / "boxes.json").write_text(json.dumps(coco))
    sources = (pictures / "a/x.png", pictures / "b/y.jpg")
    assert predict(*sources, "--model", model, "--out", tmp_path, "--boxes", tmp_path / "boxes.json") == 0
    assert [len(line["hands"]) for line in lines(tmp_path).values()] == [1, 0]
    assert lines(tmp_path)[str(sources[0])]["hands"][0]["box"] == [5, 6, 35, 26]


def test_bad_files_do_not_stop_the_others(
    model: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = (pictures / "b/y.jpg").read_bytes()
    (pictures / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (pictures / "empty.png").touch()
    (pictures / "text.jpg").write_text("no picture")
    assert predict(pictures, pictures / "missing.png", "--crop", "--model", model, "--out", tmp_path) == 1
    assert len(lines(tmp_path)) == 3
    told = capsys.readouterr().err.splitlines()
    for name in ("cut.jpg", "empty.png", "text.jpg", "missing.png"):
        assert sum(name in line for line in told) == 1
    assert told[-1].startswith("3 hands in 7 pictures") and told[-1].endswith("4 failed, see above")


def test_a_box_that_does_not_fit_fails_its_picture_alone(
    model: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    boxes = {"a/x.png": [[500, 5, 540, 45]], "b/x.png": [[1, 1, 9, 9]]}
    (tmp_path / "boxes.json").write_text(json.dumps(boxes))
    assert predict(pictures, "--model", model, "--out", tmp_path, "--boxes", tmp_path / "boxes.json") == 1
    assert list(lines(tmp_path)) == [str(pictures / "b/x.png")]
    told = capsys.readouterr().err
    assert "a/x.png: box 0 [500.0, 5.0, 540.0, 45.0] lies outside the picture of 80 x 60 pixels" in told
    assert "b/y.jpg: boxes file" in told and "does not name this picture" in told


def test_globs_and_repeats(model: Path, pictures: Path, tmp_path: Path) -> None:
    glob = str(pictures / "**" / "*.png")
    assert predict(glob, pictures / "a/x.png", glob, "--model", model, "--out", tmp_path, "--no-overlay") == 0
    assert len((tmp_path / "predictions.jsonl").read_text().splitlines()) == 2
    assert not list(tmp_path.glob("*.png"))


def test_a_source_without_pictures_is_told(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "nothing").mkdir()
    assert predict(tmp_path / "nothing", "no*.jpg", "--model", model, "--out", tmp_path) == 2
    told = capsys.readouterr().err
    assert "nothing: no picture or film in this folder" in told and "no*.jpg: no file matches" in told


def test_two_passes_look_closer(model: Path, pictures: Path, tmp_path: Path) -> None:
    source = pictures / "a/x.png"
    assert predict(source, "--crop", "--passes", 2, "--model", model, "--out", tmp_path) == 0
    (written,) = lines(tmp_path)[str(source)]["hands"]
    (hand,) = load(model, passes=2).crop(read_image(source))
    np.testing.assert_allclose(written["keypoints"], hand.points, atol=1e-3)
    assert written["box"] != [0, 0, 80, 60]


def test_a_closer_look_is_never_always_or_empty(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = pictures / "a/x.png"
    assert predict(source, "--tiles", "never", "--out", tmp_path) == 0
    assert predict(source, "--tiles", "sometimes", "--out", tmp_path) == 2
    assert "tiles is 'sometimes'; give 'never', 'empty' or 'always'" in capsys.readouterr().err


@pytest.mark.parametrize(("form", "name"), [("coco", "predictions.json"), ("csv", "predictions.csv")])
def test_formats(form: str, name: str, model: Path, pictures: Path, tmp_path: Path) -> None:
    assert predict(pictures, "--crop", "--model", model, "--out", tmp_path, "--format", form, "--no-overlay") == 0
    assert sorted(f.name for f in tmp_path.iterdir() if f.is_file()) == sorted(["predictions.jsonl", name])
    assert str(pictures / "b/y.jpg") in (tmp_path / name).read_text()


def test_standard_input(model: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = io.TextIOWrapper(io.BytesIO((pictures / "a/x.png").read_bytes()))
    monkeypatch.setattr(sys, "stdin", data)
    assert predict("-", "--model", model, "--out", tmp_path, "--crop") == 0
    assert lines(tmp_path)["-"]["size"] == [60, 80]
    assert (tmp_path / "stdin.overlay.png").is_file()


def test_it_never_imports_torch(model: Path, pictures: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from likelihand.cli import main; code = main(sys.argv[1:]); "
        "sys.exit(code or int(bool({'torch', 'timm', 'numba', 'matplotlib'} & set(sys.modules))))"
    )
    arguments = ["predict", str(pictures / "a/x.png"), "--model", str(model), "--out", str(tmp_path)]
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(lines(tmp_path)) == 1
    assert "%|" not in done.stderr  # no progress bar away from a terminal


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--crop", "--boxes", "boxes.json"], "--crop and --boxes exclude each other"),
        (["--fit", "--mirrored"], "--fit would mirror hands in depth with --mirrored; give --unmirror instead"),
        (["--boxes", "missing.json"], "missing.json is missing; give a JSON file"),
        (["--model", "missing.onnx"], "missing.onnx does not exist"),
        (["--model", "hand.tflite"], "give .onnx or .safetensors"),
        (["--threads", "none"], "--help"),
        (["--detect-every", "0"], "--detect-every is 0; give 1 or more"),
        (["--threads", "0"], "threads is 0; give 1 or more"),
        (["--batch-size", "0"], "batch_size is 0; give 1 or more"),
        (["--passes", "0"], "passes is 0; give 1 or more"),
        (["--tta", "5"], "tta is 5; give 1 to 4"),
        (["--runtime", "tpu"], "give 'onnx', 'openvino', 'torch'"),
        (["--format", "xml"], "--format 'xml' is not known; give jsonl, coco, csv"),
        (["--mod", "x.onnx"], "unrecognized arguments: --mod"),
    ],
)
def test_a_wrong_request_is_one_line(
    arguments: list[str], message: str, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert predict(pictures, *arguments) == 2
    told = capsys.readouterr().err
    assert told.startswith("likelihand: ") and told.count("\n") == 1
    assert message in told


@pytest.mark.parametrize(
    "content", ["", "[1, 2]", '{"images": 1, "annotations": 2}', '{"images": [], "annotations": [3]}']
)
def test_a_boxes_file_of_another_form_is_one_line(
    content: str, model: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "boxes.json").write_text(content)
    assert predict(pictures, "--model", model, "--out", tmp_path, "--boxes", tmp_path / "boxes.json") == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and "boxes.json" in told


def test_a_selfie_cameras_pictures(model: Path, pictures: Path, tmp_path: Path) -> None:
    """Turned back, a picture gives what the picture of the other side gives, boxes and overlay too."""
    from likelihand.visualization.drawing import Drawing

    source, other = pictures / "a/x.png", tmp_path / "other.png"
    Drawing(np.ascontiguousarray(read_image(source)[:, ::-1])).save(other)
    boxes = {"a/x.png": [[10, 5, 50, 45]], "other.png": [[30, 5, 70, 45]]}  # of 80 x 60 pixels
    (tmp_path / "boxes.json").write_text(json.dumps(boxes))

    def found(name: Path, *options: object) -> Any:
        assert predict(name, "--model", model, "--out", tmp_path / "out", *options) == 0
        (hand,) = lines(tmp_path / "out")[str(name)]["hands"]
        return hand["keypoints"], hand["box"], read_image(tmp_path / "out" / f"{name.stem}.overlay.png").tolist()

    for how in (["--crop"], ["--boxes", tmp_path / "boxes.json"]):
        assert found(source, *how, "--unmirror") == found(other, *how)
        assert found(source, *how, "--mirrored") == found(source, *how) != found(other, *how)


@pytest.mark.parametrize(("options", "mirrored"), [([], False), (["--mirrored"], True), (["--unmirror"], False)])
def test_sides_are_swapped_where_pixels_are_not_turned(
    options: list[str], mirrored: bool, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import likelihand.inference

    asked: list[object] = []

    def spy(*arguments: Any, **settings: Any) -> Any:
        asked.append(settings["mirrored"])
        return load(*arguments, **settings)

    monkeypatch.setattr(likelihand.inference, "load", spy)
    assert predict(pictures / "a/x.png", "--crop", "--out", tmp_path, "--threads", 1, *options) == 0
    assert asked == [mirrored]
