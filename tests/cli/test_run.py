"""From a run file to a model that is scored, exported and described: the commands one after the other."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

import likelihand as lh
from likelihand.cli import main

pytest.importorskip("torch")

RUN_FILE = {
    "network": {
        "class_path": "likelihand.SequentialHeatmapNetwork",
        "init_args": {
            "stages": 2,
            "width": 8,
            "backbone": {"class_path": "likelihand.TimmBackbone", "init_args": {"name": "test_resnet"}},
        },
    },
    "loss": {"class_path": "likelihand.ResidualLogLikelihood", "init_args": {"stages": 2}},
    "train_data": {"class_path": "likelihand.data.DrawnHands", "init_args": {"count": 12, "size": 64}},
    "validation_data": {
        "class_path": "likelihand.data.DrawnHands",
        "init_args": {"count": 4, "seed": 1, "size": 64},
    },
    "train": {"steps": 2, "batch_size": 3, "size": 64, "workers": 0, "tensorboard": False, "device": "cpu"},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `run.yaml` and the trained `run`."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "run.yaml").write_text(yaml.safe_dump(RUN_FILE))
    assert main(["train", "--config", str(folder / "run.yaml"), "--out", str(folder / "run")]) == 0
    return folder


def test_training_leaves_checkpoints(folder: Path) -> None:
    assert {"best.safetensors", "last.safetensors"} <= {p.name for p in (folder / "run").iterdir()}


def test_resuming_goes_on(folder: Path) -> None:
    from likelihand.models.checkpoint import read_info

    arguments = ["train", "--config", str(folder / "run.yaml"), "--out", str(folder / "run")]
    assert main([*arguments, "--train.steps", "3", "--resume"]) == 0
    assert read_info(folder / "run" / "last.safetensors").training["step"] == 3


def test_a_run_that_has_ended_goes_on_or_says_how(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from likelihand.models.checkpoint import read_info

    (tmp_path / "run.yaml").write_text(yaml.safe_dump(RUN_FILE))
    arguments = ["train", "--config", str(tmp_path / "run.yaml")]
    for name, options, told in (
        ("plain", [], None),
        ("cosine", ["--train.cosine", "true"], "steps was 2 and is 4, on which the cosine of the rate depends"),
    ):
        run = [*arguments, "--out", str(tmp_path / name), *options]
        assert main(run) == 0
        capsys.readouterr()
        assert main([*run, "--resume"]) == 0
        assert "has done 2 steps of 2; give more steps or epochs to go on" in capsys.readouterr().err
        assert main([*run, "--resume", "--train.steps", "4"]) == (2 if told else 0)
        if told:
            line = capsys.readouterr().err
            assert (
                told in line and "(--start OUT --out ANOTHER, without --resume)" in line and line.count("\n") == 1
            )
        assert read_info(tmp_path / name / "last.safetensors").training["step"] == (2 if told else 4)
    another = [*arguments, "--start", str(tmp_path / "cosine"), "--out", str(tmp_path / "another")]
    assert main([*another, "--train.cosine", "true", "--train.steps", "4"]) == 0
    assert "starting from" in capsys.readouterr().err


def test_suspects_are_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from likelihand.models.checkpoint import read_info

    (tmp_path / "run.yaml").write_text(yaml.safe_dump(RUN_FILE))
    rows = ["key,suspect", *(f"drawn 0/{i},{int(i in (2, 7))}" for i in range(12))]
    (tmp_path / "suspects.csv").write_text("\n".join(rows))
    (tmp_path / "checked.csv").write_text("key\ndrawn 0/7\ndrawn 0/9\n")
    (tmp_path / "typo.csv").write_text("key\ndrawn 0/9\ndrawn 0/99\n")
    arguments = ["train", "--config", str(tmp_path / "run.yaml"), "--out", str(tmp_path / "run")]
    wrong = [*arguments, "--leave-out", str(tmp_path / "suspects.csv"), "--leave-out", str(tmp_path / "typo.csv")]
    assert main(wrong) == 2
    told = capsys.readouterr().err
    assert "typo.csv: no hand of the training data has the key 'drawn 0/99'" in told and told.count("\n") == 1
    assert not (tmp_path / "run").exists()
    lists = [str(tmp_path / name) for name in ("suspects.csv", "checked.csv")]
    assert main([*arguments, "--leave-out", lists[0], "--leave-out", lists[1]]) == 0
    told = f"leaving out 3 of 12 hands: 2 of {lists[0]}, 2 of {lists[1]}\n"
    assert told in capsys.readouterr().err
    for data in (
        json.loads((tmp_path / "run" / "run.json").read_text())["data"],
        read_info(tmp_path / "run" / "best.safetensors").data,
    ):
        assert (data["training"]["samples"], data["training"]["parts"][0]["samples"]) == (9, 12)
        assert data["training"]["left_out"] == dict.fromkeys(lists, 2)
        assert data["validation"]["samples"] == 4
    assert main([*arguments, "--train.steps", "3", "--resume"]) == 2
    assert "the training data had 9 samples and has 12" in capsys.readouterr().err
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(RUN_FILE | {"leave_out": lists}))
    assert main([*arguments, "--train.steps", "3", "--resume"]) == 0


def test_a_second_run_in_the_same_folder_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--config", str(folder / "run.yaml"), "--out", str(folder / "run")]) == 2
    told = capsys.readouterr().err
    assert "holds a run already" in told and told.count("\n") == 1


def test_print_config_makes_a_run_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["train", "--config", str(folder / "run.yaml"), "--train.epochs", "7", "--print_config"])
    printed = yaml.safe_load(capsys.readouterr().out)
    assert printed["train"]["epochs"] == 7
    assert printed["network"]["init_args"]["width"] == 8


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--config", "missing.yaml"], "missing.yaml"),
        (["--train.epoch", "3"], "train.epoch"),
        (["--network", "likelihand.NoSuchNetwork"], "NoSuchNetwork"),
        (["--train.batch_size", "0"], "batch_size is 0"),
    ],
)
def test_a_wrong_run_is_one_line(
    folder: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "--config", str(folder / "run.yaml"), "--out", str(folder / "wrong"), *arguments]) == 2
    told = capsys.readouterr().err
    assert told.startswith("likelihand: ") and message in told and told.count("\n") == 1
    assert not (folder / "wrong").exists()


def test_checkpoint_and_exported_file_score_alike(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(folder / "run"), "--out", str(folder / "hand.onnx"), "--licence", "CC0-1.0"]) == 0
    assert "crop pixels from PyTorch" in capsys.readouterr().out
    reports = []
    for model in ("run", "hand.onnx"):
        file = folder / f"{model}.json"
        data = [
            "--data",
            "likelihand.data.DrawnHands",
            "--data.count",
            "6",
            "--data.seed",
            "3",
            "--data.size",
            "64",
        ]
        options = ["--protocol", "mmpose", "--json", str(file), "--batch-size", "4"]
        assert main(["evaluate", str(folder / model), *data, *options]) == 0
        reports.append(json.loads(file.read_text()))
        assert "protocol mmpose" in capsys.readouterr().out
    torch_total, onnx_total = (r["total"] for r in reports)
    assert torch_total["nme"] == pytest.approx(onnx_total["nme"], abs=1e-5)
    assert torch_total["hands"] == onnx_total["hands"] == 6
    assert (len(reports[0]["by_stage"]), len(reports[1]["by_stage"])) == (2, 1)


def test_an_exported_file_says_what_it_is(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = folder / "one.onnx"
    assert main(["export", str(folder / "run"), "--out", str(file), "--stages", "1", "--licence", "CC0-1.0"]) == 0
    capsys.readouterr()
    assert main(["info", str(file)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["stages"], told["licence"], told["size"]) == (1, "CC0-1.0", [64, 64])
    assert "DrawnHands" in told["training_data"]
    assert any(name.startswith("nme (paper") for name in told["scores"])


def test_exporting_more_stages_than_there_are_is_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(folder / "run"), "--stages", "3", "--out", str(folder / "three.onnx")]) == 2
    assert "expected 1..2" in capsys.readouterr().err
    assert not (folder / "three.onnx").exists()


def test_info_counts_by_part(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tables = []
    for source in (["--run-file", str(folder / "run.yaml")], [str(folder / "run")]):
        assert main(["info", *source, "--size", "64"]) == 0
        tables.append(capsys.readouterr().out)
    assert tables[0] == tables[1]
    assert [line.split()[0] for line in tables[0].splitlines()] == ["part", "backbone", "stage", "stage", "total"]
    assert main(["info", str(folder / "run"), "--size", "64", "--stages", "1"]) == 0
    assert "stage 2" not in capsys.readouterr().out


RIVALS = ["rival-rle", "rival-integral", "rival-simplebaseline", "rival-cpm"]
OTHERS = ["drawn-cpu", "rendered-cpu", "finetune"]


@pytest.mark.parametrize("name", ["paper-freihand", "paper-rhd", *OTHERS, *RIVALS])
def test_run_files_of_the_project_parse(name: str) -> None:
    from likelihand.cli.train import parser
    from likelihand.training import TrainConfig

    file = Path(__file__).resolve().parents[2] / "configs" / f"{name}.yaml"
    arguments = parser().parse_args(["--config", str(file)])
    if name.startswith("paper"):
        config = arguments.train
        assert (config.epochs, config.learning_rate, config.hold_out) == (120, 1e-3, 0.02)
        assert [TrainConfig(**vars(config)).batches(n) for n in (1, 2, 4)] == [(128, 4), (128, 2), (128, 1)]
        assert arguments.validation_data is None and arguments.train_data.init_args.split == "training"
        assert (list(arguments.train.milestones), arguments.train.decay) == ([90], 0.1)
        assert arguments.network.init_args.stages == arguments.loss.init_args.stages == 5


def test_the_bundled_model_is_trained_further(folder: Path) -> None:
    """What configs/finetune.yaml says, on a file of rendered hands and for two steps."""
    config = Path(__file__).resolve().parents[2] / "configs" / "finetune.yaml"
    assert main(["synth", "--count", "4", "--size", "64", "--out", str(folder / "mine")]) == 0
    file = str(folder / "mine" / "annotations.json")
    words = ["--train.steps", "2", "--train.batch_size", "4", "--train.workers", "0", "--train.progress", "false"]
    data = ["--train_data.init_args.annotations", file, "--validation_data.init_args.annotations", file]
    out = folder / "finetuned"
    run = ["train", "--config", str(config), "--start", "bundled", "--out", str(out), *data, *words]
    assert main([*run, "--resume"]) == 0  # there is nothing to resume, so it starts
    before, after = lh.load(detector=False), lh.load(out, detector=False)
    picture = lh.read_image(next((folder / "mine" / "images").iterdir()))
    ours, theirs = before.crop(picture)[0], after.crop(picture)[0]
    assert 0 < np.abs(ours.points - theirs.points).max() < 3.0


def test_hands_of_a_coco_file_can_be_chosen(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import cv2

    cv2.imwrite(str(folder / "a.png"), np.zeros((64, 64, 3), np.uint8))
    points = np.column_stack([np.random.default_rng(0).uniform(9, 50, (21, 2)), np.full(21, 2)]).ravel().tolist()
    hands = [
        {"id": i, "image_id": 1, "category_id": 1, "keypoints": points, "bbox": [0, 0, 64, 64], "subset": name}
        for i, name in enumerate(("core", "core", "extra"))
    ]
    content = {"images": [{"id": 1, "file_name": "a.png"}], "annotations": hands}
    (folder / "a.json").write_text(json.dumps(content))
    init = {"annotations": str(folder / "a.json"), "where": {"subset": "core"}, "box": "keypoints"}
    described = {"class_path": "likelihand.data.CocoHands", "init_args": init}
    (folder / "data.yaml").write_text(yaml.safe_dump(described))
    chosen = ["--where", "subset=core"]
    reports = []
    for source in (["a.json"], ["a.json", *chosen], ["a.json", *chosen, "--box", "keypoints"], ["data.yaml"]):
        data = [str(folder / source[0]), *source[1:], "--json", str(folder / "scores.json")]
        assert main(["evaluate", str(folder / "run"), "--data", *data]) == 0
        reports.append(json.loads((folder / "scores.json").read_text()))
    assert [report["samples"] for report in reports] == [3, 2, 2, 2]
    assert reports[1]["split"].endswith("a.json subset=core")
    assert reports[1]["total"] != reports[2]["total"] == reports[3]["total"]
    capsys.readouterr()
    drawn = ["likelihand.data.DrawnHands", "--data.count", "2"]
    for data, message in (
        ([str(folder / "a.json"), "--where", "core"], "--where 'core' is not FIELD=VALUE"),
        ([*drawn, *chosen], "--where goes with a path"),
        ([str(folder / "a.json"), "--where", "subset=none"], "3 annotations without subset=none"),
    ):
        assert main(["evaluate", str(folder / "run"), "--data", *data]) == 2
        told = capsys.readouterr().err
        assert message in told and told.count("\n") == 1


def test_unknown_protocol_and_data_are_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = ["--data", "likelihand.data.DrawnHands", "--data.count", "2"]
    assert main(["evaluate", str(folder / "run"), *data, "--protocol", "best"]) == 2
    assert "protocol 'best' is not known; give one of paper, mmpose" in capsys.readouterr().err
    assert main(["evaluate", str(folder / "run"), "--data", str(folder / "nothing")]) == 2
    told = capsys.readouterr().err
    assert "nothing" in told and told.count("\n") == 1
