import json
import pickle
import subprocess
import sys

import numpy as np
import pytest

import likelihand.data
from likelihand.data import RHD, CocoHands, Concatenated, DrawnHands, FreiHAND, split
from likelihand.data.images import ImageError


def test_the_package_needs_neither_pytorch_nor_numba():
    code = "import sys, likelihand.data; print([m for m in ('torch', 'numba', 'matplotlib') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_but_the_rendered_hands_is_there():
    for name in likelihand.data.__all__:
        if name != "Synthetic":
            assert getattr(likelihand.data, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        getattr(likelihand.data, "Nothing")  # noqa: B009


def test_data_sets_travel_to_worker_processes(tmp_path):
    labels = np.ones((42, 3))
    labels[:, 0] = np.arange(42)
    labels[:, 1] = np.arange(42) % 21
    (tmp_path / "training/rgb").mkdir(parents=True)
    (tmp_path / "training/anno_training.pickle").write_bytes(pickle.dumps({0: {"uv_vis": labels}}))
    (tmp_path / "training_K.json").write_text(json.dumps([np.eye(3).tolist()]))
    (tmp_path / "training_xyz.json").write_text(json.dumps([[[i, 2 * i, 1] for i in range(21)]]))
    (tmp_path / "training/rgb/00000000.jpg").write_bytes(b"")
    keypoints = np.column_stack([np.arange(21), np.arange(21), np.full(21, 2)]).ravel().tolist()
    content = {
        "images": [{"id": 1, "file_name": "training/rgb/00000000.jpg"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "keypoints": keypoints}],
    }
    (tmp_path / "labels.json").write_text(json.dumps(content))
    parts = [
        RHD(tmp_path),
        FreiHAND(tmp_path, versions=("gs",)),
        CocoHands(tmp_path / "labels.json"),
        DrawnHands(3),
    ]
    whole = Concatenated(parts)
    for dataset in (whole, *split(whole, 0.5)):
        copy = pickle.loads(pickle.dumps(dataset))
        for index in range(len(dataset)):
            assert (copy.record(index).points == dataset.record(index).points).all()
    with pytest.raises(ImageError, match="the file is empty"):
        pickle.loads(pickle.dumps(whole)).record(2).read()
