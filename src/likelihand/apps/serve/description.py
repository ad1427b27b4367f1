"""The server's routes as OpenAPI describes them."""

from typing import Any

from likelihand.apps.serve.limits import Limits
from likelihand.structures import KEYPOINTS

Schema = dict[str, Any]


def description(limits: Limits) -> Schema:
    """Return the OpenAPI 3.1 document.

    Example:
        >>> sorted(description(Limits())["paths"])
        ['/healthz', '/v1/predict']
    """
    from importlib.metadata import version

    about = (
        "Finds 21 keypoints of hands in pictures, and says how sure it is of each. `/v1/stream` is a WebSocket: "
    )
    about += "binary messages with a picture each in; a line with tracked hands out for every frame worked on."
    return {
        "openapi": "3.1.0",
        "info": {"title": "likelihand", "version": version("likelihand"), "description": about},
        "paths": {"/v1/predict": {"post": _predict(limits)}, "/healthz": {"get": _health()}},
        "components": {
            "schemas": {"Picture": _picture(), "Hand": _hand(), "Error": _object({"error": {"type": "string"}})},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _predict(limits: Limits) -> Schema:
    picture = {"type": "string", "format": "binary", "description": f"at most {limits.body} bytes"}
    form = {"type": "object", "properties": {"file": _array(picture), "boxes": {"type": "string"}}}
    refusals = {
        "400": "the form cannot be read",
        "401": "the token is missing or wrong",
        "408": f"not done within {limits.seconds:g} s",
        "413": "too large: the body, a picture or the number of boxes",
        "415": "no picture that is read",
        "422": "boxes that are none of this picture",
        "503": "the queue is full",
    }
    return {
        "summary": "Find the hands of a picture, or of the pictures of a form",
        "security": [{}, {"token": []}],
        "parameters": [
            _query("boxes", "JSON, [[x0, y0, x1, y1], ...] in pixels: one hand each; without it hands are found"),
            _query("name", "what the answer calls the picture"),
        ],
        "requestBody": {"required": True, "content": {"image/*": {}, "multipart/form-data": {"schema": form}}},
        "responses": {
            "200": {
                "description": "a picture's hands; of a form, a line per picture",
                "content": {
                    name: {"schema": _ref("Picture")} for name in ("application/json", "application/jsonl")
                },
            },
            **{code: _refusal(text) for code, text in refusals.items()},
        },
    }


def _health() -> Schema:
    return {"summary": "Say that the server is there", "responses": {"200": {"description": "it is"}}}


def _refusal(text: str) -> Schema:
    return {"description": text, "content": {"application/json": {"schema": _ref("Error")}}}


def _picture() -> Schema:
    size = _array({"type": "integer"}) | {"description": "height, width"}
    return _object({"file": {"type": "string"}, "size": size, "hands": _array(_ref("Hand"))})


def _hand() -> Schema:
    number: Schema = {"type": "number"}
    point = _array(number)
    return _object(
        {
            "keypoints": _array(point) | {"description": f"(x, y) in pixels of {', '.join(KEYPOINTS)}"},
            "scale": _array(point),
            "covariance": _array(_array(point)),
            "confidence": _array(number),
            "inside": _array({"type": "boolean"}),
            "box": point,
            "side": {"enum": ["left", "right", None]},
            "score": number,
        }
    )


def _object(properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": [*properties]}


def _array(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _query(name: str, text: str) -> Schema:
    return {"name": name, "in": "query", "description": text, "schema": {"type": "string"}}
