"""`likelihand predict --fit --format glb` and `bvh` of films, with hands in them and without."""

import json
from pathlib import Path
from typing import Any

import pytest

from likelihand.cli import main
from likelihand.cli.fits import fits_json
from tests.reconstruction.hands import hand_of, made

pytest.importorskip("av")


def predict(*arguments: object) -> int:
    return main(["predict", *map(str, arguments), "--threads", "1"])


@pytest.mark.parametrize("form", ["glb", "bvh"])
def test_films_without_hands_are_named_and_keep_their_lines(
    form: str, model: Path, film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(
        "likelihand.tracking.tracker.Tracker._is_good", lambda self, hand, image, track=None: False
    )
    other = film.with_stem("other")
    other.write_bytes(film.read_bytes())
    (tmp_path / f"clip.{form}").write_text("of an earlier run")
    wanted = ["--model", model, "--out", tmp_path, "--no-overlay", "--fit", "--format", form]
    assert predict(film, other, *wanted) == 2
    assert capsys.readouterr().err.splitlines() == [
        f"likelihand: {path}: 0 hands in 6 frames, so no {path.stem}.{form}; "
        f"the frames are in {tmp_path / path.stem}.jsonl"
        for path in (film, other)
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clip.jsonl", "in", "other.jsonl"]
    assert [len([*map(json.loads, (tmp_path / f"{name}.jsonl").open())]) for name in ("clip", "other")] == [6, 6]


@pytest.mark.usefixtures("gullible")
def test_a_film_with_a_hand_after_one_without_is_animated(
    model: Path, film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from likelihand.tracking import TrackedFrame

    honest, empty = TrackedFrame.to_json, film.with_stem("empty")
    empty.write_bytes(film.read_bytes())
    count = iter(range(12))
    monkeypatch.setattr(
        TrackedFrame, "to_json", lambda frame: honest(frame) if next(count) >= 6 else honest(frame) | {"hands": []}
    )
    monkeypatch.setattr("likelihand.cli.predict_video.add_fits", lambda hands, fits: _fitted(hands))
    wanted = ["--model", model, "--out", tmp_path, "--no-overlay", "--crop", "--fit", "--format", "glb"]
    assert predict(empty, film, *wanted) == 2
    told = capsys.readouterr().err.splitlines()
    assert told[0].startswith(f"likelihand: {empty}: ") and told[1].endswith(f" -> {tmp_path / 'clip.glb'}")
    assert (tmp_path / "clip.glb").is_file() and not (tmp_path / "empty.glb").exists()


def _fitted(hands: list[dict[str, Any]]) -> None:
    for hand in hands:
        hand["fit"] = fits_json([hand_of(made(1, seed=30)[0][0].points, 2.0)])[0]
