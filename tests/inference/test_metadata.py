"""The contract inside a model file: read back as written, and refused where it would mislead."""

import json

import pytest

from likelihand.inference.metadata import ModelMetadata
from likelihand.uncertainty import Calibration, Calibrations, RadialTable

GOOD = ModelMetadata(size=(128, 96), stages=3, padding=1.3, name="n", scores={"NME drawn": 0.1}, training_data="t")


def changed(**values: object) -> str:
    return json.dumps(json.loads(GOOD.to_json()) | values)


def test_it_comes_back_as_written() -> None:
    assert ModelMetadata.from_json(GOOD.to_json()) == GOOD


TABLE = RadialTable((0.0, 0.5, 0.6827), (0.0, 1.25, 1.5), 1.0)
KNOWN = Calibrations(
    (
        Calibration(0.5, 0.5, 0.25, TABLE, "1 hand of a"),
        Calibration(0.5, 0.5, 0.25, TABLE, "1 hand of b", "photos", 4, 1.5, 0.02),
    )
)
SPREAD = ModelMetadata(size=(8, 8), outputs=("points", "scale", "spread"), calibrations=KNOWN)


def test_calibrations_come_back_by_name_and_number_of_looks() -> None:
    assert ModelMetadata.from_json(SPREAD.to_json()) == SPREAD
    stored = json.loads(SPREAD.to_json())["calibrations"]
    assert {name: list(part) for name, part in stored.items()} == {"rendered": ["1"], "photos": ["4"]}


def test_a_file_from_before_names_and_looks_holds_one_rendered_look() -> None:
    old = json.loads(SPREAD.to_json())
    del old["calibrations"]
    entry = KNOWN.entries[0].to_json()
    old["calibration"] = {k: v for k, v in entry.items() if k not in ("name", "looks", "factor", "added")}
    assert ModelMetadata.from_json(json.dumps(old)).calibrations == Calibrations(KNOWN.entries[:1])
    assert not ModelMetadata.from_json(json.dumps(old | {"calibration": None})).calibrations


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"looks": 0}, "for 0 looks"),
        ({"looks": True}, "for True looks"),
        ({"looks": "1"}, "for '1' looks"),
        ({"looks": 2}, "2 look.* stands under 'rendered' and '1'"),
        ({"name": "photos"}, "'photos' .* stands under 'rendered'"),
        ({"name": "../a"}, "name '../a' is none"),
        ({"name": 3}, "name 3 is none"),
        ({"factor": 0}, "factor 0"),
        ({"factor": "wide"}, "is malformed"),
        ({"added": -0.1}, "added noise -0.1"),
        ({"added": 1e9}, "beyond 100"),
        ({"levels": [0.0, 2.0]}, "does not grow"),
        ({"radii": 5}, "is malformed"),
    ],
)
def test_a_wrong_calibration_is_refused(change: dict[str, object], message: str) -> None:
    values = json.loads(SPREAD.to_json())
    values["calibrations"]["rendered"]["1"] |= change
    with pytest.raises(ValueError, match=message):
        ModelMetadata.from_json(json.dumps(values))


@pytest.mark.parametrize(
    ("calibrations", "message"),
    [
        ([], "no object"),
        ("photos", "no object"),
        ({"photos": {"1": 3}}, "malformed|lacks"),
        ({"photos": 3}, "lacks"),
        ({"photos": {}, "rendered": 3}, "lacks"),
    ],
)
def test_calibrations_of_a_wrong_form_are_refused(calibrations: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ModelMetadata.from_json(json.dumps(json.loads(SPREAD.to_json()) | {"calibrations": calibrations}))


def test_a_calibration_that_needs_spread_is_refused_where_there_is_none() -> None:
    with pytest.raises(ValueError, match="has calibrations"):
        ModelMetadata(size=(8, 8), calibrations=KNOWN).checked()


def test_a_detector_names_its_own_outputs() -> None:
    text = ModelMetadata(size=(8, 8), kind="detect", outputs=("heat",)).to_json()
    assert ModelMetadata.from_json(text).outputs == ("heat",)


def test_unknown_fields_of_the_same_version_are_let_through() -> None:
    assert ModelMetadata.from_json(changed(note="later")) == GOOD


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[1]", "JSON list, not an object"),
        (changed(format="other"), "has format 'other'"),
        (changed(version=2), "has version 2, this library reads 1; update likelihand"),
        (json.dumps({"format": "likelihand-model", "version": 1}), "is incomplete .*size"),
        (changed(size=[128]), "has size"),
        (changed(size=[0, 5]), "has size"),
        (changed(size="ab"), "has size"),
        (changed(stages=0), "has stages 0"),
        (changed(padding=-1), "has padding -1"),
        (changed(outputs=["points"]), "has outputs"),
        (changed(kind="detect", outputs=[]), "has outputs"),
        (changed(kind="palm"), "has kind 'palm'"),
        (changed(keypoints=["wrist"]), "has keypoints"),
        (changed(layout="NCHW"), "has layout 'NCHW'"),
        (changed(dtype="float32"), "has dtype"),
        (changed(colour="BGR"), "has colour 'BGR', which this library cannot run"),
    ],
)
def test_a_misleading_contract_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ModelMetadata.from_json(text)
