"""Files of cameras as the tools write them: OpenCV itself writes those of the tests."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from likelihand.reconstruction.multiview import Camera, read_cameras
from tests.reconstruction.multiview.rigs import points, rig

SPACE = points(40, size=0.2)


def opencv_matrix(camera: Camera) -> np.ndarray:
    return camera.matrix - np.array([[0, 0, 0.5], [0, 0, 0.5], [0, 0, 0]])


def toml_of(cameras: list[Camera]) -> str:
    """TOML as aniposelib's `CameraGroup.dump` writes it."""
    text = ""
    for i, camera in enumerate(cameras):
        height, width = camera.size or (720, 1280)
        vector = cv2.Rodrigues(camera.rotation)[0].ravel().tolist()
        text += f'[cam_{i}]\nname = "{camera.name}"\nsize = [ {width}, {height},]\n'
        text += f"matrix = {json.dumps(opencv_matrix(camera).tolist())}\n"
        text += f"distortions = {json.dumps([*camera.distortion, 0.0])}\nrotation = {json.dumps(vector)}\n"
        text += (
            f"translation = {json.dumps(camera.translation.tolist())}\nfisheye = {str(camera.fisheye).lower()}\n\n"
        )
    return text + "[metadata]\nadjusted = false\nerror = 0.4\n"


def same(read: Camera, camera: Camera) -> None:
    np.testing.assert_allclose(read.project(SPACE), camera.project(SPACE), atol=1e-6)


def test_anipose_toml(tmp_path: Path) -> None:
    cameras = rig(3)
    (tmp_path / "cameras.toml").write_text(toml_of(cameras))
    read = read_cameras(tmp_path / "cameras.toml")
    assert [(c.name, c.size) for c in read] == [
        ("cam0", (720, 1280)),
        ("cam1", (720, 1280)),
        ("cam2", (720, 1280)),
    ]
    for ours, camera in zip(read, cameras, strict=True):
        same(ours, camera)


def test_opencv_yaml_a_camera(tmp_path: Path) -> None:
    cameras = rig(2)
    for camera in cameras:
        file = cv2.FileStorage(str(tmp_path / f"{camera.name}.yml"), cv2.FILE_STORAGE_WRITE)
        file.write("image_width", 1280)
        file.write("image_height", 720)
        file.write("camera_matrix", opencv_matrix(camera))
        file.write("distortion_coefficients", camera.distortion[None])
        file.write("R", camera.rotation)
        file.write("T", camera.translation[:, None])
        file.release()
    read = read_cameras(tmp_path / "cam0.yml", tmp_path / "cam1.yml")
    assert [(c.name, c.size) for c in read] == [("cam0", (720, 1280)), ("cam1", (720, 1280))]
    for ours, camera in zip(read, cameras, strict=True):
        same(ours, camera)


def test_opencv_stereo_pair(tmp_path: Path) -> None:
    first, second = rig(2)
    relative = second.rotation @ first.rotation.T
    parts = {"intrinsics": {"M1": opencv_matrix(first), "D1": first.distortion[None], "M2": opencv_matrix(second)}}
    parts["intrinsics"]["D2"] = second.distortion[None]
    parts["extrinsics"] = {"R": relative, "T": (second.translation - relative @ first.translation)[:, None]}
    for name, values in parts.items():
        file = cv2.FileStorage(str(tmp_path / f"{name}.yml"), cv2.FILE_STORAGE_WRITE)
        for key, value in values.items():
            file.write(key, value)
        file.release()
    read = read_cameras(tmp_path / "intrinsics.yml", tmp_path / "extrinsics.yml")
    in_first = SPACE @ first.rotation.T + first.translation
    for ours, camera in zip(read, (first, second), strict=True):
        np.testing.assert_allclose(ours.project(in_first), camera.project(SPACE), atol=1e-6)


def test_a_stereo_pair_of_fisheye_lenses_is_one(tmp_path: Path) -> None:
    square = "[[500, 0, 319.5], [0, 500, 239.5], [0, 0, 1]]"
    text = f"M1: {square}\nM2: {square}\nD1: [0.1]\nD2: [0.1]\nR: [0, 0, 0]\nT: [-1, 0, 0]\nfisheye: 1\n"
    (tmp_path / "pair.yml").write_text(text)
    assert [camera.fisheye for camera in read_cameras(tmp_path / "pair.yml")] == [True, True]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("x = ", "is not TOML"),
        ("[metadata]\na = 1", "no table with the matrix of a camera"),
        ("[a]\nmatrix = [[1, 0], [0, 1]]\nrotation=[0,0,0]\ntranslation=[0,0,0]", "no camera matrix"),
        ("[a]\nmatrix = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]\ntranslation = [0, 0, 0]", "camera a has no rotation"),
        (
            "[a]\nmatrix = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]\nrotation = [0, 0]\ntranslation = [0, 0, 0]",
            "no rotation, three",
        ),
        (
            "[a]\nmatrix = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]\nrotation = [0, 0, 0]\ntranslation = [0, 0, 0]\n"
            "distortions = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.1, 0]",
            "tilted sensor",
        ),
    ],
)
def test_files_that_are_none(tmp_path: Path, text: str, line: str) -> None:
    (tmp_path / "cameras.toml").write_text(text)
    with pytest.raises(ValueError, match=line):
        read_cameras(tmp_path / "cameras.toml")


def test_yaml_cannot_make_objects(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("%YAML:1.0\n---\nK: !!python/object/apply:os.system ['true']\n")
    with pytest.raises(ValueError, match="is not YAML"):
        read_cameras(tmp_path / "a.yml")
    with pytest.raises(FileNotFoundError, match=r"b\.toml is missing; give a calibration"):
        read_cameras(tmp_path / "b.toml")
