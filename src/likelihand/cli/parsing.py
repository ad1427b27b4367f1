"""What the commands' parsers share."""

from typing import NoReturn

from jsonargparse import ArgumentParser, Namespace

__all__ = ["Namespace", "Parser"]


class Parser(ArgumentParser):
    """A parser that takes no abbreviated option and whose errors are ValueErrors, for `main` to print."""

    def __init__(self, command: str, description: str) -> None:
        super().__init__(
            prog=f"likelihand {command}", description=description, allow_abbrev=False, default_env=False
        )

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Raise what is wrong with the command line instead of printing the usage."""
        raise ValueError(f"{message} (see {self.prog} --help)") from ex
