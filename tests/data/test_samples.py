"""What the package carries to look at: pictures with their labels, and a film."""

import json

import numpy as np

from likelihand.data.samples import LABELS, pictures


def test_the_samples_labels_name_their_pictures() -> None:
    content = json.loads(LABELS.read_text())
    assert [i["file_name"] for i in content["images"]] == [p.name for p in pictures()]
    assert all(np.size(a["keypoints"]) == 63 for a in content["annotations"])
