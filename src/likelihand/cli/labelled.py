"""What the commands that read labelled hands share: the options that name a data set, and opening it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from likelihand.cli.parsing import Namespace, Parser, command_parser

ORDERS: Final = ("own", "rhd", "interhand")
"""Orders of keypoints that have a name."""

if TYPE_CHECKING:
    from likelihand.data.dataset import Dataset, TrainingData


def add_data_options(parser: Parser, name: str) -> None:
    """Add the options of `data_of`; `name` is "--data", or "data" for a positional argument."""
    from likelihand.data.abilities import SampleDataset
    from likelihand.data.dataset import Dataset

    parser.add_argument(
        name,
        type=Dataset | SampleDataset | Path,
        **({"required": True} if name.startswith("-") else {}),
        help="labelled hands: a folder or a file, or a class as class_path and init_args (YAML file or options)",
    )
    parser.add_argument(
        "--where",
        nargs="*",
        default=[],
        metavar="FIELD=VALUE",
        help="use only annotations of a COCO file with this field, e.g. subset=core",
    )
    parser.add_argument(
        "--box",
        choices=["annotation", "keypoints"],
        help="box to use of a COCO or YOLO file: the annotated one, or the tight box of the keypoints",
    )
    parser.add_argument(
        "--images-folder",
        type=Path | None,
        help="folder of the images of a COCO file; by default next to the file",
    )
    parser.add_argument(
        "--keypoint-order",
        nargs="*",
        metavar="PLACE",
        help="position in a COCO file of each of our 21 keypoints (wrist, thumb from palm to tip, ...), or a "
        f"name: {', '.join(ORDERS)}; by default from the file's keypoint names",
    )
    parser.add_argument(
        "--pixel-centre",
        type=float | None,
        metavar="0|0.5",
        help="coordinate of the centre of the first pixel in a COCO or YOLO file",
    )
    parser.add_argument("--split", help="split of a YOLO data set: train, val or test; by default all")


def data_of(arguments: Namespace) -> "Dataset":
    """Open the data set of labelled hands that `--data` and the options beside it describe.

    Raises:
        ValueError: it holds whole pictures.
    """
    from likelihand.data.abilities import SampleDataset

    dataset = opened(arguments)
    if isinstance(dataset, SampleDataset):
        raise ValueError(f"a {type(dataset).__name__} holds whole pictures, for a detector; give labelled hands")
    return dataset


def opened(arguments: Namespace) -> "TrainingData":
    """Open what `--data` and the options beside it describe: labelled hands, or whole pictures for a detector."""
    options = _options(arguments)
    if not isinstance(arguments.data, Path):
        if options:
            name = next(iter(options)).replace("_", "-")
            raise ValueError(f"--{name} goes with a path; a class takes it as --data.init_args")
        return _built(arguments.data)
    if arguments.data.suffix in {".yaml", ".yml"} and arguments.data.is_file():
        from likelihand.data.formats.yolo import is_yolo
        from likelihand.utils.validation import read_yaml

        content = read_yaml(arguments.data, "a YAML file with class_path and init_args")
        if not options and not is_yolo(content):
            return _built(content)
    from likelihand.data.layouts import detect

    return detect(arguments.data, **options)


def _built(description: object) -> "TrainingData":
    """Build a data set of its class_path and init_args."""
    from likelihand.data.abilities import SampleDataset
    from likelihand.data.dataset import Dataset
    from likelihand.utils.validation import as_mapping, as_text

    if not isinstance(description, Namespace):
        fields = as_mapping(description, "the data set's description")
        as_text(fields.get("class_path"), "the data set's class_path")
        as_mapping(fields.get("init_args", {}), "the data set's init_args")
    alone = command_parser("evaluate", "")
    alone.add_argument("--data", type=Dataset | SampleDataset)
    dataset: TrainingData = alone.instantiate(alone.parse_object({"data": description})).data
    try:
        len(dataset)
    except OverflowError as error:
        raise ValueError(f"the data set's count is beyond what a computer can count ({error})") from error
    return dataset


def where_of(arguments: Namespace) -> dict[str, str]:
    """Parse `--where` into fields and values.

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
    """Return what the options say to the reader of a file."""
    options: dict[str, Any] = {"where": where_of(arguments), "keypoint_order": _order(arguments.keypoint_order)}
    for name in ("box", "images_folder", "pixel_centre", "split"):
        options[name] = getattr(arguments, name)
    return {name: value for name, value in options.items() if value not in (None, {})}


def _order(words: list[str] | None) -> tuple[int, ...] | None:
    """Return the order of keypoints that `--keypoint-order` names or lists."""
    if not words:
        return None
    from likelihand.structures import INTERHAND_ORDER, RHD_ORDER

    named = {"own": tuple(range(21)), "rhd": RHD_ORDER, "interhand": INTERHAND_ORDER}
    if len(words) == 1 and words[0].lower() in named:
        return named[words[0].lower()]
    places = " ".join(words).replace(",", " ").split()
    if sorted(places, key=lambda p: (len(p), p)) != [str(i) for i in range(21)]:
        given = " ".join(places)[:80]
        names = ", ".join(ORDERS)
        raise ValueError(f"--keypoint-order {given!r} is neither 0 to 20 in some order nor one of {names}")
    return tuple(map(int, places))
