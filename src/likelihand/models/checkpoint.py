"""Checkpoints: self-describing safetensors files, written atomically, read without pickle.

The header's metadata holds one entry, `likelihand`: JSON with the format's version, how to rebuild the network,
what the loss was, on what data it was trained and how it scored. Tensors are named by what they belong to:
`network.*`, `loss.*` (the flows) and whatever training keeps beside them; a deployable file holds `network.*`
alone.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar, overload

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from likelihand.geometry import BOX_PADDING
from likelihand.models import DetectionNetwork, KeypointNetwork, Network, from_config
from likelihand.utils.files import write_atomically
from likelihand.utils.validation import shown

N = TypeVar("N", bound=nn.Module)

FORMAT: Final = 1
SMALLEST_HALVED: Final = 40_000
"""Tensors of fewer numbers stay as they are: 1.1 of the bundled model's 7.8 MB, for a seventh of the error."""
_KEY: Final = "likelihand"
_LONGEST_HEADER: Final = 1_000_000
_DEEPEST: Final = 40
_MOST: Final = 1_000_000
_MOST_STEPS: Final = 1e12
"""A loss that changes during training counts its steps."""
_PLAIN: Final = re.compile(r"[\w.+\-]{0,100}")


class CheckpointError(ValueError):
    """A checkpoint that cannot be used; the message says which, why, and how to fix it."""


@dataclass(frozen=True)
class CheckpointInfo:
    """The metadata of a checkpoint.

    Attributes:
        size: (height, width) of the crops the network was trained on.
        network: `network.config()`; None where the network is of a class that only its author can build.
        loss: `loss.config()`; None where the loss is of a class that only its author can build, or the file was
            written before losses described themselves.
        padding: side of the crop over the longer side of the box.
        data: the training and validation data in words.
        training: step, epoch and settings, and all that a resumed run needs beside tensors.
        scores: the report of the validation, None before the first.
        calibration: `likelihand.uncertainty.Calibrations.to_json` of the last stage, None before `calibrate`.
        likelihand: version of the library that wrote it.
        format: version of the file's layout.

    Example:
        >>> CheckpointInfo(size=(256, 256)).format
        1
    """

    size: tuple[int, int]
    network: dict[str, Any] | None = None
    loss: dict[str, Any] | None = None
    padding: float = BOX_PADDING
    data: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    scores: dict[str, Any] | None = None
    calibration: dict[str, Any] | None = None
    likelihand: str = field(default_factory=lambda: version("likelihand"))
    format: int = FORMAT


def config_of(network: nn.Module) -> dict[str, Any] | None:
    """Return `network.config()`, None where the network, or a part of it, is of a class unknown to the library."""
    try:
        return network.config() if isinstance(network, Network) else None
    except ValueError:
        return None


def save_tensors(path: str | Path, tensors: Mapping[str, Tensor], info: CheckpointInfo) -> None:
    """Write tensors, by their full names, with their header of JSON values, atomically."""
    plain = {name: t.detach().to("cpu", copy=True).contiguous() for name, t in tensors.items()}
    header = json.dumps(vars(info), allow_nan=False)
    write_atomically(path, save(plain, metadata={_KEY: header}))


def save_checkpoint(
    path: str | Path,
    network: nn.Module,
    info: CheckpointInfo,
    *,
    loss: nn.Module | None = None,
    half: bool = False,
) -> None:
    """Write a network's weights, and the loss's where one is given.

    Without a loss this is the deployable file: no flows, no optimiser.

    Args:
        path: of the file, ending in .safetensors.
        network: its weights are written; `info.network` is filled in where it is None.
        info: what the file says of itself.
        loss: its parameters, the flows, are written too.
        half: writes large tensors as float16: about half the size, about 3 digits. Those of fewer than 40,000
            numbers, as biases, statistics and depthwise convolutions, stay as they are.

    Example:
        >>> import tempfile
        >>> from likelihand.models import SequentialHeatmapNetwork, TimmBackbone
        >>> network = SequentialHeatmapNetwork(TimmBackbone("resnet18"), stages=1, width=8)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_checkpoint(f"{folder}/a.safetensors", network, CheckpointInfo(size=(64, 64)))
        ...     load_checkpoint(f"{folder}/a.safetensors")[1].size
        (64, 64)
    """
    tensors = {f"network.{name}": t for name, t in network.state_dict().items()}
    tensors |= {f"loss.{name}": t for name, t in (loss.state_dict() if loss else {}).items()}
    if half:
        tensors = {
            name: t.half() if t.is_floating_point() and t.numel() >= SMALLEST_HALVED else t
            for name, t in tensors.items()
        }
    config = info.network if info.network is not None else config_of(network)
    save_tensors(path, tensors, CheckpointInfo(**{**vars(info), "network": config}))


def rewrite_info(path: str | Path, info: CheckpointInfo, out: str | Path | None = None) -> None:
    """Replace the header of a checkpoint, in place or into another file; its tensors are copied byte by byte.

    Raises:
        FileNotFoundError: there is no such file.
        CheckpointError: it is no checkpoint of this library.

    Example:
        >>> import tempfile
        >>> from dataclasses import replace
        >>> file = Path(tempfile.mkdtemp()) / "a.safetensors"
        >>> save_tensors(file, {"loss.x": torch.ones(3)}, CheckpointInfo(size=(64, 64)))
        >>> rewrite_info(file, replace(read_info(file), padding=1.5))
        >>> read_info(file).padding, read_tensors(file)[0]["loss.x"]
        (1.5, tensor([1., 1., 1.]))
    """
    read_info(path)
    content = Path(path).read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    header["__metadata__"][_KEY] = json.dumps(vars(info), allow_nan=False)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    write_atomically(out or path, len(text).to_bytes(8, "little") + text + content[8 + length :])


def read_info(path: str | Path) -> CheckpointInfo:
    """Read the metadata of a checkpoint, without its tensors.

    Raises:
        FileNotFoundError: there is no such file.
        CheckpointError: it is no checkpoint of this library.
    """
    return read_tensors(path, prefix=None)[1]


def read_tensors(path: str | Path, prefix: str | None = "") -> tuple[dict[str, Tensor], CheckpointInfo]:
    """Read the tensors whose names begin with `prefix` (none where None), and the header.

    Raises:
        FileNotFoundError: there is no such file.
        CheckpointError: it is damaged, no safetensors file, or not a checkpoint of this library.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no checkpoint {path}; give a .safetensors file that training wrote")
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            info = _parse(path, (file.metadata() or {}).get(_KEY))
            names = [n for n in file.keys() if prefix is not None and n.startswith(prefix)]  # noqa: SIM118
            return {n: file.get_tensor(n) for n in names}, info
    except (SafetensorError, OSError, RuntimeError, OverflowError, MemoryError) as error:
        reason = " ".join(str(error).split())[:200]
        raise CheckpointError(
            f"{path} is not a whole safetensors file ({reason}); give a checkpoint that likelihand wrote"
        ) from error


def _parse(path: Path, text: str | None) -> CheckpointInfo:
    """Validate the header and return it."""
    if text is None:
        raise CheckpointError(f"{path} has no likelihand header; give a checkpoint that likelihand wrote")
    if len(text) > _LONGEST_HEADER:
        raise CheckpointError(f"{path} has a header of {len(text)} characters; {_LONGEST_HEADER} is the limit")
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"the header of {path} is not JSON; the file is damaged or forged") from error
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        found = values.get("format") if isinstance(values, dict) else None
        raise CheckpointError(
            f"{path} is of format {shown(found)}, this likelihand reads {FORMAT}; use the likelihand that wrote it"
        )
    known = {f.name for f in fields(CheckpointInfo)}
    try:
        if isinstance(values.get("loss"), str):  # words, as files had before losses described themselves
            values["loss"] = None
        info = CheckpointInfo(**{k: v for k, v in values.items() if k in known})
        return _checked(CheckpointInfo(**{**vars(info), "size": tuple(info.size)}))
    except (TypeError, ValueError) as error:
        raise CheckpointError(f"the header of {path} is malformed: {error}") from error


def _checked(info: CheckpointInfo) -> CheckpointInfo:
    """Refuse values of wrong types, and text in the network's description that could name a file or an address."""
    whole = all(isinstance(v, int) and not isinstance(v, bool) and 0 < v <= 8192 for v in info.size)
    if len(info.size) != 2 or not whole:
        raise ValueError(f"size {shown(info.size)} is not (height, width)")
    if isinstance(info.padding, bool) or not isinstance(info.padding, int | float) or not 0 < info.padding < 100:
        raise ValueError(f"padding {shown(info.padding)} is not a number from 0 to 100")
    for name in ("data", "training"):
        if not isinstance(getattr(info, name), dict):
            raise ValueError(f"{name} is not an object")
    for name in ("network", "loss", "scores", "calibration"):
        if not isinstance(getattr(info, name), dict | None):
            raise ValueError(f"{name} is not an object")
    _check_plain(info.network, "network")
    _check_plain(info.loss, "loss", _MOST_STEPS)
    return info


def _check_plain(value: object, part: str, most: float = _MOST, depth: int = 0) -> None:
    if depth > _DEEPEST:
        raise ValueError(f"the {part}'s description is nested over {_DEEPEST} deep")
    if isinstance(value, dict):
        _check_plain([*value.keys(), *value.values()], part, most, depth + 1)
    elif isinstance(value, list):
        for each in value:
            _check_plain(each, part, most, depth + 1)
    elif isinstance(value, str) and not _PLAIN.fullmatch(value):
        raise ValueError(f"the {part}'s description holds {value[:60]!r}, which is not a plain name")
    elif isinstance(value, int | float) and abs(value) > most:
        raise ValueError(f"the {part}'s description holds the number {shown(value)}")


@overload
def load_checkpoint(path: str | Path) -> tuple[KeypointNetwork | DetectionNetwork, CheckpointInfo]: ...
@overload
def load_checkpoint(path: str | Path, network: N) -> tuple[N, CheckpointInfo]: ...
def load_checkpoint(path: str | Path, network: nn.Module | None = None) -> tuple[nn.Module, CheckpointInfo]:
    """Load a network, on the CPU and in evaluation mode, with the checkpoint's metadata.

    Where training kept a moving average of the weights, as in `last.safetensors`, that is what is loaded. The
    network is built from the header by the library's own classes alone; its shapes are compared with the
    file's before memory is spent on it.

    Args:
        path: of the file.
        network: takes the weights; needed where the class is not the library's own.

    Raises:
        FileNotFoundError: there is no such file.
        CheckpointError: the file is no checkpoint, or its tensors do not fit the network.
    """
    tensors, info = read_tensors(path, "average.")
    tensors = tensors or read_tensors(path, "network.")[0]
    state = {name.partition(".")[2]: t for name, t in tensors.items()}
    if network is None:
        network = _build(Path(path), info, state)
    load_state(network, state, f"{path}")
    return network.eval(), info


def _build(path: Path, info: CheckpointInfo, state: Mapping[str, Tensor]) -> KeypointNetwork | DetectionNetwork:
    if info.network is None:
        raise CheckpointError(
            f"{path} does not say how to build its network; build it and call load_checkpoint(path, network)"
        )
    stages = info.network.get("stages")
    if isinstance(stages, int) and stages > len(state):
        raise CheckpointError(f"{path} claims {stages} stages and holds {len(state)} tensors; it is forged")
    try:
        with torch.device("meta"):
            outline = from_config(info.network)
        check_state(outline, state, f"{path}")
        return from_config(info.network)
    except (ValueError, TypeError, RuntimeError, KeyError, AttributeError) as error:
        if isinstance(error, CheckpointError):
            raise
        reason = " ".join(str(error).split())[:200]
        raise CheckpointError(f"the network that {path} describes cannot be built: {reason}") from error


def check_state(module: nn.Module, state: Mapping[str, Tensor], source: str) -> None:
    """Compare names, shapes and kinds of tensors with a module's.

    Raises:
        CheckpointError: they differ; the message names the first difference.
    """
    own = module.state_dict()
    for name in sorted(own.keys() | state.keys()):
        if name not in state:
            raise CheckpointError(f"{source} lacks tensor {name!r}; it belongs to another network or loss")
        if name not in own:
            raise CheckpointError(f"{source} holds {name!r}, unknown here; it belongs to another network or loss")
        if own[name].shape != state[name].shape:
            raise CheckpointError(
                f"{source} holds {name!r} of shape {tuple(state[name].shape)}, expected {tuple(own[name].shape)}; "
                "build the same network or loss as it was trained"
            )
        if own[name].is_floating_point() != state[name].is_floating_point():
            raise CheckpointError(f"{source} holds {name!r} as {state[name].dtype}, expected {own[name].dtype}")


def load_state(module: nn.Module, state: Mapping[str, Tensor], source: str) -> None:
    """Copy tensors into a module after `check_state`.

    Raises:
        CheckpointError: they do not fit.
    """
    check_state(module, state, source)
    module.load_state_dict(dict(state))


def parts_of(state: Mapping[str, Tensor], parts: Sequence[str] | None, source: str) -> dict[str, Tensor]:
    """Keep the tensors of some parts of a network; all where `parts` is None.

    Raises:
        CheckpointError: there is no such part.

    Example:
        >>> parts_of({"backbone.weight": torch.ones(1), "stages.0.bias": torch.ones(1)}, ["backbone"], "a").keys()
        dict_keys(['backbone.weight'])
    """
    known = sorted({name.partition(".")[0] for name in state})
    if unknown := sorted(set(parts or ()) - set(known)):
        raise CheckpointError(f"{source} has no part {unknown[0]!r}; its parts are {', '.join(known)}")
    return {name: t for name, t in state.items() if parts is None or name.partition(".")[0] in parts}


class Started(NamedTuple):
    """What a training took from the checkpoint it starts from.

    Attributes:
        loss: whether the loss took weights too.
        fresh: parts of the network that the checkpoint lacks, which keep their fresh weights.
    """

    loss: bool
    fresh: tuple[str, ...]


def start_from(
    path: str | Path, network: nn.Module, loss: nn.Module, parts: Sequence[str] | None = None
) -> Started:
    """Put a checkpoint's weights into a network to train further, and into its loss where they fit.

    Args:
        path: of the checkpoint; its network has the architecture of this one, which may have further parts. Its
            depths, which no loss trains, are left behind where this one has none.
        network: takes the weights.
        loss: takes its weights (the flows) where the checkpoint has them, of the same names and shapes.
        parts: of the network that are taken, as ("backbone",), which may go on to a larger stride in the
            checkpoint; all, and the loss's weights, where None.

    Raises:
        FileNotFoundError: there is no such file.
        CheckpointError: the file is no checkpoint, its tensors do not fit the network, or it lacks a part.
    """
    state = {name.removeprefix("network."): t for name, t in read_tensors(path, "network.")[0].items()}
    state, own = parts_of(state, parts, str(path)), network.state_dict()
    if parts is not None:  # a backbone that ends at an earlier map has fewer blocks
        state = {n: t for n, t in state.items() if n[:9] != "backbone." or n in own}
    state = {name: t for name, t in state.items() if name[:6] != "depth." or name in own}
    known = {name.partition(".")[0] for name in state}
    fresh = {name: t for name, t in own.items() if name.partition(".")[0] not in known}
    load_state(network, state | fresh, str(path))
    if parts is not None:
        return Started(False, tuple(sorted({name.partition(".")[0] for name in fresh})))
    tensors = {name.removeprefix("loss."): t for name, t in read_tensors(path, "loss.")[0].items()}
    shapes = {name: t.shape for name, t in loss.state_dict().items()}
    fits = bool(shapes) and shapes == {name: t.shape for name, t in tensors.items()}
    if fits:
        load_state(loss, tensors, str(path))
    return Started(fits, tuple(sorted({name.partition(".")[0] for name in fresh})))
