import base64
import json

import numpy as np
import pytest

from tests.apps.web import golden

HOW = "run `python tests/apps/web/golden.py`, then `npm test` in web/, and bring the TypeScript in line"


def differences(mine, theirs, path=""):
    """Yield where two JSON values differ, numbers by more than rounding."""
    if isinstance(mine, dict) and isinstance(theirs, dict) and mine.keys() == theirs.keys():
        for key in mine:
            yield from differences(mine[key], theirs[key], f"{path}.{key}")
    elif isinstance(mine, list) and isinstance(theirs, list) and len(mine) == len(theirs):
        for i, pair in enumerate(zip(mine, theirs, strict=True)):
            yield from differences(*pair, f"{path}[{i}]")
    elif isinstance(mine, float) and isinstance(theirs, int | float):
        if abs(mine - theirs) > 2e-4 * max(1.0, abs(theirs)):
            yield f"{path}: {mine} is not {theirs}"
    elif mine != theirs and not path.endswith((".rgb", ".sum")):
        yield f"{path}: {str(mine)[:60]} is not {str(theirs)[:60]}"


@pytest.fixture(scope="module")
def both():
    return json.loads(json.dumps(golden.vectors())), json.loads(golden.FILE.read_text("utf-8"))


def test_the_vectors_that_the_page_is_held_to_are_what_this_library_computes(both):
    assert list(differences(*both))[:5] == [], HOW


def test_so_are_the_warped_crops(both):
    for mine, theirs in zip(*(v["warps"]["cases"] for v in both), strict=True):
        a, b = (np.frombuffer(base64.b64decode(c["rgb"]), np.uint8).astype(int) for c in (mine, theirs))
        assert np.abs(a - b).max() <= 1 and (a != b).mean() < 0.001, HOW
