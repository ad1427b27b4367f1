import numpy as np

from likelihand.synth.hand.asset import load_asset
from likelihand.synth.render.attributes import ALONG, ARM, FINGER, KNUCKLE, PALM
from likelihand.synth.render.surface import hand_surface


def test_the_arm_goes_on_without_a_seam() -> None:
    asset, surface = load_asset(), hand_surface()
    palm = asset.palm_length
    vertices = surface.extended((asset.vertices / palm).astype(np.float32), np.zeros(3, np.float32))
    assert len(vertices) == len(surface.attributes)
    edges = np.concatenate(
        [surface.triangles[:, [0, 1]], surface.triangles[:, [1, 2]], surface.triangles[:, [2, 0]]]
    )
    directed = {(int(a), int(b)) for a, b in edges}
    assert len(directed) == len(edges)
    open_edges = [edge for edge in directed if edge[::-1] not in directed]
    assert len(open_edges) == len(surface.rim)
    assert (
        surface.attributes[[a for a, _ in open_edges], ARM].min() > surface.attributes[surface.rim, ARM].max() + 5
    )
    assert np.linalg.norm(vertices[-1] - vertices[surface.rim].mean(0)) > 5


def test_winding_is_outward_on_the_continuation() -> None:
    asset, surface = load_asset(), hand_surface()
    vertices = surface.extended((asset.vertices / asset.palm_length).astype(np.float32), np.zeros(3, np.float32))
    new = surface.triangles[(surface.triangles >= len(asset.vertices)).all(1)]
    a, b, c = (vertices[new[:, k]] for k in range(3))
    axis = vertices[surface.rim].mean(0)
    along = vertices[-len(surface.rim) :].mean(0) - axis
    along = along / np.linalg.norm(along)
    out = (a + b + c) / 3 - axis
    out -= (out @ along)[:, None] * along
    assert ((np.cross(b - a, c - a) * out).sum(1) > 0).mean() > 0.95


def test_painting_coordinates_are_in_range() -> None:
    attributes = hand_surface().attributes
    assert set(np.unique(attributes[:, FINGER])) == {0, 1, 2, 3, 4, 5}
    assert attributes[:, PALM].min() >= 0 and attributes[:, PALM].max() <= 1
    assert attributes[:, KNUCKLE].max() <= 1 and attributes[:, KNUCKLE].max() > 0.3
    assert (attributes[attributes[:, FINGER] == 0, ALONG] == -1).all()
