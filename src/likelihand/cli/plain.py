"""A parser of plain values: the command that people wait for must not import what builds objects."""

from argparse import Action, ArgumentDefaultsHelpFormatter, ArgumentParser, ArgumentTypeError, Namespace
from typing import Final, NoReturn

__all__ = ["DEVICE_HELP", "MODEL_HELP", "THREADS_HELP", "Namespace", "PlainParser", "counted", "port"]

DEVICE_HELP: Final = "device: cpu (default), cuda, tensorrt, coreml, directml, or auto for the first that works"
MODEL_HELP: Final = ".onnx file, .safetensors checkpoint or run folder"
THREADS_HELP: Final = "threads of one prediction"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, which takes an s unless there is one.

    Example:
        >>> counted(1, "hand"), counted(0, "picture")
        ('1 hand', '0 pictures')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"


def port(text: str) -> int:
    """Return a port's number.

    Raises:
        ArgumentTypeError: it is none.

    Example:
        >>> port("8750")
        8750
    """
    if not text.isdecimal() or int(text) > 65535:
        raise ArgumentTypeError(f"{text!r} is not a port; give a number from 0 to 65535")
    return int(text)


class _Defaults(ArgumentDefaultsHelpFormatter):
    """Shows the defaults that tell a reader something; None and a flag's False do not."""

    def _get_help_string(self, action: Action) -> str | None:
        if not action.default or action.default is True:
            return action.help
        return super()._get_help_string(action)


class PlainParser(ArgumentParser):
    """A parser whose errors are ValueErrors, for `main` to print on one line; it takes no abbreviated option.

    Args:
        command: of likelihand.
        description: what it does.

    Example:
        >>> PlainParser("predict", "").parse_args(["--tall"])
        Traceback (most recent call last):
        ValueError: unrecognized arguments: --tall (see likelihand predict --help)
    """

    def __init__(self, command: str, description: str) -> None:
        super().__init__(
            prog=f"likelihand {command}",
            description=description,
            allow_abbrev=False,
            formatter_class=_Defaults,
        )

    def error(self, message: str) -> NoReturn:
        """Raise what is wrong with the command line instead of printing the usage."""
        raise ValueError(f"{message} (see {self.prog} --help)")
