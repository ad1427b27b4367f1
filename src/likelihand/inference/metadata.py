"""Metadata of a model file: the contract between the export and every runtime.

It travels inside the file (ONNX `metadata_props`, key `likelihand`) as JSON, so that a model needs no second
file, and no guess about colour order, padding or keypoint order is ever made.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final

from likelihand.geometry import BOX_PADDING
from likelihand.structures import KEYPOINTS
from likelihand.uncertainty import Calibrations
from likelihand.utils.files import replacing
from likelihand.utils.validation import shown

FORMAT: Final = "likelihand-model"
VERSION: Final = 1
KEY: Final = "likelihand"
"""Name of the entry in the file's `metadata_props`."""
NONE: Final = Calibrations()
KINDS: Final[dict[str, tuple[str, ...]]] = {"hand": ("points", "scale"), "detect": ()}
"""What a model can be, to the outputs that its file must have."""


_TEXTS: Final = ("name", "licence", "training_data", "recipe", "speed")


@dataclass(frozen=True, slots=True)
class ModelMetadata:
    """What a runtime needs to run a model, and what users need to know before using it.

    Attributes:
        size: (height, width) of the crop in pixels.
        stages: stages of the network that the file holds; the last one's answer comes out.
        padding: side of the crop over the longer side of the box, as in training.
        outputs: names of the results; a hand model always has `points` and `scale`, in crop pixels, corner
            origin.
        keypoints: names of the points in order.
        name: what the model is called.
        licence: licence of the weights.
        kind: "hand" where it finds keypoints in a crop, "detect" where it finds hands in a picture.
        training_data: what it was trained on.
        recipe: how: run file, steps, time, start.
        speed: time of one call, with threads and machine, as measured.
        scores: metric to value, as measured, each key naming data and protocol.
        layout: axes of the input.
        dtype: type of the input, 0..255; normalisation happens inside.
        colour: order of the input's channels.
        threshold: least score of a detector's find that counts, in 0..1.
        calibrations: turn scale and spread into covariances that hold what they say, one for each kind of pictures
            and number of looks; none where the model is not calibrated.

    Example:
        >>> metadata = ModelMetadata(size=(128, 128), stages=3, licence="Apache-2.0")
        >>> ModelMetadata.from_json(metadata.to_json()) == metadata
        True
    """

    size: tuple[int, int]
    stages: int = 1
    padding: float = BOX_PADDING
    outputs: tuple[str, ...] = ("points", "scale")
    keypoints: tuple[str, ...] = KEYPOINTS
    name: str = ""
    kind: str = "hand"
    licence: str = ""
    training_data: str = ""
    recipe: str = ""
    speed: str = ""
    scores: dict[str, float] = field(default_factory=dict)
    layout: str = "NHWC"
    dtype: str = "uint8"
    colour: str = "RGB"
    threshold: float = 0.5
    calibrations: Calibrations = NONE

    def to_json(self) -> str:
        """Write it as one line of JSON that starts with format and version."""
        values = asdict(self) | {"calibrations": self.calibrations.to_json()}
        return json.dumps({"format": FORMAT, "version": VERSION, **values}, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> "ModelMetadata":
        """Read what `to_json` wrote, and refuse anything else.

        Raises:
            ValueError: not JSON, another format, a newer version, or a field that is missing or of a wrong kind.

        Example:
            >>> ModelMetadata.from_json('{"format": "x"}')
            Traceback (most recent call last):
            ValueError: model metadata has format 'x', not 'likelihand-model'; ...
        """
        values = _object(text)
        if values.get("format") != FORMAT:
            raise ValueError(
                f"model metadata has format {shown(values.get('format'))}, not {FORMAT!r}; "
                "export the model with `likelihand export`"
            )
        if values.get("version") != VERSION:
            raise ValueError(
                f"model metadata has version {shown(values.get('version'))}, this library reads {VERSION}; "
                "update likelihand or export the model again"
            )
        known = {f.name for f in fields(cls)}
        try:
            given = {k: _frozen(v) for k, v in values.items() if k in known}
            # files from before several calibrations hold one, as "calibration"
            given["calibrations"] = Calibrations.from_json(values.get("calibrations", values.get("calibration")))
            return cls(**given).checked()
        except TypeError as error:
            raise ValueError(f"model metadata is incomplete ({error}); export the model again") from error

    def checked(self) -> "ModelMetadata":
        """Return it after checking what a runtime relies on.

        Raises:
            ValueError: a field holds what no runtime of this library could use.
        """
        checks = {
            "size": _positive_pair(self.size),
            "stages": isinstance(self.stages, int) and self.stages >= 1,
            "padding": isinstance(self.padding, int | float) and 0 < self.padding < 100,
            "kind": self.kind in KINDS,
            "outputs": set(KINDS.get(self.kind, ())) <= set(self.outputs) and len(self.outputs) > 0,
            "keypoints": tuple(self.keypoints) == KEYPOINTS,
            "layout": self.layout == "NHWC",
            "dtype": self.dtype == "uint8",
            "colour": self.colour == "RGB",
            "threshold": isinstance(self.threshold, int | float) and 0 <= self.threshold <= 1,
            **{name: isinstance(getattr(self, name), str) for name in _TEXTS},
            "scores": isinstance(self.scores, dict) and all(map(_is_score, self.scores.items())),
            "calibrations": "spread" in self.outputs or not any(c.spread for c in self.calibrations.entries),
        }
        for name, good in checks.items():
            if not good:
                raise ValueError(
                    f"model metadata has {name} {shown(getattr(self, name))}, which this library cannot run; "
                    "export the model with `likelihand export`"
                )
        return self


def describe(
    path: str | os.PathLike[str], *, out: str | os.PathLike[str] | None = None, **changes: object
) -> ModelMetadata:
    """Change the metadata of a model file; its weights stay as they are. Needs the package `onnx`.

    Args:
        path: an `.onnx` file of this library.
        out: the file to write; `path` is replaced where None.
        **changes: fields of `ModelMetadata` and their new values.

    Returns:
        The new metadata.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it carries no metadata of this library, or they would mislead a runtime.

    Example:
        >>> describe("missing.onnx", licence="Apache-2.0")
        Traceback (most recent call last):
        FileNotFoundError: model missing.onnx does not exist; give an .onnx file of likelihand export
    """
    file = Path(path)
    if not file.is_file():
        raise FileNotFoundError(f"model {file} does not exist; give an .onnx file of likelihand export")
    import onnx

    model = onnx.load(file)
    entry = next((entry for entry in model.metadata_props if entry.key == KEY), None)
    if entry is None:
        raise ValueError(f"model {file} carries no likelihand metadata; give an .onnx file of likelihand export")
    metadata = replace(ModelMetadata.from_json(entry.value), **changes).checked()  # type: ignore[arg-type]
    entry.value = metadata.to_json()
    with replacing(Path(out or file)) as partial:
        onnx.save(model, partial)
    return metadata


def _is_score(item: tuple[object, object]) -> bool:
    name, value = item
    return isinstance(name, str) and isinstance(value, int | float) and not isinstance(value, bool)


def _positive_pair(size: object) -> bool:
    pair = isinstance(size, tuple) and len(size) == 2
    return pair and all(isinstance(v, int) and 0 < v <= 4096 for v in size)  # type: ignore[attr-defined]


def _object(text: str) -> Mapping[str, Any]:
    try:
        values = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"model metadata is not JSON ({error}); export the model again") from error
    if not isinstance(values, dict):
        raise ValueError(f"model metadata is a JSON {type(values).__name__}, not an object; export it again")
    return values


def _frozen(value: Any) -> Any:  # noqa: ANN401
    return tuple(value) if isinstance(value, list) else value
