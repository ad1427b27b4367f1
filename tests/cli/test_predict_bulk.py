"""Options of bulk runs: what does not go together is refused before any work; tests/apps/bulk runs the rest."""

from pathlib import Path

import pytest

from likelihand.cli import main


@pytest.mark.parametrize(
    ("options", "message"),
    [(["--engine", "ray", "--boxes", "b.json"], "--boxes cannot be used with --engine ray"),
     (["--engine", "ray", "--format", "csv"], "writes Parquet"),
     (["--chunk", "9"], "--chunk needs --engine ray"),
     (["--out", "s3://a/b"], "--out s3://a/b is not a local folder"),
     (["--engine", "ray", "--chunk", "0"], "--chunk is 0; give 1 or more")],
)  # fmt: skip
def test_options_that_do_not_go_together_are_refused(
    pictures: Path, tmp_path: Path, options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", str(pictures), "--out", str(tmp_path / "out"), *options]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
