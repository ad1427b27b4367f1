"""The OpenAPI description: it says what the server does, and nothing that is not defined."""

import json

from likelihand.apps.serve.description import description
from likelihand.data import DrawnHands
from likelihand.inference import Predictor
from likelihand.inference.metadata import ModelMetadata
from tests.apps.serve.conftest import SMALL


def references(part):
    """Yield every name that a description refers to."""
    if isinstance(part, dict):
        yield from ([part["$ref"]] if "$ref" in part else [])
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def test_every_reference_is_defined_and_all_of_it_is_json():
    described = json.loads(json.dumps(description(SMALL)))
    schemas = described["components"]["schemas"]
    assert {reference.removeprefix("#/components/schemas/") for reference in references(described)} == set(schemas)


def test_it_names_the_limits_of_this_server():
    text = json.dumps(description(SMALL))
    assert f"at most {SMALL.body} bytes" in text and f"not done within {SMALL.seconds:g} s" in text


def test_a_hand_is_described_as_it_is_sent():
    class Runtime:
        metadata = ModelMetadata(size=(64, 64))

        def __call__(self, crops):
            import numpy as np

            return {"points": np.full((len(crops), 21, 2), 9.0), "scale": np.ones((len(crops), 21, 2))}

    (hand,) = Predictor(Runtime(), tta=1).crop(DrawnHands(1).record(0).read())
    schema = description(SMALL)["components"]["schemas"]["Hand"]
    assert set(schema["properties"]) == set(hand.to_json()) == set(schema["required"])
