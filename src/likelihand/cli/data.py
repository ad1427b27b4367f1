"""`likelihand data check`: read a data set, print what it holds and what is wrong, write a contact sheet."""

from pathlib import Path

from likelihand.cli.parsing import Namespace, Parser, command_parser


def parser() -> Parser:
    """Describe the command's options."""
    p = command_parser("data", "Read a data set and report what is wrong with it.")
    p.add_argument("action", metavar="check", help="check: counts, problems and a contact sheet with overlays")
    p.add_argument("path", type=Path, help="folder or file in a layout that likelihand reads")
    p.add_argument("--out", type=Path, default=Path("contact-sheet.png"), help="the contact sheet to write")
    return p


def run(arguments: Namespace) -> int:
    """Check the data set; the exit code is 1 where a problem was found."""
    from likelihand.data.check import check_dataset, detect

    if arguments.action != "check":
        raise ValueError(f"data {arguments.action!r} is not known; give: likelihand data check PATH")
    report = check_dataset(detect(arguments.path), arguments.out)
    print(report)
    return 1 if report.problems else 0
