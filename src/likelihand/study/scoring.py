"""Scores of a finished run, kept beside its weights."""

import json
from functools import partial
from pathlib import Path
from typing import Any, Final

from torch import nn

from likelihand.data.dataset import Dataset
from likelihand.evaluation import EveryStage, evaluate
from likelihand.inference.metadata import ModelMetadata
from likelihand.models import KeypointNetwork
from likelihand.models.checkpoint import load_checkpoint
from likelihand.ops.heatmaps import Decoder, dark
from likelihand.study.methods import Method
from likelihand.study.setting import Setting
from likelihand.training import LAST
from likelihand.utils.files import write_atomically
from likelihand.utils.validation import as_mapping, read_json

SCORES: Final = "scores.json"
OWN: Final = "own"
DARK: Final = "dark"
"""How heatmaps were read: as the network does itself, or by DARK."""


def readings(method: Method, setting: Setting) -> dict[str, Decoder | None]:
    """Return the ways to read a method's heatmaps by name; None leaves the network's own.

    Example:
        >>> from likelihand.study.methods import CPM, MLE
        >>> list(readings(MLE, Setting())), list(readings(CPM, Setting()))
        (['own'], ['own', 'dark'])
    """
    own: dict[str, Decoder | None] = {OWN: None}
    return own if method.dark is None else own | {DARK: partial(dark, sigma=setting.sigma(method.dark))}


def load_network(run: Path, decoder: Decoder | None = None) -> nn.Module:
    """Load the last weights of a run, to be read by a decoder of choice."""
    network = load_checkpoint(run / LAST)[0]
    if decoder is not None and isinstance(network, KeypointNetwork):
        network.decoder = decoder
    return network


def score_run(run: Path, method: Method, setting: Setting, tests: dict[str, Dataset]) -> dict[str, Any]:
    """Score the last weights of a run on every test set by the paper's protocol, and keep the result.

    Args:
        run: folder of a finished run.
        method: that was trained.
        setting: of the study.
        tests: by name.

    Returns:
        Name of the test set -> "own" or "dark" -> the report as JSON values.
    """
    told: dict[str, Any] = {name: {} for name in tests}
    for reading, decoder in readings(method, setting).items():
        network = load_network(run, decoder).to(setting.device)
        model = EveryStage(network, ModelMetadata(size=setting.size, padding=setting.train.padding))
        for name, dataset in tests.items():
            told[name][reading] = evaluate(model, dataset, split=name, progress=False).to_json()
    write_atomically(run / SCORES, (json.dumps(told) + "\n").encode())
    return told


def read_scores(run: Path, tests: dict[str, Dataset]) -> dict[str, Any] | None:
    """Read the scores of a run, None where there are none of these test sets."""
    if not (run / SCORES).exists():
        return None
    told = as_mapping(read_json(run / SCORES, "a run of this study"), str(run / SCORES))
    return told if all(name in told for name in tests) else None
