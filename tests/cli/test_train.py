"""`likelihand train`: run files, what a run leaves, and how it goes on."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

import likelihand as lh
from likelihand.cli import main, train
from tests.cli.conftest import RUN_FILE

pytest.importorskip("torch")


def test_training_leaves_checkpoints(folder: Path) -> None:
    assert {"best.safetensors", "last.safetensors"} <= {p.name for p in (folder / "run").iterdir()}


def test_resuming_goes_on(folder: Path, tmp_path: Path) -> None:
    from likelihand.models.checkpoint import read_info

    shutil.copytree(folder / "run", tmp_path / "run")
    arguments = ["train", "--config", str(folder / "run.yaml"), "--out", str(tmp_path / "run")]
    assert main([*arguments, "--train.steps", "3", "--resume"]) == 0
    assert read_info(tmp_path / "run" / "last.safetensors").training["step"] == 3


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


def test_an_exported_file_is_no_start(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from likelihand.inference import bundled

    (tmp_path / "run.yaml").write_text(yaml.safe_dump(RUN_FILE))
    arguments = ["train", "--config", str(tmp_path / "run.yaml"), "--out", str(tmp_path / "run")]
    assert main([*arguments, "--start", str(bundled())]) == 2
    told = capsys.readouterr().err
    assert "an exported file cannot be trained; give the checkpoint" in told and told.count("\n") == 1


def test_the_description_of_the_loss_stands_in_the_checkpoint(folder: Path) -> None:
    from likelihand.losses import from_config
    from likelihand.models.checkpoint import read_info

    info = read_info(folder / "run" / "best.safetensors")
    assert info.loss is not None
    assert from_config(info.loss).config() == info.loss
    assert json.loads((folder / "run" / "run.json").read_text())["loss"] == info.loss


def test_help_explains_every_setting() -> None:
    settings = [a for a in train.parser()._actions if a.dest.startswith("train.")]
    unexplained = [a.dest for a in settings if not a.help and not a.dest.endswith(".help")]
    assert settings
    assert not unexplained
