import hashlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from experiments.open_hands import fetch
from likelihand.data import CocoHands


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """A photo that was labelled at half of its size, and one that is not there."""
    (tmp_path / "source").mkdir()
    content = io.BytesIO()
    Image.fromarray(np.zeros((80, 120, 3), np.uint8)).save(content, "PNG")
    (tmp_path / "source/a b.png").write_bytes(content.getvalue())
    points = np.linspace([5, 5], [45, 30], 21).tolist()
    hand = {"points": points, "flags": [2, 0, *[1] * 19], "side": "left", "sure": 0.9}
    photo = {
        "repository": "owner/name", "commit": "0" * 40, "width": 60, "height": 40, "licence": "CC0",
        "sha256": hashlib.sha256(content.getvalue()).hexdigest(), "hands": [hand],
    }  # fmt: skip
    photos = [{**photo, "file": "a.png", "path": "a b.png"}, {**photo, "file": "b.png", "path": "b.png"}]
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps({"photos": photos}))
    return path


def run(manifest: Path, monkeypatch: pytest.MonkeyPatch, *more: str) -> int:
    base = (manifest.parent / "source").as_uri() + "/{path}"
    out = str(manifest.parent / "out")
    monkeypatch.setattr("sys.argv", ["fetch", "--manifest", str(manifest), "--base", base, "--out", out, *more])
    return fetch.main()


def test_photos_are_fetched_and_points_scaled(manifest, monkeypatch, capsys) -> None:
    assert run(manifest, monkeypatch) == 2
    assert "b.png: " in capsys.readouterr().err
    record = CocoHands(manifest.parent / "out/annotations.json").record(0)
    np.testing.assert_allclose(record.points, np.linspace([10, 10], [90, 60], 21), atol=1e-6)
    assert record.side == "left" and record.visibility.tolist() == [2, 1, *[2] * 19]
    assert record.read().shape == (80, 120, 3)


def test_hidden_keypoints_can_be_left_out(manifest, monkeypatch) -> None:
    run(manifest, monkeypatch, "--seen")
    record = CocoHands(manifest.parent / "out/annotations.json").record(0)
    assert record.visibility.tolist() == [2, 0, *[2] * 19]


def test_another_shape_is_refused(manifest, monkeypatch, capsys) -> None:
    content = json.loads(manifest.read_text())
    content["photos"][0]["width"] = 70
    manifest.write_text(json.dumps(content))
    assert run(manifest, monkeypatch) == 2
    assert "a.png: it is 120 x 80, expected the shape of 70 x 40" in capsys.readouterr().err


def test_the_manifest_is_whole() -> None:
    content = json.loads(fetch.MANIFEST.read_text("utf-8"))
    hands = [hand for photo in content["photos"] for hand in photo["hands"]]
    assert len(hands) == content["count"]
    for photo in content["photos"]:
        assert len(photo["commit"]) == 40 and len(photo["sha256"]) == 64 and photo["licence"]
        for hand in photo["hands"]:
            assert (
                np.shape(hand["points"]) == (21, 2)
                and set(hand["flags"]) <= {0, 1, 2}
                and len(hand["flags"]) == 21
            )
            assert hand["side"] in ("left", "right", None) and 0 <= hand["sure"] <= 1
