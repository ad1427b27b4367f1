"""Bulk runs of `likelihand predict`: `--engine ray`."""

import sys
from typing import TYPE_CHECKING, Final

from likelihand.cli.plain import Namespace, PlainParser

if TYPE_CHECKING:
    from likelihand.apps.bulk import BulkSettings, Done

ENGINES: Final = ("ray",)
_OWN: Final = ("address", "workers", "worker_gpus", "chunk", "column")
_OTHERS: Final = ("boxes", "camera", "show", "osc", "unmirror", "fit")
"""Options of pictures and films one by one, which a bulk run does not have."""


def add_options(p: PlainParser) -> None:
    """Describe the options of bulk runs."""
    bulk = p.add_argument_group(
        "bulk runs", "millions of pictures, resumable, results as Parquet; see docs/how-to/bulk.md"
    )
    bulk.add_argument("--engine", choices=ENGINES, help="ray: run many workers, on this machine or on a cluster")
    bulk.add_argument("--address", help="address of a Ray cluster, or auto (default: start Ray on this machine)")
    bulk.add_argument("--workers", type=int, help="number of workers (default: as many as the CPUs allow)")
    bulk.add_argument("--worker-gpus", type=float, help="GPUs per worker, e.g. 0.25 (default: none)")
    bulk.add_argument("--chunk", type=int, help="pictures per task and per output file (default: 256)")
    bulk.add_argument("--column", help="Parquet column with pictures or paths (default: the only suitable one)")


def check_absent(arguments: Namespace) -> None:
    """Refuse what only bulk runs understand.

    Raises:
        ValueError: such an option is given.
    """
    for name in _OWN:
        if getattr(arguments, name) is not None:
            raise ValueError(f"--{name.replace('_', '-')} needs --engine ray; add it")
    if isinstance(arguments.out, str):
        raise ValueError(f"--out {arguments.out} is not a local folder; add --engine ray")


def run(arguments: Namespace) -> int:
    """Process every input and report: 0 done, 1 where inputs failed or are missing, 2 where all failed."""
    from likelihand.apps.bulk import predict_bulk
    from likelihand.apps.bulk.engine import LENGTH

    _check(arguments)
    done = predict_bulk(
        arguments.sources,
        str(arguments.out),
        _settings(arguments),
        address=arguments.address,
        workers=arguments.workers,
        gpus=arguments.worker_gpus or 0.0,
        length=arguments.chunk or LENGTH,
    )
    _tell(done, str(arguments.out))
    if done.missing or done.failed:
        return 1
    return 2 if done.found.problems else 0


def _check(arguments: Namespace) -> None:
    from likelihand.utils.validation import check_least

    for name in _OTHERS:
        if getattr(arguments, name) not in (None, False):
            raise ValueError(f"--{name} cannot be used with --engine ray; leave one of them out")
    if arguments.format != "jsonl":
        raise ValueError(
            f"--format {arguments.format} cannot be used with --engine ray, which writes Parquet; leave it out"
        )
    for name, least in (("workers", 1), ("chunk", 1), ("worker_gpus", 0), ("threads", 1)):
        check_least(f"--{name.replace('_', '-')}", getattr(arguments, name), least)


def _settings(arguments: Namespace) -> "BulkSettings":
    from likelihand.apps.bulk import BulkSettings

    same = ("runtime", "device", "batch_size", "crop", "tiles", "passes", "tta", "beyond")
    more = ("calibration", "mirrored", "detect_every", "longest_gap", "smoothing", "column")
    return BulkSettings(
        model=None if arguments.model is None else str(arguments.model.absolute()),
        threads=arguments.threads or 1,
        **{name: getattr(arguments, name) for name in (*same, *more)},
    )


def _tell(done: "Done", out: str) -> None:
    for problem in done.found.problems:
        print(f"likelihand: {problem}", file=sys.stderr)
    if done.found.passed_over:
        told = ", ".join(f"{count} {ending}" for ending, count in done.found.passed_over.most_common(5))
        print(f"passed over as neither picture nor film: {told}", file=sys.stderr)
    failed = f"; {done.failed} failed, see the column error" if done.failed else ""
    missing = f"; {done.missing} chunks are missing, repeat the command" if done.missing else ""
    told = f"{done.new} new inputs; {done.hands} hands in {done.pictures} pictures and films -> {out}"
    print(f"{told}{failed}{missing}", file=sys.stderr)
