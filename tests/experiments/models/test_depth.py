from argparse import Namespace

import numpy as np
import pytest
import torch

from experiments.models.depth import found, look, nats, train
from experiments.models.gpu.render import depths, render
from likelihand.models import SequentialHeatmapNetwork, TimmBackbone
from likelihand.synth import render_picture

SIDE = 64


@pytest.fixture(scope="module")
def chunk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rendered")
    render(0, folder, 48, 5, None, 1e-3, 6)
    return folder / "0-00000.npz"


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return SequentialHeatmapNetwork(TimmBackbone("resnet18", stride=16), stages=2, width=16, depth=True).eval()


def test_depths_are_those_of_the_hand_seen_from_afar():
    """In an orthographic picture at the wrist's distance bones have their true lengths."""
    picture = render_picture(5, 3, 48)
    joints = picture.hands[0].joints
    scale = picture.camera[0, 0] / joints[0, 2]
    space = np.column_stack([joints[:, :2] * scale, depths(picture.hands[0], picture.camera)])
    bones = np.linalg.norm(np.diff(space, axis=0), axis=1) / np.linalg.norm(np.diff(joints, axis=0), axis=1)
    np.testing.assert_allclose(bones, scale)


@torch.no_grad()
def test_what_is_kept_of_a_crop_is_all_that_the_head_needs(chunk, network, monkeypatch):
    kept = []

    def keep(crops):
        kept.append((255 * crops).byte().permute(0, 2, 3, 1))
        return kept[0]

    monkeypatch.setattr("experiments.models.depth.augment", keep)
    seen = look(network, chunk, SIDE)
    assert seen["depth"].shape == (6, 21)
    expected = network(kept[0])[-1].depth
    torch.testing.assert_close(found(network.depth, seen, SIDE), expected, atol=0.02, rtol=0.01)


def test_the_density_is_laplaces():
    predicted, depth = torch.tensor([[1.0, 0.5], [-2.0, -1.0]]), torch.tensor([3.0, -2.5])
    density = torch.distributions.Laplace(predicted[:, 0], predicted[:, 1].exp())
    torch.testing.assert_close(nats(predicted, depth), -density.log_prob(depth))


def test_the_head_learns_and_keeps_its_best_weights(chunk, network, capsys):
    seen = look(network, chunk, SIDE)
    with torch.no_grad():
        before = float(nats(found(network.depth, seen, SIDE), seen["depth"]).mean())
    train(network.depth, seen, seen, SIDE, Namespace(epochs=30, batch=6, rate=1e-2, decay=0.0))
    told = [float(line.split()[2]) for line in capsys.readouterr().out.splitlines()]
    with torch.no_grad():
        after = float(nats(found(network.depth, seen, SIDE), seen["depth"]).mean())
    assert after == pytest.approx(min(told), abs=1e-3)
    assert after < before - 0.2
