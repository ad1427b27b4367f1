"""Settings: what changes results is told apart from what changes only the way to them."""

import shutil
from pathlib import Path

from likelihand.apps.bulk import BulkSettings
from likelihand.inference import FILMS, PHOTOS


def test_another_model_or_other_settings_are_another_run(model: Path, tmp_path: Path) -> None:
    same, other = tmp_path / "same.onnx", tmp_path / "other.onnx"
    shutil.copyfile(model, same)
    other.write_bytes(model.read_bytes() + b"0")
    about = BulkSettings(str(model), crop=True).about()
    assert BulkSettings(str(same), crop=True, threads=2, device="cpu", batch_size=1).about() == about
    assert BulkSettings(str(other), crop=True).about()["model"] != about["model"]
    assert BulkSettings(str(model), crop=True, tta=2).about() != about
    assert BulkSettings(str(model)).about()["model"] != about["model"]  # the detector counts where it is used


def test_pictures_and_films_have_the_defaults_of_predict(model: Path) -> None:
    settings = BulkSettings(str(model), crop=True)
    assert settings.predictor(films=False).tta == PHOTOS["tta"]
    assert settings.predictor(films=True).tta == FILMS["tta"]
    assert BulkSettings(str(model), crop=True, tta=2).predictor(films=True).tta == 2
