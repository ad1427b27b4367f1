"""CVAT's XML, its labels and its detection function; the real SDK and datumaro where they are installed."""

from xml.etree import ElementTree

import numpy as np

from likelihand.interop.cvat import CLASSES, document, labels
from likelihand.structures import BONES, KEYPOINTS
from tests.interop.lines import hand, picture

HANDS = [hand(0, "left"), hand(1, "right"), hand(2, None, spread=6.0)]
LINES = [picture("a & b.jpg", HANDS[0], HANDS[1]), picture("none.jpg"), picture("doubtful.jpg", HANDS[2])]


def test_the_xml_says_what_the_lines_say() -> None:
    LINES[0]["hands"][0]["inside"][4] = False
    root = ElementTree.fromstring(document(LINES))
    assert root.findtext("version") == "1.1"
    images = root.findall("image")
    assert [image.get("name") for image in images] == ["doubtful.jpg", "a & b.jpg", "none.jpg"]
    assert {(image.get("width"), image.get("height")) for image in images} == {("160", "120")}
    skeletons = images[1].findall("skeleton")
    assert [s.get("label") for s in skeletons] == ["left_hand", "right_hand"]
    for skeleton, values in zip(skeletons, LINES[0]["hands"], strict=True):
        points = skeleton.findall("points")
        assert [p.get("label") for p in points] == list(KEYPOINTS)
        places = [[float(v) for v in (p.get("points") or "").split(",")] for p in points]
        np.testing.assert_allclose(places, values["keypoints"], atol=1e-3)
        assert [p.get("outside") == "0" for p in points] == values["inside"]
    declared = root.findall("meta/task/labels/label")
    assert [label.findtext("name") for label in declared if label.findtext("type") == "skeleton"] == list(CLASSES)
    assert sum(label.findtext("parent") == "left_hand" for label in declared) == 21


def test_the_skeleton_of_the_labels_is_a_hand() -> None:
    for label in labels():
        svg = ElementTree.fromstring(f"<svg>{label['svg']}</svg>")
        nodes = {c.get("data-node-id"): c.get("data-label-name") for c in svg.findall("circle")}
        assert list(nodes.values()) == list(KEYPOINTS) == [part["name"] for part in label["sublabels"]]
        edges = [(line.get("data-node-from"), line.get("data-node-to")) for line in svg.findall("line")]
        assert [(nodes[a], nodes[b]) for a, b in edges] == [(KEYPOINTS[a], KEYPOINTS[b]) for a, b in BONES]
