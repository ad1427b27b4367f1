"""What the commands' parsers share."""

from typing import NoReturn

from jsonargparse import ArgumentParser, Namespace

__all__ = ["Namespace", "Parser", "command_parser"]


class Parser(ArgumentParser):
    """A parser whose errors are ValueErrors, for `main` to print on one line."""

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Raise what is wrong with the command line instead of printing the usage."""
        if self.exit_on_error:
            raise ValueError(f"{message} (see {self.prog} --help)") from ex
        super().error(message, ex)


def command_parser(command: str, description: str) -> Parser:
    """Make the parser of one command; it takes no abbreviated option.

    Example:
        >>> command_parser("predict", "").prog
        'likelihand predict'
    """
    return Parser(prog=f"likelihand {command}", description=description, allow_abbrev=False, default_env=False)
