"""`likelihand data`: check a data set, pack its hands into few large files, or write it for Ultralytics."""

from pathlib import Path
from typing import Literal

from likelihand.cli.labelled import add_data_options, data_of
from likelihand.cli.parsing import Namespace, Parser, command_parser
from likelihand.utils.files import made_ready


def parser() -> Parser:
    """Describe the options of both actions."""
    p = command_parser("data", "Check a data set, pack its hands into shards, or write it for Ultralytics.")
    actions = p.add_subcommands(dest="action", title="actions", metavar="check | pack | yolo")
    actions.add_subcommand("check", _check_parser(), help="print counts and problems, write a contact sheet")
    actions.add_subcommand("pack", _pack_parser(), help="cut hands out of their photos and write them as shards")
    actions.add_subcommand("yolo", _yolo_parser(), help="write pictures and labels as Ultralytics' pose folders")
    return p


def _check_parser() -> Parser:
    p = command_parser("data check", "Read a data set and report its problems.")
    add_data_options(p, "data")
    p.add_argument("--out", type=Path, default=Path("contact-sheet.png"), help="contact sheet to write")
    p.add_argument(
        "--list",
        type=Path | None,
        help="CSV file to write, with the key and the problem of each hand; for train --leave-out",
    )
    return p


def _pack_parser() -> Parser:
    about = "Cut the hands of a data set out of their photos: shards are smaller and faster to read."
    p = command_parser("data pack", f"{about} Training reads the result with likelihand.data.Shards.")
    add_data_options(p, "data")
    p.add_argument(
        "--room", type=float, default=2.4, help="side of a crop, relative to the longer side of the hand's box"
    )
    p.add_argument("--side", type=int, default=256, help="largest side of a crop in pixels")
    p.add_argument("--quality", type=int, default=90, help="JPEG quality, 1 to 100")
    p.add_argument("--processes", type=int, default=1, help="number of processes")
    p.add_argument("--out", type=Path, required=True, help="output folder; interrupted work is resumed there")
    return p


def _yolo_parser() -> Parser:
    p = command_parser(
        "data yolo", "Write a data set as an Ultralytics pose data set: data.yaml, images and labels."
    )
    add_data_options(p, "data")
    p.add_argument("--out", type=Path, required=True, help="output folder; a split is added to an existing one")
    p.add_argument(
        "--out-split", type=Literal["train", "val", "test"], default="train", help="name of the split to write"
    )
    return p


def run(arguments: Namespace) -> int:
    """Run the action; the exit code is 1 where a check found a problem."""
    if arguments.action == "yolo":
        return _yolo(arguments.yolo)
    return _check(arguments.check) if arguments.action == "check" else _pack(arguments.pack)


def _yolo(arguments: Namespace) -> int:
    from likelihand.data.yolo import write_yolo

    dataset = data_of(arguments)
    print(f"{len(dataset)} hands -> {write_yolo(dataset, arguments.out, arguments.out_split)}")
    return 0


def _check(arguments: Namespace) -> int:
    from likelihand.data.check import check_dataset, write_problems

    dataset = data_of(arguments)
    made_ready(arguments.out, arguments.list)
    report = check_dataset(dataset, arguments.out)
    print(report)
    if arguments.list is not None:
        print(f"{write_problems(arguments.list, report)} problems of hands -> {arguments.list}")
    return 1 if report.problems else 0


def _pack(arguments: Namespace) -> int:
    from likelihand.data.shards import write_shards
    from likelihand.data.wrapped import Cropped

    hands = Cropped(data_of(arguments), arguments.room, arguments.side)
    source = {name: str(getattr(arguments, name)) for name in ("data", "where", "box")}
    describe = {"room": arguments.room, "side": arguments.side, **source}
    write_shards(hands, arguments.out, processes=arguments.processes, quality=arguments.quality, describe=describe)
    print(f"{len(hands)} hands -> {arguments.out}")
    return 0
