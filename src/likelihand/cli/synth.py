"""`likelihand synth`: render hands with exact labels, as COCO JSON, as shards for training, or as a sheet."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from likelihand.cli.parsing import Namespace, Parser, command_parser

if TYPE_CHECKING:
    from likelihand.data.rendered import Recipe


def parser() -> Parser:
    """Describe the command's options."""
    from likelihand.synth.options import SynthOptions

    p = command_parser("synth", "Render hands with exact labels; interrupted work is resumed.")
    p.add_argument("--count", type=int, default=1000, help="number of pictures")
    p.add_argument("--out", type=Path | None, help="output folder of the pictures and annotations.json")
    p.add_argument("--size", type=int, default=160, help="side of the pictures in pixels")
    p.add_argument("--seed", type=int, default=0, help="random seed")
    p.add_argument("--processes", type=int, default=1, help="number of processes")
    p.add_argument("--scenes", action="store_true", help="render whole pictures with up to four hands")
    p.add_argument("--backgrounds", type=Path | None, help="folder of background photos, without hands")
    p.add_argument("--shards", action="store_true", help="write shards for training instead of COCO JSON")
    p.add_argument(
        "--preview",
        type=Path | None,
        help="write a contact sheet of 64 pictures to this file, and one without labels",
    )
    p.add_class_arguments(SynthOptions, "options")
    return p


def run(arguments: Namespace) -> int:
    """Render and say where the results are."""
    from likelihand.data.rendered import Recipe, preview, write_coco
    from likelihand.synth.compiled import is_compiled

    if arguments.out is None and arguments.preview is None:
        raise ValueError("nothing to write; give --out FOLDER, --preview SHEET.png, or both")
    if arguments.shards and arguments.scenes:
        raise ValueError("--shards holds crops of one hand; leave --scenes out, or write COCO JSON")
    if not is_compiled():
        print("compiling the renderer, once: this takes about half a minute of a processor", file=sys.stderr)
    arguments = parser().instantiate(arguments)
    backgrounds = None if arguments.backgrounds is None else str(arguments.backgrounds)
    recipe = Recipe(arguments.seed, arguments.size, arguments.scenes, backgrounds, arguments.options)
    if arguments.preview is not None:
        print(*preview(arguments.preview, recipe), sep="\n")
    if arguments.out is not None:
        if arguments.shards:
            print(_shards(arguments.out, arguments.count, recipe, arguments.processes))
        else:
            print(write_coco(arguments.count, arguments.out, recipe, processes=arguments.processes))
    return 0


def _shards(out: Path, count: int, recipe: "Recipe", processes: int) -> Path:
    from likelihand.data.rendered import Synthetic
    from likelihand.data.shards import write_shards

    hands = Synthetic(count, recipe.seed, recipe.size, recipe.backgrounds, recipe.options)
    return write_shards(hands, out, processes=processes, describe={"count": count, **asdict(recipe)})
