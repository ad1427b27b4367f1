"""What the commands that read labelled hands share: the options that name a data set, and opening it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from likelihand.cli.parsing import Namespace, Parser, command_parser

if TYPE_CHECKING:
    from likelihand.data.dataset import Dataset


def add_data_options(parser: Parser, name: str) -> None:
    """Add the options of `data_of`.

    Args:
        parser: of the command.
        name: "--data" for an option that must be given, "data" for a positional argument.
    """
    from likelihand.data.dataset import Dataset

    parser.add_argument(
        name,
        type=Dataset | Path,
        **({"required": True} if name.startswith("-") else {}),
        help="labelled hands: folder or file, YAML file or options with class_path and init_args",
    )
    parser.add_argument(
        "--where", nargs="*", default=[], metavar="FIELD=VALUE", help="which hands of a COCO file, as subset=core"
    )
    parser.add_argument(
        "--box",
        choices=["annotation", "keypoints"],
        help="whose box of a COCO file: the file's own, or the tight one of its keypoints",
    )


def data_of(arguments: Namespace) -> "Dataset":
    """Open the data set that `--data`, `--where` and `--box` describe."""
    options = _options(arguments)
    if not isinstance(arguments.data, Path):
        if options:
            raise ValueError(f"--{next(iter(options))} goes with a path; a class takes it as --data.init_args")
        return _built(arguments.data)
    if arguments.data.suffix in {".yaml", ".yml"} and arguments.data.is_file() and not options:
        import yaml

        return _built(yaml.safe_load(arguments.data.read_text(encoding="utf-8")))
    from likelihand.data.check import detect

    try:
        return detect(arguments.data, **options)
    except TypeError as error:
        raise ValueError(f"{arguments.data}: --where and --box are for COCO files alone ({error})") from error


def _built(description: object) -> "Dataset":
    """Build a data set of its class_path and init_args."""
    from likelihand.data.dataset import Dataset

    alone = command_parser("evaluate", "")
    alone.add_argument("--data", type=Dataset)
    dataset: Dataset = alone.instantiate(alone.parse_object({"data": description})).data
    return dataset


def where_of(arguments: Namespace) -> dict[str, str]:
    """Give what `--where` says, field by field.

    Raises:
        ValueError: a part is not FIELD=VALUE.

    Example:
        >>> where_of(Namespace(where=["subset=core"]))
        {'subset': 'core'}
    """
    pairs = [text.partition("=") for text in arguments.where]
    if wrong := [field for field, equals, _ in pairs if not (field and equals)]:
        raise ValueError(f"--where {wrong[0]!r} is not FIELD=VALUE; give say subset=core")
    return {field: value for field, _, value in pairs}


def _options(arguments: Namespace) -> dict[str, Any]:
    """Give what the options say to the reader of a COCO file."""
    where = where_of(arguments)
    return ({"where": where} if where else {}) | ({"box": arguments.box} if arguments.box else {})
