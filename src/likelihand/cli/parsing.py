"""What the commands' parsers share."""

import re
from argparse import Action
from typing import Any, Final, NoReturn

from jsonargparse import ArgumentParser, DefaultHelpFormatter, Namespace

__all__ = ["BUNDLED", "Extend", "Namespace", "Parser", "as_list", "command_parser"]


BUNDLED: Final = "bundled"
"""What stands for the bundled model where a path is wanted."""

_PLAIN: Final = frozenset({"Path", "<class 'Path'>", "str", "int", "float", "bool", "null"})
"""Types that the name of an option and its help tell already."""


_SUBCLASSES: Final = re.compile(r", known subclasses: [^)]*")
"""What jsonargparse adds: of a PyTorch module hundreds of names, hardly one of which fits."""


class _Defaults(DefaultHelpFormatter):
    """Shows the types and defaults that tell a reader something, as `PlainParser` does."""

    def _get_help_string(self, action: Action) -> str:
        text = super()._get_help_string(action)
        if set((self._get_type_str(action) or "null").split(" | ")) <= _PLAIN:
            text = text.replace("type: %(type)s, ", "").replace("type: %(type)s", "")
        if action.default is None or action.default is False or action.default == []:
            text = text.replace(", default: %(default)s", "").replace("default: %(default)s", "")
        text = _SUBCLASSES.sub("", text)
        return text.replace("(required, )", "(required)").removesuffix(" ()")


class Parser(ArgumentParser):
    """A parser whose errors are ValueErrors, for `main` to print on one line."""

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Raise what is wrong with the command line instead of printing the usage."""
        if self.exit_on_error:
            raise ValueError(f"{_reason(message)} (see {self.prog} --help)") from ex
        super().error(message, ex)

    def parse_path(self, path: Any, *arguments: Any, **options: Any) -> Namespace:  # noqa: ANN401
        """Read a run file; a file of another kind is an error that names it."""
        try:
            parsed: Namespace = super().parse_path(path, *arguments, **options)
        except UnicodeDecodeError as error:
            raise ValueError(f"{path} is not text: expected a run file in YAML") from error
        return parsed

    def instantiate(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401
        """Build the classes that are named; a value that one of them cannot take is an error in one line."""
        try:
            return super().instantiate(*arguments, **options)
        except (TypeError, AttributeError, OverflowError) as error:
            raise ValueError(f"a class of the run file cannot take its init_args: {error}") from error
        except ValueError as error:
            raise ValueError(_reason(str(error))) from error


def _reason(message: str) -> str:
    """Return why a class cannot be built, out of what jsonargparse says of every type that it might have been."""
    if "Union subtypes" not in message:
        return message
    reasons = re.findall(r"^\s*- (.*(?:\n(?!\s*- |Given value).*)*)", message, re.MULTILINE)
    told = "; ".join(reason for reason in reasons if "does not implement protocol" not in reason)
    return message.partition("Does not validate")[0] + told if told else message


def command_parser(command: str, description: str) -> Parser:
    """Make the parser of one command; it takes no abbreviated option."""
    return Parser(
        prog=f"likelihand {command}",
        description=description,
        allow_abbrev=False,
        default_env=False,
        formatter_class=_Defaults,
    )


class Extend(Action):
    """Takes an option that may be repeated, also on top of what a run file lists, be it one word or several."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option: str | None = None) -> None:  # noqa: ANN401
        """Add the words of one occurrence."""
        setattr(namespace, self.dest, [*as_list(getattr(namespace, self.dest, None)), *as_list(values)])


def as_list(words: Any) -> list[str]:  # noqa: ANN401
    """Return words as a list; a run file may give one without the brackets.

    Example:
        >>> as_list("a.csv"), as_list(["a.csv", "b.csv"]), as_list(None)
        (['a.csv'], ['a.csv', 'b.csv'], [])
    """
    if words is None:
        return []
    return [str(word) for word in (words if isinstance(words, list) else [words])]
