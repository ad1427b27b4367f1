"""The contract inside a model file: read back as written, and refused where it would mislead."""

import json

import pytest

from likelihand.metadata import ModelMetadata

GOOD = ModelMetadata(size=(128, 96), stages=3, padding=1.3, name="n", scores={"NME drawn": 0.1}, training_data="t")


def changed(**values: object) -> str:
    return json.dumps(json.loads(GOOD.to_json()) | values)


def test_it_comes_back_as_written() -> None:
    assert ModelMetadata.from_json(GOOD.to_json()) == GOOD


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
