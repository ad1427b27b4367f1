"""Put a finished measurement into the documents.

    likelihand robustness --data LABELLED/annotations.json --where subset=core --box keypoints --peer mediapipe \
        --out runs/robustness
    python -m experiments.robustness_page runs/robustness

The tables go into docs/benchmarks/robustness.md and, shortened, into README.md: what stands between
`<!-- robustness -->` and `<!-- /robustness -->` is replaced. Bars and CSV are copied into
docs/benchmarks/robustness. Sentences about the figures, outside the marks, are for a person to read again. The
sheet of examples is not copied: what the documents show must be pictures that may be shown (rendered hands).

    likelihand robustness --data.class_path likelihand.data.Synthetic --data.init_args.count 10 \
        --data.init_args.seed 12 --data.init_args.size 288 --out runs/rendered  # hands 0 and 5 in examples.jpg
"""

import argparse
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from likelihand.utils.files import write_atomically
from likelihand.utils.tables import markdown

MARKS: Final = ("<!-- robustness -->", "<!-- /robustness -->")
PICTURES: Final = ("robustness.csv", "robustness.png")


def replaced(text: str, content: str) -> str:
    """Replace what stands between the marks.

    Raises:
        ValueError: the text has not both marks, in their order.
    """
    before, first, rest = text.partition(MARKS[0])
    _, last, after = rest.partition(MARKS[1])
    if not (first and last):
        raise ValueError(f"the document lacks {' ... '.join(MARKS)}; put them where the table is to stand")
    return f"{before}{first}\n{content.strip()}\n{last}{after}"


def excerpt(rows: Sequence[Mapping[str, Any]]) -> str:
    """Lay out missed hands and median error, tool beside tool."""
    tools, conditions = (list(dict.fromkeys(row[name] for row in rows)) for name in ("tool", "condition"))
    cells = {(row["condition"], row["tool"]): row for row in rows}
    head = ["", *(f"{tool}: {what}" for what in ("missed", "median error") for tool in tools), "said", "true"]
    return markdown(
        head, [_line(condition, [cells[condition, tool] for tool in tools]) for condition in conditions]
    )


def _line(condition: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    missed = [f"{row['missed']} of {row['hands']}" for row in rows]
    medians = ["-" if row["median"] is None else f"{row['median']:.3f}" for row in rows]
    chances = ["-" if rows[0][name] is None else f"{rows[0][name]:.2f}" for name in ("said", "true")]
    return [condition, *missed, *medians, *chances]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("measured", type=Path, help="the folder that `likelihand robustness --out` wrote")
    parser.add_argument("--docs", type=Path, default=Path("docs/benchmarks"))
    parser.add_argument("--readme", type=Path, default=Path("README.md"))
    arguments = parser.parse_args()
    rows = json.loads((arguments.measured / "robustness.json").read_text("utf-8"))["rows"]
    content = (arguments.measured / "robustness.md").read_text("utf-8")
    for file, part in ((arguments.docs / "robustness.md", content), (arguments.readme, excerpt(rows))):
        write_atomically(file, replaced(file.read_text("utf-8"), part).encode())
    folder = arguments.docs / "robustness"
    folder.mkdir(exist_ok=True)
    for name in PICTURES:
        shutil.copyfile(arguments.measured / name, folder / name)


if __name__ == "__main__":
    main()
