"""`likelihand bench`: a table of speeds and ratios, measured in one run."""

from pathlib import Path

from likelihand.cli.parsing import Namespace, Parser, command_parser
from likelihand.cli.plain import DEVICE_HELP


def parser() -> Parser:
    """Describe the command's options."""
    p = command_parser("bench", "Measure speed and compare the parts, in one run.")
    p.add_argument("--backbone", default="resnet50", help="name of a timm backbone")
    p.add_argument("--stages", type=int, default=5, help="stages of the network")
    p.add_argument("--size", type=int, default=256, help="side of the crop in pixels")
    p.add_argument("--batch", type=int, default=8, help="crops in a batch")
    p.add_argument("--threads", type=int, default=1, help="CPU threads")
    p.add_argument("--rounds", type=int, default=7, help="number of measurements, of which the median counts")
    p.add_argument("--device", default="cpu", help=DEVICE_HELP)
    p.add_argument("--quick", action="store_true", help="use three rounds, crops of 128 px and batches of 4")
    p.add_argument("--json", type=Path | None, help="also write the table to this JSON file")
    return p


def run(arguments: Namespace) -> int:
    """Measure and print the table."""
    import json

    from likelihand.evaluation.benchmark import BenchOptions, bench, table, to_json

    values = {k: v for k, v in vars(arguments).items() if k not in {"quick", "json"}}
    if arguments.quick:
        values |= {"rounds": 3, "size": 128, "batch": 4}
    options = BenchOptions(**values)
    rows = bench(options)
    print(table(rows))
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(to_json(options, rows), indent=1) + "\n", encoding="utf-8")
    return 0
