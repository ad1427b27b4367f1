"""The command line: the only place where text becomes objects.

One module a command, each with `parser() -> ArgumentParser` and `run(arguments) -> int` (the exit code); a module
is imported when its command is asked for, and what is heavy is imported inside `run`. To add a command, write
its module and a line in `COMMANDS`.
"""

import errno
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, Final

from likelihand.utils.lazy import how_to_install

COMMANDS: Final[dict[str, str]] = {
    "predict": "find the keypoints of hands in pictures",
    "train": "train a network from a run file",
    "evaluate": "score a model on a labelled data set",
    "robustness": "measure accuracy under bad light, noise, compression and truncation",
    "calibrate": "calibrate a model's uncertainty on labelled hands",
    "audit": "find labels that are likely to be wrong",
    "export": "export a trained network as one ONNX file",
    "triangulate": "reconstruct hands in 3D from films of calibrated cameras",
    "web": "find hands in the browser: photos, films, the webcam",
    "serve": "serve predictions over HTTP and WebSocket, and the browser page",
    "models": "list the bundled models with their metadata",
    "info": "count the parameters and multiply-adds of each part of a network",
    "bench": "measure speed and compare the parts, in one run",
    "study": "reproduce the paper's experiments: stages, losses, methods, wrong labels",
    "data": "check a data set, pack it into shards, or convert it for Ultralytics",
    "synth": "render hands with exact labels",
    "demo": "try the bundled models on the sample pictures and film",
}
"""Command to what it does; `likelihand.cli.<command>` is its module."""

RENAMED: Final[dict[str, str]] = {"--looks": "--tta", "--closer": "--tiles"}
"""Former name of an option to its name."""

_FAULTS: Final[dict[int, str]] = {
    errno.ENOENT: "no such file or folder; check the path",
    errno.EEXIST: "a file has this name; give the name of a folder",
    errno.ENOTDIR: "a part of this path is a file; give a path of folders",
    errno.EISDIR: "this is a folder; give a file",
    errno.EACCES: "permission denied; give another path, or change the permissions",
    errno.EADDRINUSE: "the port is taken by another program; give another, or 0 for any free one, with --port",
    errno.EROFS: "this disk can only be read; give another path",
}
"""What a fault of the operating system means for whoever gave the path, and what helps."""

_LONGEST: Final = 900
"""Characters of an error that are told: a file may hold text of any length."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code: 0 done, 1 partly done, 2 invalid request, 130 interrupted.

    With LIKELIHAND_DEBUG=1 in the environment an error shows its traceback.
    """
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _warn  # type: ignore[assignment]
            return _run(list(sys.argv[1:] if arguments is None else arguments))
    except KeyboardInterrupt:
        return _failed("interrupted", 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (ValueError, OSError, ImportError) as error:
        if os.environ.get("LIKELIHAND_DEBUG"):
            raise
        return _failed(explain(error), 2)


def _run(arguments: list[str]) -> int:
    if not arguments or arguments[0] in {"-h", "--help"}:
        print(_help())
        return 0
    if arguments[0] == "--version":
        from likelihand import __version__

        print(f"likelihand {__version__}")
        return 0
    command, *rest = arguments
    if command not in COMMANDS:
        raise ValueError(f"{command!r} is not a command; choose one of {', '.join(COMMANDS)}")
    module: Any = import_module(f"{__name__}.{command}")
    parser = module.parser()
    _refuse_renamed(rest, parser.format_usage)
    run: Callable[[Any], int] = module.run
    return run(parser.parse_args(rest))


def _refuse_renamed(words: Sequence[str], usage: Callable[[], str]) -> None:
    """Raise a ValueError that names the new option where a renamed one is given."""
    for old in (word.partition("=")[0] for word in words):
        new = RENAMED.get(old)
        if new is not None and new in usage():
            raise ValueError(f"{old} is now called {new}; give {new}")


def _help() -> str:
    rows = "\n".join(f"  {name:<11} {text}" for name, text in COMMANDS.items())
    return (
        "usage: likelihand COMMAND [OPTION...]\n\n"
        "Finds 21 hand keypoints in pictures and says how sure it is of each one.\n\n"
        f"commands:\n{rows}\n\n"
        "options:\n  -h, --help  show this help; of one command: likelihand COMMAND --help\n"
        "  --version   print the version"
    )


def explain(error: Exception) -> str:
    """Put an error on one line; a missing package names the extra that brings it.

    Example:
        >>> explain(ModuleNotFoundError("No module named 'timm'", name="timm"))
        "No module named 'timm'; install it with: pip install 'likelihand[train]'"
        >>> explain(FileExistsError(17, "File exists", "photo.jpg"))
        'photo.jpg: a file has this name; give the name of a folder'
    """
    if isinstance(error, OSError) and error.strerror:
        fault = _FAULTS.get(error.errno or 0, error.strerror)
        return fault if error.filename is None else f"{error.filename}: {fault}"
    text = " ".join(str(error)[:_LONGEST].split()) or type(error).__name__
    if isinstance(error, ModuleNotFoundError) and (help_ := how_to_install(error)):
        return f"{text}; {help_}"
    return text


def _warn(message: Warning | str, *_: object) -> None:
    """Print a warning on one line, without the place in the code."""
    print(f"likelihand: {' '.join(str(message).split())}", file=sys.stderr)


def _failed(message: str, code: int) -> int:
    print(f"likelihand: {message}", file=sys.stderr)
    return code
