import hashlib
import json
from importlib import resources

import numpy as np
import pytest

from likelihand.synth.hand.asset import load_asset

FOLDER = resources.files("likelihand.synth.hand").joinpath("assets")


def test_files_are_small_free_and_what_their_provenance_says():
    record = json.loads(FOLDER.joinpath("provenance.json").read_text())
    total = 0
    for part in ("asset", "contacts"):
        content = FOLDER.joinpath(record[part]["file"]).read_bytes()
        total += len(content)
        assert hashlib.sha256(content).hexdigest() == record[part]["sha256"]
    assert total <= 250_000
    assert "CC0 1.0 Universal" in FOLDER.joinpath("LICENSE.md").read_text()


def test_a_damaged_file_is_refused(monkeypatch):
    monkeypatch.setattr(hashlib, "sha256", hashlib.md5)
    with pytest.raises(ValueError, match="damaged"):
        load_asset.__wrapped__()


def test_mesh_is_watertight_but_for_the_cut_forearm_and_wound_outwards():
    asset = load_asset()
    edges = asset.triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2)
    directed, counts = np.unique(edges, axis=0, return_counts=True)
    assert counts.max() == 1
    known = {tuple(edge) for edge in directed}
    rim = [edge for edge in known if edge[::-1] not in known]
    assert asset.forearm[np.unique(rim)].min() > asset.forearm.max() - 0.5
    degree = np.bincount(np.array(rim).ravel(), minlength=len(asset.vertices))
    assert set(degree[degree > 0]) == {2}
    corners = asset.vertices[asset.triangles].astype(np.float64)
    assert np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() > 0


def test_weights_and_frame():
    asset = load_asset()
    np.testing.assert_allclose(asset.weight_shares.sum(1), 1, atol=1e-6)
    np.testing.assert_allclose(asset.joints[0], 0, atol=1e-6)
    np.testing.assert_allclose(asset.joints[9], [0, asset.palm_length, 0], atol=1e-6)
    assert asset.joints[5, 0] > 0 > asset.joints[17, 0]
    assert asset.joints[4, 2] > 0.02


def test_joints_lie_inside_the_skin():
    asset = load_asset()
    corners = asset.vertices[asset.triangles].astype(np.float64)[None] - asset.joints[:, None, None]
    a, b, c = corners[:, :, 0], corners[:, :, 1], corners[:, :, 2]
    x, y, z = (np.linalg.norm(v, axis=-1) for v in (a, b, c))
    volume = np.sum(a * np.cross(b, c), -1)
    dots = x * y * z + np.sum(a * b, -1) * z + np.sum(b * c, -1) * x + np.sum(c * a, -1) * y
    winding = 2 * np.arctan2(volume, dots).sum(1) / (4 * np.pi)
    assert np.all(winding > 0.9)


def test_nails_are_on_the_back_of_the_finger_ends():
    asset = load_asset()
    nail = asset.nail > 0.5
    for finger in range(1, 6):
        mine = nail & (asset.finger == finger)
        assert mine.sum() >= 8
        assert np.median(asset.raised[mine]) > 0.5 and asset.along[mine].min() > 2
