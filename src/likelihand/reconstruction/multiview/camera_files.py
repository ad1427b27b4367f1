"""Read camera calibrations: TOML of anipose and Pose2Sim, and YAML of OpenCV.

Both count pixels' centres as integers, as OpenCV does; `Camera` has the corner for its origin, so 1/2 is added to
the principal point.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from likelihand.geometry import corner_from_pixel_index
from likelihand.reconstruction.camera import rotation_of
from likelihand.reconstruction.multiview.camera import Camera
from likelihand.uncertainty import FloatArray
from likelihand.utils.validation import (
    Malformed,
    as_integer,
    as_mapping,
    as_numbers,
    one_line,
    plain,
    read_bytes,
    shown,
)

WHAT: Final = "a calibration of cameras: TOML as anipose and Pose2Sim write it, or OpenCV's YAML"
_YAML: Final = (".yml", ".yaml")
_MATRIX: Final = ("camera_matrix", "cameraMatrix", "intrinsic_matrix", "K", "M")
_DISTORTION: Final = ("distortion_coefficients", "distortion_coeffs", "dist_coeffs", "distCoeffs", "D", "dist")
_ROTATION: Final = ("rotation", "rotation_matrix", "rotation_vector", "R", "rvec")
_TRANSLATION: Final = ("translation", "translation_vector", "T", "t", "tvec")


def read_cameras(*files: str | Path) -> tuple[Camera, ...]:
    """Read calibrated cameras.

    Args:
        files: one TOML file with a table per camera (`matrix`, `distortions`, `rotation`, `translation`, `size`,
            `name`, `fisheye`); or YAML files of OpenCV, one each (`camera_matrix`, `distortion_coefficients`,
            `R` or `rvec`, `T` or `tvec`), or those of a stereo pair (`M1`, `D1`, `M2`, `D2`, `R`, `T`), whose
            first camera is the world.

    Returns:
        The cameras, in the files' order.

    Raises:
        FileNotFoundError: a file is missing.
        ValueError: a file is none of these, or a part of a camera is missing or none.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder, "cameras.toml")
        ...     _ = file.write_text(
        ...         'cam_0 = {name = "A", size = [640, 480], matrix = [[500, 0, 319.5], [0, 500, 239.5], '
        ...         '[0, 0, 1]], distortions = [0, 0], rotation = [0, 0, 0], translation = [0, 0, 0]}')
        ...     camera, = read_cameras(file)
        >>> camera.name, camera.size, camera.matrix[0]
        ('A', (480, 640), array([500.,   0., 320.]))
    """
    paths = [Path(file) for file in files]
    if not paths:
        raise ValueError(f"no file of cameras; give {WHAT}")
    if all(path.suffix.lower() in _YAML for path in paths):
        return _from_yaml({path: _read_yaml(path) for path in paths})
    if len(paths) > 1:
        raise ValueError(
            f"{', '.join(map(str, paths))} are several files of cameras; give one TOML file, or YAML files"
        )
    return _from_toml(paths[0])


def _from_toml(path: Path) -> tuple[Camera, ...]:
    try:
        content = tomllib.loads(read_bytes(path, WHAT).decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Malformed(f"{path} is not TOML ({error}); give {WHAT}") from error
    tables = {name: part for name, part in content.items() if isinstance(part, dict) and "matrix" in part}
    if not tables:
        raise Malformed(f"{path} has no table with the matrix of a camera; give {WHAT}")
    return tuple(_of_table(part, name, f"{path}, camera {name}") for name, part in tables.items())


def _of_table(part: Mapping[str, Any], name: str, where: str) -> Camera:
    size = part.get("size")
    return Camera(
        matrix=_corner_matrix(part["matrix"], f"{where}, matrix"),
        rotation=_rotation(_needed(part, ("rotation",), where), f"{where}, rotation"),
        translation=_vector(_needed(part, ("translation",), where), f"{where}, translation"),
        distortion=_lens(part.get("distortions", []), f"{where}, distortions"),
        fisheye=bool(part.get("fisheye", False)),
        name=plain(part.get("name", name)),
        size=None if size is None else _size(as_numbers(size, f"{where}, size", (2,)), where),
    )


def _size(size: ArrayLike, where: str) -> tuple[int, int]:
    """Return (height, width) of a file's (width, height)."""
    width, height = np.asarray(size, np.float64).tolist()
    return as_integer(height, f"{where}, height", 1), as_integer(width, f"{where}, width", 1)


def _from_yaml(contents: Mapping[Path, Mapping[str, Any]]) -> tuple[Camera, ...]:
    together = {key: value for content in contents.values() for key, value in content.items()}
    if {"M1", "M2"} <= together.keys() or {"K1", "K2"} <= together.keys():
        return _stereo_pair(together, ", ".join(map(str, contents)))
    return tuple(_of_opencv(content, path.stem, str(path)) for path, content in contents.items())


def _stereo_pair(content: Mapping[str, Any], where: str) -> tuple[Camera, ...]:
    """Return the cameras of OpenCV's stereo calibration: x2 = R x1 + T."""
    first = {"M": _needed(content, ("M1", "K1"), where), "D": content.get("D1", [])}
    second = {"M": _needed(content, ("M2", "K2"), where), "D": content.get("D2", [])}
    moved = {"R": _needed(content, ("R",), where), "T": _needed(content, ("T",), where)}
    shared = {key: content[key] for key in ("image_width", "image_height", "fisheye") if key in content}
    return (
        _of_opencv(first | {"R": np.eye(3).tolist(), "T": [0, 0, 0]} | shared, "1", f"{where}, camera 1"),
        _of_opencv(second | moved | shared, "2", f"{where}, camera 2"),
    )


def _of_opencv(content: Mapping[str, Any], name: str, where: str) -> Camera:
    sized = {"image_width", "image_height"} <= content.keys()
    size = _size([content["image_width"], content["image_height"]], where) if sized else None
    return Camera(
        matrix=_corner_matrix(_needed(content, _MATRIX, where), f"{where}, camera matrix"),
        rotation=_rotation(_needed(content, _ROTATION, where), f"{where}, rotation"),
        translation=_vector(_needed(content, _TRANSLATION, where), f"{where}, translation"),
        distortion=_lens(
            next((content[key] for key in _DISTORTION if key in content), []), f"{where}, distortion"
        ),
        fisheye=bool(content.get("fisheye", False)),
        name=plain(content.get("camera_name", content.get("name", name))),
        size=size,
    )


def _needed(content: Mapping[str, Any], names: Sequence[str], where: str) -> object:
    found = next((content[name] for name in names if name in content), None)
    if found is None:
        raise Malformed(f"{where} has no {' or '.join(names)}; give {WHAT}")
    return found


def _corner_matrix(value: object, where: str) -> FloatArray:
    numbers = as_numbers(value, where)
    if numbers.size != 9 or numbers.reshape(3, 3)[2].tolist() != [0, 0, 1]:
        raise Malformed(f"{where}: {shown(value)} is no camera matrix, three rows of which the last is 0 0 1")
    matrix = numbers.reshape(3, 3).copy()
    matrix[:2, 2] = corner_from_pixel_index(matrix[:2, 2])
    return np.asarray(matrix)


def _vector(value: object, where: str) -> FloatArray:
    return (
        as_numbers(value, where).reshape(-1)
        if as_numbers(value, where).size == 3
        else as_numbers(value, where, (3,))
    )


def _lens(value: object, where: str) -> FloatArray:
    """Return a lens's coefficients without the zeros at their end; a tilted sensor is refused."""
    numbers = np.trim_zeros(as_numbers(value, where).ravel(), "b")
    if len(numbers) > 12:
        raise Malformed(
            f"{where}: {shown(value)} describes a tilted sensor, which is not supported; calibrate without"
        )
    return np.asarray(numbers)


def _rotation(value: object, where: str) -> FloatArray:
    """Return a rotation of a matrix or of a rotation vector (Rodrigues): its axis times the angle in radians."""
    numbers = as_numbers(value, where)
    if numbers.size == 9:
        return numbers.reshape(3, 3)
    if numbers.size != 3:
        raise Malformed(f"{where}: {shown(value)} is no rotation, three numbers or a 3 x 3 matrix")
    return np.asarray(rotation_of(numbers.reshape(1, 3))[0])


def _read_yaml(path: Path) -> dict[str, Any]:
    """Read YAML as OpenCV writes it: a head that no parser knows, and matrices with a tag of their own."""
    import yaml

    class Loader(yaml.SafeLoader):
        """Reads plain values and OpenCV's matrices."""

    def matrix(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Any, Any]:
        return loader.construct_mapping(node, deep=True)

    Loader.add_constructor("tag:yaml.org,2002:opencv-matrix", matrix)
    try:
        text = re.sub(r"\A\s*%YAML[^\n]*\n", "", read_bytes(path, WHAT).decode("utf-8-sig"))
        content = as_mapping(yaml.load(text, Loader), str(path))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(f"{path} is not YAML ({one_line(error)}); give {WHAT}") from error
    return {key: _plain_matrix(value) for key, value in content.items()}


def _plain_matrix(value: object) -> object:
    return value["data"] if isinstance(value, dict) and {"rows", "cols", "data"} <= value.keys() else value
