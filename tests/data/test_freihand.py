import json

import cv2
import numpy as np
import pytest

from likelihand.data.dataset import split
from likelihand.data.freihand import FreiHAND
from likelihand.data.images import ImageError

CAMERA = [[400.0, 0.0, 112.0], [0.0, 410.0, 112.0], [0.0, 0.0, 1.0]]


def layout(root, part="training", unique=3, versions=4, xyz=True):
    rng = np.random.default_rng(0)
    points = rng.uniform(-0.1, 0.1, (unique, 21, 3)) + np.array([0, 0, 0.7])
    (root / part / "rgb").mkdir(parents=True)
    for i in range(unique * versions):
        cv2.imwrite(str(root / part / "rgb" / f"{i:08d}.jpg"), np.full((224, 224, 3), i * 10, np.uint8))
    (root / f"{part}_K.json").write_text(json.dumps([CAMERA] * unique))
    if xyz:
        (root / f"{part}_xyz.json").write_text(json.dumps(points.tolist()))
    return points


def test_points_are_projected_and_versions_share_labels(tmp_path):
    xyz = layout(tmp_path)
    data = FreiHAND(tmp_path)
    assert len(data) == 12
    for index in (0, 4, 11):
        record = data.record(index)
        x, y, z = xyz[index % 3, 8]
        assert np.allclose(record.points[8], (400 * x / z + 112.5, 410 * y / z + 112.5))
        assert abs(int(record.read()[0, 0, 0]) - 10 * index) <= 1
        assert (record.side, record.dataset, record.weight.sum()) == ("right", "FreiHAND", 21)
        assert np.allclose(record.box, [*record.points.min(0), *record.points.max(0)])
    assert data.record(1).group == data.record(10).group != data.record(2).group


def test_chosen_versions_and_a_split_that_does_not_leak(tmp_path):
    layout(tmp_path)
    some = FreiHAND(tmp_path, versions=("hom", "auto"))
    assert [some.record(i).key[-6:-4] for i in range(6)] == ["03", "04", "05", "09", "10", "11"]
    first, second = split(FreiHAND(tmp_path), 0.3)
    assert (len(first), len(second)) == (8, 4)
    assert not {first.record(i).group for i in range(8)} & {second.record(i).group for i in range(4)}


def test_evaluation_with_and_without_labels(tmp_path):
    layout(tmp_path, "evaluation", versions=1, xyz=False)
    with pytest.raises(FileNotFoundError, match=r"evaluation_xyz\.json is missing.*labels=False"):
        FreiHAND(tmp_path, "evaluation")
    data = FreiHAND(tmp_path, "evaluation", labels=False)
    record = data.record(2)
    assert record.weight.sum() == 0
    assert record.box.tolist() == [0, 0, 224, 224]
    assert len(data) == 3


def test_what_is_missing_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"training_K\.json is missing"):
        FreiHAND(tmp_path)
    layout(tmp_path, versions=1)
    with pytest.raises(FileNotFoundError, match=r"00000003\.jpg is missing \('hom'\)"):
        FreiHAND(tmp_path)
    data = FreiHAND(tmp_path, versions=("gs",))
    with pytest.raises(IndexError, match="holds 3 records"):
        data.record(3)
    (tmp_path / "training/rgb/00000001.jpg").unlink()
    with pytest.raises(FileNotFoundError, match=r"00000001\.jpg: no such file"):
        data.record(1).read()
    path = tmp_path / "training/rgb/00000002.jpg"
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(ImageError, match=r"00000002\.jpg: .*truncated"):
        data.record(2).read()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v: v[:2], "has 2 entries and training_K.json 3"),
        (lambda v: [*v[:2], v[2][:20]], r"training_xyz\.json entry 2: .* is not 21 x 3 numbers"),
        (lambda v: [h[:20] for h in v], r"training_xyz\.json entry 0: .* is not 21 x 3 numbers"),
        (lambda v: [v[0], [[float("nan")] * 3] * 21, v[2]], "entry 1: nan is not a finite number"),
        (lambda v: [v[0], v[1], [["x"] * 3] * 21], "entry 2: .* is not 21 x 3 numbers"),
        (lambda v: [v[0], v[1], [[0.0, 0.0, -1.0]] * 21], "entry 2 has a depth that is not positive"),
        (lambda v: {"a": 1}, r"{'a': 1} is not a list"),
        (lambda v: [], "is an empty list"),
    ],
)
def test_damaged_labels_are_refused(tmp_path, change, message):
    xyz = layout(tmp_path)
    (tmp_path / "training_xyz.json").write_text(json.dumps(change(xyz.tolist())))
    with pytest.raises(ValueError, match=message):
        FreiHAND(tmp_path)


def test_truncated_json_and_unknown_names(tmp_path):
    layout(tmp_path)
    text = (tmp_path / "training_xyz.json").read_text()
    (tmp_path / "training_xyz.json").write_text(text[: len(text) // 2])
    with pytest.raises(ValueError, match=r"training_xyz\.json is not whole JSON"):
        FreiHAND(tmp_path)
    with pytest.raises(ValueError, match="split 'test' is unknown"):
        FreiHAND(tmp_path, "test")
    with pytest.raises(ValueError, match="versions"):
        FreiHAND(tmp_path, versions=("green",))


def test_real_training_samples_agree_with_another_projects_labels(shared):
    root = shared / "real/formats/freihand"
    data = FreiHAND(root / "reconstructed_training_5", versions=("gs",))
    assert len(data) == 5
    for i in range(5):
        hand = json.loads((root / f"handposex/label/{i:08d}.json").read_text())
        record = data.record(i)
        points = np.array(hand["hands"][0]["joint3d"])
        fx, fy, cx, cy = (hand[k] for k in ("fx", "fy", "cx", "cy"))
        theirs = points[:, :2] / points[:, 2:] * (fx, fy) + (cx + 0.5, cy + 0.5)
        assert np.abs(record.points - theirs).max() < 0.01
        assert record.read().shape == (224, 224, 3)


def test_the_official_evaluation_pictures(shared):
    data = FreiHAND(shared / "real/formats/freihand/official_evaluation_first200", "evaluation", labels=False)
    assert len(data) == 200
    assert all(data.record(i).read().shape == (224, 224, 3) for i in range(0, 200, 20))
